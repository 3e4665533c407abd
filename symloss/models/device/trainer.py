"""What trainers on a torch device have in common: states with places in populations, and steps that are kept."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symloss.compile.program import ProgramBatch
from symloss.models.device import saved as device_saved
from symloss.models.device.epoch import Epoch
from symloss.models.device.population import Population, TorchState, together
from symloss.models.device.single_thread import running
from symloss.models.device.torch_device import TORCH_CPU, torch_device
from symloss.models.kernel_trainer import KernelTrainer
from symloss.models.memory_need import MemoryNeed
from symloss.models.model import Model
from symloss.models.trainer import Numbers, Scores, StepSettings, check_indices, no_plain_steps, no_ratings
from symloss.tasks.part import Part
from symloss.tasks.task import Task

_COPIES = 3
"""Of the parameters: those trained, the best ones, and those on the move."""


class DeviceTrainer(ABC):
    """Trains ratings on any torch device, all members of a population in every step.

    On the CPU a call runs on one core. Sums are taken in the same order each
    time, on every device; a population's size shows in roundings at most. States
    that were brought to the host are the kernel's, and its trainer takes care of them.
    """

    epoch_type: ClassVar[type[Epoch]]
    kernel_type: ClassVar[type[KernelTrainer[Any]]]

    def __init__(self, model: Model, task: Task, settings: StepSettings) -> None:
        """Bind a trainer that does not refuse.

        Raises:
            OptionError: torch does not know or can't use the device.
        """
        self.model, self.task, self.settings = model, task, settings
        self.device = torch_device(settings.device)
        self.on_host = self.kernel_type(model, task, settings)
        # Steps as recorded for the population that a thread trains.
        self._latest = _Latest()

    @classmethod
    def refuses(cls, model: Model, task: Task, settings: StepSettings) -> str | None:
        """Return why not to train on a device; see `Trainer.refuses`."""
        if not cls.kernel_type.knows(model):
            return f"{cls.__name__} has no steps of the model {model.name}"
        if settings.device == "cpu":
            return f"{cls.__name__} runs on torch devices; the one on the CPU is called {TORCH_CPU}"
        why = no_plain_steps(settings) or no_ratings(task)
        return None if why is None else f"{cls.__name__} can't train {model.name}: {why}"

    @abstractmethod
    def to_device(self, state: Any) -> TorchState:
        """Put the parameters of a state on the host on the device."""

    @abstractmethod
    def _to_host(self, state: TorchState) -> Any:
        """Return a copy as a state of the kernel, without what Adam remembers."""

    @abstractmethod
    def _score(self, population: Population, users: Tensor, items: Tensor, places: Sequence[int]) -> Tensor:
        """Return the raw scores of n pairs by the members at m places, shape (m, n)."""

    @property
    @abstractmethod
    def shapes(self) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
        """The shapes of what is trained and of the statistics, of one member."""

    def group_size(self, members: int, threads: int) -> int:
        """Return an equal share for each core, or all members on a device (memory may set a limit)."""
        return -(-members // threads) if self.settings.device == TORCH_CPU else members

    @property
    def compiled(self) -> bool:
        """Nothing is compiled."""
        return True

    def compile(self) -> bool:
        """Return False: there is nothing to do."""
        return False

    def start(self, seed: int) -> TorchState:
        """Draw the start, the same numbers on every device."""
        return self.to_device(self.on_host.start(seed))

    def copy(self, state: Any) -> Any:
        """Return an independent copy."""
        if not isinstance(state, TorchState):
            return self.on_host.copy(state)
        return TorchState(state.alone(), 0)

    def epoch(
        self,
        states: Sequence[TorchState],
        losses: ProgramBatch,
        orders: Sequence[NDArray[np.int32]],
        noise: Sequence[int],
        rates: Numbers,
        l2s: Numbers,
    ) -> list[float]:
        """Train one epoch; see `Trainer.epoch`.

        Members that share an order (the same array) share its preparation.

        Raises:
            DataError: a user or item has no row in the states.
        """
        with running(states[0].population.device):
            population, train = together(states), self.task.train
            users, items = train.inputs
            check_indices(users, items, *self.sizes_of(states[0]))
            # Places that nobody holds any more train along with the first member's loss.
            number = [0] * population.count
            for k, state in enumerate(states):
                number[state.place] = k
            unique = {id(order): order for order in orders}
            position = {key: place for place, key in enumerate(unique)}
            which = [position[id(orders[k])] for k in number]
            batch = ProgramBatch(*(array[number] for array in vars(losses).values()))
            made_for = (population, batch, which, train, self.settings, rates[number], l2s[number])
            epoch = self._latest.epoch
            if epoch is None or not epoch.fits(*made_for):
                # The memory of the old steps goes before the new ones take theirs.
                self._latest.epoch = epoch = None
                self._latest.epoch = epoch = self.epoch_type(*made_for)
            means = epoch.run(list(unique.values()), [noise[k] for k in number])
            return [float(means[state.place]) for state in states]

    def scores(self, states: Sequence[Any], part: Part) -> Scores:
        """Return the raw scores of a part by K states, shape (K, rows), on the device where the states are there.

        Raises:
            DataError: a user or item has no row in the states.
        """
        if not states or not isinstance(states[0], TorchState):
            return self.on_host.scores(states, part)
        users, items = part.inputs
        first = states[0].population
        check_indices(users, items, *self.sizes_of(states[0]))
        with torch.no_grad(), running(first.device):
            pair = torch.from_numpy(users).to(first.device), torch.from_numpy(items).to(first.device)
            if all(state.population is first for state in states):
                return self._score(first, *pair, [state.place for state in states])
            return torch.cat([self._score(state.population, *pair, [state.place]) for state in states])

    @classmethod
    def sizes_of(cls, state: TorchState) -> tuple[int, int]:
        """Return for how many users and items a state has rows."""
        population = state.population
        return population.n_users, population.n_rows - population.n_users

    @classmethod
    def device_of(cls, state: TorchState) -> str:
        """Return the device of a state, as settings name it."""
        device = state.population.device
        return TORCH_CPU if device.type == "cpu" else str(device)

    def to_host(self, state: Any) -> Any:
        """Return the state itself if it is on the host, else a copy of its parameters as a kernel's state."""
        return self._to_host(state) if isinstance(state, TorchState) else state

    def parameters(self, state: Any) -> dict[str, NDArray[np.float32]]:
        """Return what is trained of a state on the host, by name; see `Trainer.parameters`."""
        return self.on_host.parameters(state)

    def save(self, state: Any) -> dict[str, Any]:
        """Return a state as plain data."""
        return device_saved.save(state) if isinstance(state, TorchState) else self.on_host.save(state)

    def load(self, saved: dict[str, Any]) -> Any:
        """Return the state that `save` was given; one of the host stays there.

        Raises:
            RunError: it is not one of this model on this task.
        """
        if not isinstance(saved, dict) or saved.get("kind") != device_saved.KIND:
            return self.on_host.load(saved)
        return device_saved.load(
            saved, self.device, self.task.sizes["users"], *self.shapes, self.on_host.whose
        )

    def _memory(
        self,
        instructions: int,
        *,
        table_row: int,
        step_row: int,
        dense: int,
        predictions: int,
    ) -> MemoryNeed:
        """Return what training takes, from a model's bytes.

        Args:
            instructions: of the longest program.
            table_row: of a row of the table.
            step_row: that a step needs for an interaction, besides the loss.
            dense: of a member's other parameters.
            predictions: that scores take in between.
        """
        # Adam's two means are copied with the parameters; then there is the gradient.
        settings, rows = self.settings, len(self.task.train)
        copies = _COPIES if settings.optimizer == "sgd" else 3 * _COPIES + 1
        # Two numbers an instruction, and indices; twice, as a recorded step does not share memory with others.
        by_batch_row = 2 * (step_row + 2 * 4 * instructions + 256)
        return MemoryNeed(
            entities=self.task.sizes["users"] + self.task.sizes["items"],
            by_entity=copies * table_row,
            batch_size=min(settings.batch_size, rows),
            by_batch_row=by_batch_row,
            rows=rows,
            # Eight numbers of 32 bits, kept and new, and 64-bit orders while sorting.
            by_row=2 * 32 + 64,
            shared=predictions,
            by_member=(copies + 2) * dense,
            state=self.on_host.memory(instructions).state,
        )


class _Latest(threading.local):
    """The steps that a thread trained by last."""

    epoch: Epoch | None = None
