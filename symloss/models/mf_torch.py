"""Matrix factorisation on a torch device: all members of a population in every step.

States start from the same numbers as those of the CPU kernel. Members that are
trained together live in one population; a state knows its place there. A state
that is given up frees its place: once a quarter of the places are free, the
others move together.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symloss.compile.program import ProgramBatch
from symloss.errors import OptionError
from symloss.models.memory_need import MemoryNeed
from symloss.models.mf import MatrixFactorisation, MFState
from symloss.models.mf_torch_epoch import Epoch
from symloss.models.mf_torch_population import DIMENSION, PREDICTIONS_AT_A_TIME, WIDTH, Population
from symloss.models.recommender import StepSettings, check_indices
from symloss.models.single_thread import SingleThread
from symloss.models.torch_device import TORCH_CPU, torch_device

if TYPE_CHECKING:
    from symloss.data.dataset import Interactions

_FULL = 0.75
"""A population is left as it is while at least this share of its places is in use."""
_COPIES = 3
"""Of the parameters: those trained, the best ones, and those on the move."""
_SHARED = 4 * PREDICTIONS_AT_A_TIME * WIDTH * 4
"""Bytes that predictions take, with what is in between."""


class TorchMFState:
    """One member: a population and a place in it.

    Attributes:
        population: holds the parameters.
        place: of this member there.
    """

    def __init__(self, population: Population, place: int) -> None:
        """Take a place."""
        self.move(population, place)

    def move(self, population: Population, place: int) -> None:
        """Take a place, and free the one held before."""
        before: Population | None = getattr(self, "population", None)
        if before is not None:
            before.tenants.discard(self)
        self.population, self.place = population, place
        population.tenants.add(self)

    @property
    def table(self) -> Tensor:
        """Embeddings and biases, shape (users + items, 65), users first."""
        return self.population.table[self.place]

    @property
    def base(self) -> Tensor:
        """The global bias, shape ()."""
        return self.population.base[self.place]

    def arrays(self) -> tuple[NDArray[np.float32], ...]:
        """Return copies of all parameters in the order of `MFState.arrays`."""
        table, n_users = self.table.cpu().numpy().copy(), self.population.n_users
        users, items = table[:n_users], table[n_users:]
        return (
            users[:, :DIMENSION], items[:, :DIMENSION], users[:, DIMENSION], items[:, DIMENSION],
            self.base.cpu().numpy().reshape(1).copy(),
        )  # fmt: skip

    @classmethod
    def of(cls, state: MFState, device: torch.device) -> TorchMFState:
        """Put the kernel's parameters on a device."""
        users = np.column_stack([state.user_embedding, state.user_bias])
        items = np.column_stack([state.item_embedding, state.item_bias])
        table = torch.from_numpy(np.concatenate([users, items])[None]).to(device)
        return cls(Population(table, torch.from_numpy(state.global_bias.copy()).to(device), len(users)), 0)


