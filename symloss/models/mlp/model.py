"""The multilayer perceptron as a model: how its module is made, and what trains it fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symloss.models.rating_model import RatingModel

if TYPE_CHECKING:
    from torch import nn

    from symloss.tasks.task import Task


def build(task: Task, seed: int) -> nn.Module:
    """Return 128 -> 64 -> 16 -> 1 on both embeddings as a module, with the start of the kernels."""
    # torch is for those who ask for a module.
    from symloss.models.mlp import module

    return module.build(task, seed)


MLP = RatingModel(
    name="mlp",
    build=build,
    accelerations=("symloss.models.mlp.trainer:FusedMLP", "symloss.models.mlp.device:DeviceMLP"),
)
