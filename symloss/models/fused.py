"""A model wherever it runs best: by its fused kernel on the CPU, by torch on other devices."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from symloss.compile.program import ProgramBatch
from symloss.models.memory_need import MemoryNeed
from symloss.models.mf.trainer import MatrixFactorisation, MFState
from symloss.models.mlp.state import MLPState
from symloss.models.mlp.trainer import MultilayerPerceptron
from symloss.models.trainer import Numbers, Recommender, StepSettings

if TYPE_CHECKING:
    from torch import Tensor

    from symloss.data.dataset import Interactions
    from symloss.models.device.model import TorchModel


class Anywhere(ABC):
    """Hands each call to the kernel where the device is "cpu", to torch elsewhere; states tell which."""

    def __init__(self, kernel: Any, host_state: type) -> None:
        """Make a model; torch's part is not made before it is needed.

        Args:
            kernel: the fused implementation, with a method `memory_need`.
            host_state: the type of its states.
        """
        self.name: str = kernel.name
        self._kernel, self._host_state = kernel, host_state
        self._on_torch: TorchModel | None = None
        self._lock = threading.Lock()

    @abstractmethod
    def _make_torch(self) -> TorchModel:
        """Return the torch implementation."""

    def _torch(self) -> TorchModel:
        with self._lock:
            if self._on_torch is None:
                self._on_torch = self._make_torch()
            return self._on_torch

    def _for_device(self, device: str) -> Any:
        return self._kernel if device == "cpu" else self._torch()

    def _for_state(self, state: Any) -> Recommender:
        return self._kernel if isinstance(state, self._host_state) else self._torch()

    def group_size(self, members: int, threads: int, device: str = "cpu") -> int:
        """Return how many members go into one call; see `Recommender.group_size`."""
        size: int = self._for_device(device).group_size(members, threads, device)
        return size

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
        chosen = self._for_device(device)
        need: MemoryNeed = chosen.memory_need(n_users, n_items, n_rows, settings, instructions, device)
        return need

    def initial_state(self, n_users: int, n_items: int, seed: int, device: str = "cpu") -> Any:
        """Draw the start, the same numbers on every device.

        Raises:
            OptionError: torch does not know or can't use the device.
        """
        return self._for_device(device).initial_state(n_users, n_items, seed, device)

    def copy(self, state: Any) -> Any:
        """Return an independent copy."""
        return self._for_state(state).copy(state)

    def to_host(self, state: Any) -> Any:
        """Return the state itself if the kernel holds it, else a copy of its parameters as a kernel's state."""
        return state if isinstance(state, self._host_state) else self._torch().to_host(state)

    def train_epoch(
        self,
        states: Sequence[Any],
        programs: ProgramBatch,
        orders: Sequence[NDArray[np.int32]],
        noise: Sequence[int],
        train: Interactions,
        settings: StepSettings,
        rates: Numbers | None = None,
        l2s: Numbers | None = None,
    ) -> list[float]:
        """Train one epoch; see `Recommender.train_epoch`."""
        return self._for_state(states[0]).train_epoch(
            states, programs, orders, noise, train, settings, rates, l2s
        )

    def predict(self, state: Any, users: NDArray[np.int32], items: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the raw scores of n pairs, shape (n,)."""
        return self._for_state(state).predict(state, users, items)

    def predict_all(
        self, states: Sequence[Any], users: NDArray[np.int32], items: NDArray[np.int32]
    ) -> Tensor | None:
        """Return the raw scores of n pairs by K states as a tensor, or None where the kernel holds them."""
        if isinstance(states[0], self._host_state):
            return None
        return self._torch().predict_all(states, users, items)


class MatrixFactorisationAnywhere(Anywhere):
    """The kernel on the CPU, torch on other devices, which is not imported before."""

    def __init__(self) -> None:
        """Make a model."""
        super().__init__(MatrixFactorisation(), MFState)

    def _make_torch(self) -> TorchModel:
        from symloss.models.mf.device import TorchMatrixFactorisation

        return TorchMatrixFactorisation()


class MultilayerPerceptronAnywhere(Anywhere):
    """The kernel on the CPU, torch on other devices."""

    def __init__(self) -> None:
        """Make a model."""
        super().__init__(MultilayerPerceptron(), MLPState)

    def _make_torch(self) -> TorchModel:
        from symloss.models.mlp.device import TorchMultilayerPerceptron

        return TorchMultilayerPerceptron()
