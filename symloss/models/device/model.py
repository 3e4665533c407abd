"""What models on a torch device have in common: states with places in populations, and steps that are kept."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symloss.compile.program import ProgramBatch
from symloss.models.device.epoch import Epoch
from symloss.models.device.population import Population, TorchState, together
from symloss.models.device.single_thread import SingleThread
from symloss.models.device.torch_device import TORCH_CPU, torch_device
from symloss.models.memory_need import MemoryNeed
from symloss.models.trainer import Numbers, Recommender, StepSettings, check_indices, rates_or

if TYPE_CHECKING:
    from symloss.data.dataset import Interactions

_COPIES = 3
"""Of the parameters: those trained, the best ones, and those on the move."""


class TorchModel(ABC):
    """A model on any torch device.

    On the CPU a call runs on one core. Sums are taken in the same order each
    time, on every device; a population's size shows in roundings at most.
    """

    name: ClassVar[str]
    epoch_type: ClassVar[type[Epoch]]

    def __init__(self, kernel: Recommender) -> None:
        """Make a model beside the one for the CPU, whose start it shares."""
        self._kernel = kernel
        self._single_thread = SingleThread()
        self._one_at_a_time = threading.Lock()
        # Steps as recorded for the population that a thread trains.
        self._latest = threading.local()

    @abstractmethod
    def to_device(self, state: Any, device: torch.device) -> TorchState:
        """Put the parameters of the kernel's state on a device."""

    @abstractmethod
    def to_host(self, state: TorchState) -> Any:
        """Return a copy as a state of the kernel, without what Adam remembers."""

    @abstractmethod
    def _scores(self, population: Population, users: Tensor, items: Tensor, places: Sequence[int]) -> Tensor:
        """Return the raw scores of n pairs by the members at m places, shape (m, n)."""

    def group_size(self, members: int, threads: int, device: str = "cpu") -> int:
        """Return an equal share for each core, or all members on a device (memory may set a limit)."""
        return -(-members // threads) if device in ("cpu", TORCH_CPU) else members

    def initial_state(self, n_users: int, n_items: int, seed: int, device: str = TORCH_CPU) -> TorchState:
        """Draw the start, the same numbers on every device.

        Raises:
            OptionError: torch does not know or can't use the device.
        """
        target = torch_device(device)
        return self.to_device(self._kernel.initial_state(n_users, n_items, seed), target)

    def copy(self, state: TorchState) -> TorchState:
        """Return an independent copy."""
        return TorchState(state.alone(), 0)

    def train_epoch(
        self,
        states: Sequence[TorchState],
        programs: ProgramBatch,
        orders: Sequence[NDArray[np.int32]],
        noise: Sequence[int],
        train: Interactions,
        settings: StepSettings,
        rates: Numbers | None = None,
        l2s: Numbers | None = None,
    ) -> list[float]:
        """Train one epoch; see `Recommender.train_epoch`.

        Members that share an order (the same array) share its preparation.

        Raises:
            DataError: a user or item has no row in the states.
        """
        rates, l2s = rates_or(settings, len(states), rates, l2s)
        with self._running(states[0].population.device):
            population = together(states)
            n_users = population.n_users
            check_indices(train.users, train.items, n_users, population.n_rows - n_users)
            # Places that nobody holds any more train along with the first member's loss.
            number = [0] * population.count
            for k, state in enumerate(states):
                number[state.place] = k
            unique = {id(order): order for order in orders}
            position = {key: place for place, key in enumerate(unique)}
            which = [position[id(orders[k])] for k in number]
            batch = programs.take(number)
            made_for = (population, batch, which, train, settings, rates[number], l2s[number])
            epoch: Epoch | None = getattr(self._latest, "epoch", None)
            if epoch is None or not epoch.fits(*made_for):
                # The memory of the old steps goes before the new ones take theirs.
                self._latest.epoch = epoch = None
                self._latest.epoch = epoch = self.epoch_type(*made_for)
            losses = epoch.run(list(unique.values()), [noise[k] for k in number])
            return [float(losses[state.place]) for state in states]

    def predict(
        self, state: TorchState, users: NDArray[np.int32], items: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        """Return the raw scores of n pairs, shape (n,)."""
        scores: NDArray[np.float32] = self.predict_all([state], users, items)[0].cpu().numpy()
        return scores

    def predict_all(
        self, states: Sequence[TorchState], users: NDArray[np.int32], items: NDArray[np.int32]
    ) -> Tensor:
        """Return the raw scores of n pairs by K states, shape (K, n), on the device.

        Raises:
            DataError: a user or item has no row in the states.
        """
        first = states[0].population
        check_indices(users, items, first.n_users, first.n_rows - first.n_users)
        with torch.no_grad(), self._running(first.device):
            pair = torch.from_numpy(users).to(first.device), torch.from_numpy(items).to(first.device)
            if all(state.population is first for state in states):
                return self._scores(first, *pair, [state.place for state in states])
            return torch.cat([self._scores(state.population, *pair, [state.place]) for state in states])

    def _memory_need(
        self,
        entities: int,
        n_rows: int,
        settings: StepSettings,
        instructions: int,
        *,
        table_row: int,
        step_row: int,
        dense: int,
        predictions: int,
    ) -> MemoryNeed:
        """Return what training takes, from a model's bytes.

        Args:
            entities: users and items.
            n_rows: training rows.
            settings: of the steps.
            instructions: of the longest program.
            table_row: of a row of the table.
            step_row: that a step needs for an interaction, besides the loss.
            dense: of a member's other parameters.
            predictions: that scores take in between.
        """
        # Adam's two means are copied with the parameters; then there is the gradient.
        copies = _COPIES if settings.optimizer == "sgd" else 3 * _COPIES + 1
        # Two numbers an instruction, and indices; twice, as a recorded step does not share memory with others.
        by_batch_row = 2 * (step_row + 2 * 4 * instructions + 256)
        return MemoryNeed(
            entities=entities,
            by_entity=copies * table_row,
            batch_size=min(settings.batch_size, n_rows),
            by_batch_row=by_batch_row,
            rows=n_rows,
            # Eight numbers of 32 bits, kept and new, and 64-bit orders while sorting.
            by_row=2 * 32 + 64,
            shared=predictions,
            by_member=(copies + 2) * dense,
        )

    @contextmanager
    def _running(self, device: torch.device) -> Iterator[None]:
        """Run the body on one core, or, on a device, alone: recording a graph is no time for others."""
        if device.type == "cpu":
            with self._single_thread():
                yield
        else:
            with self._one_at_a_time:
                yield