class TorchMatrixFactorisation:
    """The torch implementation, for any device.

    On the CPU a call runs on one core. Sums are taken in the same order each
    time, on every device; a population's size shows in roundings at most.
    """

    name = "mf"

    def __init__(self) -> None:
        """Make a model; states are made by `initial_state`."""
        self._single_thread = SingleThread()
        self._one_at_a_time = threading.Lock()
        # Steps as recorded for the population that a thread trains.
        self._latest = threading.local()

    def group_size(self, members: int, threads: int, device: str = "cpu") -> int:
        """Return an equal share for each core, or all members on a device (memory may set a limit)."""
        return -(-members // threads) if device in ("cpu", TORCH_CPU) else members

    def memory_need(
        self,
        n_users: int,
        n_items: int,
        n_rows: int,
        settings: StepSettings,
        instructions: int,
        device: str = TORCH_CPU,
    ) -> MemoryNeed:
        """Return what training takes; `instructions` is the length of the longest program."""
        # Rows of a step: both sides, sums and those sorted by item; then two numbers an instruction and
        # indices; twice, as a recorded step does not share memory with others.
        by_batch_row = 2 * (6 * WIDTH * 4 + 2 * 4 * instructions + 256)
        return MemoryNeed(
            entities=n_users + n_items,
            by_entity=_COPIES * WIDTH * 4,
            batch_size=min(settings.batch_size, n_rows),
            by_batch_row=by_batch_row,
            rows=n_rows,
            # Seven numbers of 32 bits, kept and new, and 64-bit orders while sorting.
            by_row=2 * 28 + 64,
            shared=_SHARED,
        )

    def initial_state(self, n_users: int, n_items: int, seed: int, device: str = TORCH_CPU) -> TorchMFState:
        """Draw the start, the same numbers on every device.

        Raises:
            OptionError: torch does not know or can't use the device.
        """
        start = MatrixFactorisation().initial_state(n_users, n_items, seed)
        return TorchMFState.of(start, torch_device(device))

    def copy(self, state: TorchMFState) -> TorchMFState:
        """Return an independent copy."""
        return TorchMFState(state.population.select([state.place]), 0)

    def train_epoch(
        self,
        states: Sequence[TorchMFState],
        programs: ProgramBatch,
        orders: Sequence[NDArray[np.int32]],
        noise: Sequence[int],
        train: Interactions,
        settings: StepSettings,
    ) -> list[float]:
        """Train one epoch; see `Recommender.train_epoch`. Nothing but the order is random.

        Members that share an order (the same array) share its preparation.

        Raises:
            DataError: a user or item has no row in the states.
            OptionError: another optimizer than SGD is wanted.
        """
        if settings.optimizer != "sgd":
            raise OptionError(
                f"optimizer {str(settings.optimizer)!r} trains an mf by its CPU kernel only; "
                "use --device cpu or sgd"
            )
        with self._running(states[0].population.device):
            population = self._together(states)
            n_users = population.n_users
            check_indices(train.users, train.items, n_users, population.n_rows - n_users)
            # Places that nobody holds any more train along with the first member's loss.
            number = [0] * population.count
            for k, state in enumerate(states):
                number[state.place] = k
            unique = {id(order): order for order in orders}
            position = {key: place for place, key in enumerate(unique)}
            which = [position[id(orders[k])] for k in number]
            batch = ProgramBatch(*(array[number] for array in vars(programs).values()))
            epoch: Epoch | None = getattr(self._latest, "epoch", None)
            if epoch is None or not epoch.fits(population, batch, which, train, settings):
                # The memory of the old steps goes before the new ones take theirs.
                self._latest.epoch = epoch = None
                self._latest.epoch = epoch = Epoch(population, batch, which, train, settings)
            losses = epoch.run(list(unique.values()))
            return [float(losses[state.place]) for state in states]

    def predict(
        self, state: TorchMFState, users: NDArray[np.int32], items: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        """Return the raw scores of n pairs, shape (n,)."""
        scores: NDArray[np.float32] = self.predict_all([state], users, items)[0].cpu().numpy()
        return scores

    def predict_all(
        self, states: Sequence[TorchMFState], users: NDArray[np.int32], items: NDArray[np.int32]
    ) -> Tensor:
        """Return the raw scores of n pairs by K states, shape (K, n), on the device.

        Raises:
            DataError: a user or item has no row in the states.
        """
        first = states[0].population
        check_indices(users, items, first.n_users, first.n_rows - first.n_users)
        with self._running(first.device):
            pair = torch.from_numpy(users).to(first.device), torch.from_numpy(items).to(first.device)
            if all(state.population is first for state in states):
                return first.scores(*pair, [state.place for state in states])
            return torch.cat([state.population.scores(*pair, [state.place]) for state in states])

    def _together(self, states: Sequence[TorchMFState]) -> Population:
        """Return the population that holds exactly these states; move them into one if need be."""
        old = states[0].population
        if all(state.population is old for state in states):
            if set(old.tenants) == set(states) and len(states) >= _FULL * old.count:
                return old
            new = old.select([state.place for state in states])
        else:
            table = torch.stack([state.table for state in states])
            new = Population(table, torch.stack([state.base for state in states]), old.n_users)
        for place, state in enumerate(states):
            state.move(new, place)
        return new

    @contextmanager
    def _running(self, device: torch.device) -> Iterator[None]:
        """Run the body on one core, or, on a device, alone: recording a graph is no time for others."""
        if device.type == "cpu":
            with self._single_thread():
                yield
        else:
            with self._one_at_a_time:
                yield
