"""A model: how its module is made, and which accelerations know it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from symloss.errors import ModelError

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
        digest: of the text of a user's file; empty for models of a package. A run goes on only with the same.
    """

    name: str
    build: Build
    groups: Groups | None = None
    accelerations: tuple[str, ...] = ()
    digest: str = ""

    def group_of(self, module: nn.Module) -> dict[str, int]:
        """Return the number of the group that each parameter of a module is in, by name.

        Raises:
            ModelError: a parameter is in no group or in two.
        """
        named = dict(module.named_parameters())
        if self.groups is None:
            children = list(dict.fromkeys(name.split(".")[0] for name in named))
            return {name: children.index(name.split(".")[0]) for name in named}
        number: dict[int, int] = {}
        for place, (group, parameters) in enumerate(self.groups(module).items()):
            for parameter in parameters:
                if id(parameter) in number:
                    raise ModelError(
                        f"model {self.name}: a parameter of group {group} is in another group too"
                    )
                number[id(parameter)] = place
        missing = [name for name, parameter in named.items() if id(parameter) not in number]
        if missing:
            raise ModelError(
                f"model {self.name}: groups leaves out {', '.join(missing[:5])}; every parameter needs one"
            )
        return {name: number[id(parameter)] for name, parameter in named.items()}
