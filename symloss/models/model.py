"""A model: how its module is made, and which accelerations know it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from symloss.tasks.task import Task

Build = Callable[["Task", int], "nn.Module"]
"""build(task, seed): the module, drawn by the seed alone. It is called with the inputs of a part, as tensors of one
batch (long for indices), and returns one score a row, shape (rows,)."""

Groups = Callable[["nn.Module"], Mapping[str, Iterable["nn.Parameter"]]]


@dataclass(frozen=True)
class Model:
    """A scoring model of the rows of a task.

    Attributes:
        name: what options and reports call it: "mf", or "two_tower.py:build" for one of a user's own.
        build: makes its module; see `Build`.
        groups: parameters by the name of their layer; None for one group a child of the module.
        accelerations: trainers that know this model by heart, as "package.module:Class", the first that does not refuse
            trains; where all do, `symloss.models.generic_torch.GenericTorch` trains the module itself.
    """

    name: str
    build: Build
    groups: Groups | None = None
    accelerations: tuple[str, ...] = ()
