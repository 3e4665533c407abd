"""Matrix factorisation wherever it runs best: the fused kernel on the CPU, torch on other devices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from symloss.compile.program import ProgramBatch
from symloss.models.memory_need import MemoryNeed
from symloss.models.mf import MatrixFactorisation, MFState
from symloss.models.recommender import Recommender, StepSettings

if TYPE_CHECKING:
    from torch import Tensor

    from symloss.data.dataset import Interactions
    from symloss.models.mf_torch import TorchMatrixFactorisation

_KERNEL_WIDTH = 65 * 4
"""Bytes of an embedding and its bias."""


class MatrixFactorisationAnywhere:
    """Hands each call to the kernel where the device is "cpu", to torch elsewhere; states tell which."""

    name = "mf"

    def __init__(self) -> None:
        """Make a model; torch is not imported before it is needed."""
        self._kernel = MatrixFactorisation()
        self._on_torch: TorchMatrixFactorisation | None = None

    def _torch(self) -> TorchMatrixFactorisation:
        if self._on_torch is None:
            from symloss.models.mf_torch import TorchMatrixFactorisation

            self._on_torch = TorchMatrixFactorisation()
        return self._on_torch

    def _for_device(self, device: str) -> Recommender:
        return self._kernel if device == "cpu" else self._torch()

    def _for_state(self, state: Any) -> Recommender:
        return self._kernel if isinstance(state, MFState) else self._torch()

    def group_size(self, members: int, threads: int, device: str = "cpu") -> int:
        """Return how many members go into one call; see `Recommender.group_size`."""
        return self._for_device(device).group_size(members, threads, device)

    def memory_need(
        self,
        n_users: int,
        n_items: int,
        n_rows: int,
        settings: StepSettings,
        instructions: int,
        device: str = "cpu",
    ) -> MemoryNeed:
        """Return what training takes; `instructions` is the length of the longest program."""
        if device != "cpu":
            return self._torch().memory_need(n_users, n_items, n_rows, settings, instructions)
        # The kernel keeps the trained and the best parameters, with two moments each for Adam; a step
        # needs two rows and two numbers an instruction for each of its interactions.
        return MemoryNeed(
            entities=n_users + n_items,
            by_entity=(2 if settings.optimizer == "sgd" else 6) * _KERNEL_WIDTH,
            batch_size=min(settings.batch_size, n_rows),
            by_batch_row=2 * _KERNEL_WIDTH + 8 * (instructions + 8),
            rows=n_rows,
            by_row=4,
            shared=0,
        )

    def initial_state(self, n_users: int, n_items: int, seed: int, device: str = "cpu") -> Any:
        """Draw the start, the same numbers on every device.

        Raises:
            OptionError: torch does not know or can't use the device.
        """
        return self._for_device(device).initial_state(n_users, n_items, seed, device)

    def copy(self, state: Any) -> Any:
        """Return an independent copy."""
        return self._for_state(state).copy(state)

    def train_epoch(
        self,
        states: Sequence[Any],
        programs: ProgramBatch,
        orders: Sequence[NDArray[np.int32]],
        noise: Sequence[int],
        train: Interactions,
        settings: StepSettings,
    ) -> list[float]:
        """Train one epoch; see `Recommender.train_epoch`."""
        return self._for_state(states[0]).train_epoch(states, programs, orders, noise, train, settings)

    def predict(self, state: Any, users: NDArray[np.int32], items: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the raw scores of n pairs, shape (n,)."""
        return self._for_state(state).predict(state, users, items)

    def predict_all(
        self, states: Sequence[Any], users: NDArray[np.int32], items: NDArray[np.int32]
    ) -> Tensor | None:
        """Return the raw scores of n pairs by K states as a tensor, or None where the kernel holds them."""
        if isinstance(states[0], MFState):
            return None
        return self._torch().predict_all(states, users, items)
