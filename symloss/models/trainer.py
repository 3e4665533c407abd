"""What trains a model: the one interface between training and models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symloss.compile.program import ProgramBatch
from symloss.errors import DataError
from symloss.models.memory_need import MemoryNeed
from symloss.models.model import Model
from symloss.tasks.part import Part

if TYPE_CHECKING:
    from torch import Tensor

    from symloss.tasks.task import Task

Numbers = NDArray[np.float64]
Scores: TypeAlias = "NDArray[np.float32] | Tensor"


class StepSettings(Protocol):
    """What a model needs to know of a step; `symloss.training.TrainingSettings` is one."""

    @property
    def learning_rate(self) -> float:
        """The rate of the optimizer, for members without one of their own."""
        ...

    @property
    def l2(self) -> float:
        """So many times each parameter is added to its clipped gradient; for members without their own."""
        ...

    @property
    def batch_size(self) -> int:
        """Interactions a step."""
        ...

    @property
    def gradient_clip(self) -> float:
        """Each element of a gradient is clipped to [-gradient_clip, gradient_clip]."""
        ...

    @property
    def optimizer(self) -> str:
        """The optimizer: "sgd" or "adam"."""
        ...

    @property
    def device(self) -> str:
        """Where to train: "cpu", "torch-cpu", or what torch calls a device."""
        ...


class Trainer(Protocol):
    """Trains populations of one model on one task: one state a member, all apart from the trainer.

    A state belongs to the kind of trainer that made it; others pass it around without looking inside. The numbers of a
    member do not depend on who else is in the call, nor on the number of threads.

    Attributes:
        model, task, settings: what is trained, on what, and how; the device is in the settings.
    """

    model: Model
    task: Task
    settings: StepSettings

    def __init__(self, model: Model, task: Task, settings: StepSettings) -> None:
        """Bind a trainer to what it does not refuse."""
        ...

    @classmethod
    def refuses(cls, model: Model, task: Task, settings: StepSettings) -> str | None:
        """Return why this trainer can't train the model on the task, a whole sentence; None where it can."""
        ...

    def group_size(self, members: int, threads: int) -> int:
        """Return how many of `members` to pass to one `epoch`, with up to `threads` calls at a time."""
        ...

    def memory(self, instructions: int) -> MemoryNeed:
        """Return what training takes where the longest loss program has so many instructions."""
        ...

    @property
    def compiled(self) -> bool:
        """Whether all code that training runs is there: on disk, or in this process. True where nothing is compiled."""
        ...

    def compile(self) -> bool:
        """Compile what is not on disk yet; return whether there was anything to do.

        `symloss.training.kernel_cache` calls it in a child process, so that all numbers come from cached code.
        """
        ...

    def start(self, seed: int) -> Any:
        """Return a fresh state, a function of task, settings and seed alone."""
        ...

    def copy(self, state: Any) -> Any:
        """Return an independent copy of a state, which shares no memory with others."""
        ...

    def epoch(
        self,
        states: Sequence[Any],
        losses: ProgramBatch,
        orders: Sequence[NDArray[np.int32]],
        noise: Sequence[int],
        rates: Numbers,
        l2s: Numbers,
    ) -> list[float]:
        """Train each state in place, for one epoch over the task's train part, with its own loss.

        Args:
            states: K states of this trainer, all distinct objects.
            losses: K losses.
            orders: K permutations of the training rows.
            noise: K seeds of whatever else is random in the epoch (dropout).
            rates: K learning rates.
            l2s: K factors of which so many times each parameter is added to its clipped gradient, rate * l2 < 1.

        Returns:
            K mean losses over the epoch; NaN or infinite where a loss or weight became so. Such a state is of no
            further use.
        """
        ...

    def scores(self, states: Sequence[Any], part: Part) -> Scores:
        """Return the raw scores of a part by each state, shape (K, rows): an array, or a tensor on the device."""
        ...

    def to_host(self, state: Any) -> Any:
        """Return a state that takes no memory of the device; `scores` and `save` take it too."""
        ...

    def parameters(self, state: Any) -> dict[str, NDArray[np.float32]]:
        """Return what is trained of a state on the host, by name, in a fixed order.

        The arrays share the state's memory: who writes into them changes the state. The biases of the rows of a matrix
        "NAME_embedding" are called "NAME_bias".
        """
        ...

    def save(self, state: Any) -> dict[str, Any]:
        """Return a state as plain data: numbers, arrays, and lists and dictionaries of them, as copies on the host."""
        ...

    def load(self, saved: dict[str, Any]) -> Any:
        """Return the state that `save` was given.

        Raises:
            RunError: it is not one of this model on this task; the message says what differs.
        """
        ...


def check_indices(users: NDArray[np.int32], items: NDArray[np.int32], n_users: int, n_items: int) -> None:
    """Check that a state has rows for all users and items: kernels do not look.

    Raises:
        DataError: it has not.
    """
    for kind, indices, size in (("user", users, n_users), ("item", items, n_items)):
        if len(indices) and not 0 <= indices.min() <= indices.max() < size:
            wrong = indices.max() if indices.max() >= size else indices.min()
            raise DataError(
                f"{kind} index {wrong} does not fit a state of {size} {kind}s; "
                "train on the data set that the state was made for"
            )


def no_ratings(task: Task) -> str | None:
    """Return why a task does not consist of ratings: pairs of a user and an item with a label; None where it does."""
    inputs = task.train.inputs
    if not {"users", "items"} <= set(task.sizes) or len(inputs) != 2:
        return f"it takes pairs of a user and an item, and {task.name} is made of something else"
    for name, column in zip(("users", "items"), inputs, strict=True):
        if column.dtype != np.int32 or column.ndim != 1:
            return (
                f"it takes {name} as int32, and those of {task.name} are {column.dtype} of {column.ndim} axes"
            )
    return None


def no_plain_steps(settings: StepSettings) -> str | None:
    """Return why steps can't be made by one rate and one L2 factor, by SGD or Adam; None where they can."""
    if settings.optimizer not in ("sgd", "adam"):
        return f"its optimizers are sgd and adam, not {settings.optimizer}"
    numbers: dict[str, Any] = {"learning rate": settings.learning_rate, "L2 factor": settings.l2}
    for name, value in numbers.items():
        if not isinstance(value, int | float):
            return f"it has one {name} for all parameters, and the settings have one for each group"
    return None
