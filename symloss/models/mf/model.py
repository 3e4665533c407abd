"""Matrix factorisation as a model: how its module is made, and what trains it fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symloss.models.rating_model import RatingModel

if TYPE_CHECKING:
    from torch import nn

    from symloss.tasks.task import Task


def build(task: Task, seed: int) -> nn.Module:
    """Return score = <u, i> + b_u + b_i + b as a module, with the start that the kernels draw from the seed."""
    # torch is for those who ask for a module.
    from symloss.models.mf import module

    return module.build(task, seed)


MF = RatingModel(
    name="mf",
    build=build,
    accelerations=("symloss.models.mf.trainer:FusedMF", "symloss.models.mf.device:DeviceMF"),
)
