"""Trainers called by hand: each call brings its own rows and settings, and the states tell the device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from symloss.data.dataset import Interactions
from symloss.models import Model, Trainer, registry
from symloss.models.import_path import imported
from symloss.training.settings import TrainingSettings

NOTHING = Interactions.of([], [], [])


@dataclass(frozen=True, eq=False)
class Rows:
    """As much of a task as a trainer looks at."""

    sizes: dict[str, int]
    train: Interactions = NOTHING
    name: str = "rows of a test"


class ByHand:
    """A built-in model with its trainers."""

    def __init__(self, name: str, device: str = "cpu") -> None:
        self.model: Model = registry.get(name)
        self.name, self.device = name, device
        self._trainer = lru_cache(4)(self._made)

    def trainer(
        self,
        n_users: int,
        n_items: int,
        train: Interactions = NOTHING,
        settings: Any = None,
        device: str = "",
    ) -> Trainer:
        settings = replace(settings or TrainingSettings(), device=device or self.device)
        return self._trainer(n_users, n_items, train, settings)

    def _made(self, n_users: int, n_items: int, train: Interactions, settings: Any) -> Trainer:
        return registry.trainer_for(
            self.model,
            Rows({"users": n_users, "items": n_items}, train),
            settings,  # type: ignore[arg-type]
        )

    def _of(self, state: Any, train: Interactions = NOTHING, settings: Any = None) -> Trainer:
        """Return the trainer of a state's kind and size."""
        kernel, on_device = (imported(place) for place in self.model.accelerations)
        kind = kernel if isinstance(state, kernel.host_state) else on_device
        return self.trainer(*kind.sizes_of(state), train, settings, kind.device_of(state))

    def initial_state(self, n_users: int, n_items: int, seed: int, device: str = "") -> Any:
        return self.trainer(n_users, n_items, device=device).start(seed)

    def copy(self, state: Any) -> Any:
        return self._of(state).copy(state)

    def to_host(self, state: Any) -> Any:
        return self._of(state).to_host(state)

    def train_epoch(
        self,
        states: Sequence[Any],
        programs: Any,
        orders: Sequence[Any],
        noise: Sequence[int],
        train: Interactions,
        settings: TrainingSettings,
        rates: Any = None,
        l2s: Any = None,
    ) -> list[float]:
        count = len(states)
        rates = np.full(count, settings.learning_rate) if rates is None else rates
        l2s = np.full(count, settings.l2) if l2s is None else l2s
        return self._of(states[0], train, settings).epoch(states, programs, orders, noise, rates, l2s)

    def predict_all(self, states: Sequence[Any], users: Any, items: Any) -> Any:
        return self._of(states[0]).scores(states, Pairs(users, items))

    def predict(self, state: Any, users: Any, items: Any) -> np.ndarray:
        (scores,) = self.predict_all([state], users, items)
        return scores if isinstance(scores, np.ndarray) else scores.cpu().numpy()


@dataclass(frozen=True)
class Pairs:
    """A part of pairs, also of those that no data set would take."""

    users: Any
    items: Any

    def __len__(self) -> int:
        return len(self.users)

    @property
    def inputs(self) -> tuple[Any, Any]:
        return self.users, self.items

    @property
    def labels(self) -> np.ndarray:
        return np.zeros(len(self), np.float32)
