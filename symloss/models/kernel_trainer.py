"""What trainers with a fused kernel for the CPU have in common.

One member a core, a whole epoch a call, without the GIL.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from symloss.compile.program import Program, ProgramBatch
from symloss.models.memory_need import MemoryNeed
from symloss.models.model import Model
from symloss.models.trainer import Numbers, StepSettings, check_indices, no_plain_steps, no_ratings
from symloss.ops.opcode import Opcode
from symloss.tasks.part import Part

if TYPE_CHECKING:
    from symloss.tasks.task import Task

State = TypeVar("State")


class KernelTrainer(ABC, Generic[State]):
    """Trains ratings on the CPU; Numba is imported where a kernel is called, so that a refusal costs nothing."""

    host_state: ClassVar[type]
    """The type of the states, which lie on the host."""

    def __init__(self, model: Model, task: Task, settings: StepSettings) -> None:
        """Bind a trainer that does not refuse."""
        self.model, self.task, self.settings = model, task, settings

    @classmethod
    @abstractmethod
    def knows(cls, model: Model) -> bool:
        """Return whether the kernel is one of this model."""

    @classmethod
    def refuses(cls, model: Model, task: Task, settings: StepSettings) -> str | None:
        """Return why not to train by the kernel; see `Trainer.refuses`."""
        if not cls.knows(model):
            return f"{cls.__name__} has no kernel of the model {model.name}"
        if settings.device != "cpu":
            return f"{cls.__name__} runs on device cpu, not on {settings.device}"
        why = no_plain_steps(settings) or no_ratings(task)
        return None if why is None else f"{cls.__name__} can't train {model.name}: {why}"

    @property
    def whose(self) -> str:
        """The model and the task, for errors."""
        return f"{self.model.name} on {self.task.name}"

    def group_size(self, members: int, threads: int) -> int:
        """Return 1: a member's parameters stay in the cache of its core."""
        return 1

    @abstractmethod
    def memory(self, instructions: int) -> MemoryNeed:
        """Return what training takes; `instructions` is the length of the longest program."""

    @property
    def compiled(self) -> bool:
        """Whether the kernels are on disk, or in this process."""
        from symloss.compile.cpu.jit import has_code

        return all(map(has_code, self._kernels()))

    @abstractmethod
    def _kernels(self) -> Sequence[Callable[..., Any]]:
        """Return the functions that training and scoring call."""

    def compile(self) -> bool:
        """Compile by a step of one batch of the task; return whether there was anything to do."""
        if self.compiled:
            return False
        opcodes, slots = np.array([Opcode.SUBTRACT], np.int32), np.array([0], np.int32)
        program = Program(opcodes, slots, slots + np.int32(1), np.empty(0))
        order = np.arange(min(len(self.task.train), self.settings.batch_size), dtype=np.int32)
        state = self.start(0)
        self.epoch([state], ProgramBatch.pack([program], [1e-6]), [order], [0], np.full(1, 1e-3), np.zeros(1))
        self.scores([state], self.task.train)
        return True

    @abstractmethod
    def start(self, seed: int) -> State:
        """Draw the start."""

    @abstractmethod
    def copy(self, state: State) -> State:
        """Return an independent copy."""

    @abstractmethod
    def epoch(
        self,
        states: Sequence[State],
        losses: ProgramBatch,
        orders: Sequence[NDArray[np.int32]],
        noise: Sequence[int],
        rates: Numbers,
        l2s: Numbers,
    ) -> list[float]:
        """Train one epoch; see `Trainer.epoch`."""

    def scores(self, states: Sequence[State], part: Part) -> NDArray[np.float32]:
        """Return the raw scores of a part by K states, shape (K, rows).

        Raises:
            DataError: a user or item has no row in a state.
        """
        users, items = part.inputs
        found = np.empty((len(states), len(part)), np.float32)
        for state, row in zip(states, found, strict=True):
            self._check(state, users, items)
            self._score(state, users, items, row)
        return found

    def _check(self, state: State, users: NDArray[np.int32], items: NDArray[np.int32]) -> None:
        """Check that a state has rows for all users and items.

        Raises:
            DataError: it has not.
        """
        check_indices(users, items, *self.sizes_of(state))

    @classmethod
    @abstractmethod
    def sizes_of(cls, state: State) -> tuple[int, int]:
        """Return for how many users and items a state has rows."""

    @classmethod
    def device_of(cls, state: State) -> str:
        """Return the device of a state, as settings name it."""
        return "cpu"

    @abstractmethod
    def _score(
        self, state: State, users: NDArray[np.int32], items: NDArray[np.int32], out: NDArray[np.float32]
    ) -> None:
        """Write the raw scores of n pairs to `out`, shape (n,)."""

    def to_host(self, state: State) -> State:
        """Return the state itself: it is there."""
        return state

    @abstractmethod
    def parameters(self, state: State) -> dict[str, NDArray[np.float32]]:
        """Return what is trained, by name; see `Trainer.parameters`."""

    @abstractmethod
    def save(self, state: State) -> dict[str, Any]:
        """Return a state as plain data."""

    @abstractmethod
    def load(self, saved: dict[str, Any]) -> State:
        """Return the state that `save` was given.

        Raises:
            RunError: it is not one of this model on this task.
        """

    @property
    def _users_and_items(self) -> tuple[int, int]:
        sizes = self.task.sizes
        return sizes["users"], sizes["items"]
