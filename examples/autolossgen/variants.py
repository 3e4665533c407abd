"""What the paper leaves unsaid, one change at a time: models that differ from symloss's in one respect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symloss.models import registry
from symloss.models.mlp import trainer as mlp
from symloss.models.trainer import Recommender
from symloss.training.orders import epoch_order

VARIANTS = {
    "": "as in Table 5",
    "one order": "every epoch visits the interactions in the same order",
    "no dropout": "no dropout",
    "small start": "embeddings start from N(0, 0.1²) instead of N(0, 1)",
    "third of the L2": "L2 factor 1e-4 instead of 3e-4",
    "half the batch": "64 interactions a step instead of 128",
}
"""The variants, each with what it changes; the last two are settings of the training."""


class Variant:
    """A recommender with one thing changed; see `symloss.models.trainer.Recommender`."""

    def __init__(self, model: Recommender, variant: str, seed: int) -> None:
        """Change one of `VARIANTS`; `seed` is that of the job."""
        self._model, self._variant, self._seed = model, variant, seed

    def __getattr__(self, name: str) -> Any:
        """Everything else is the model's own."""
        return getattr(self._model, name)

    def initial_state(self, n_users: int, n_items: int, seed: int, device: str = "cpu") -> Any:
        """Return fresh parameters, embeddings divided by ten where that is the change."""
        state = self._model.initial_state(n_users, n_items, seed, device)
        if self._variant == "small start":
            tables = (
                [state.table] if hasattr(state, "table") else [state.user_embedding, state.item_embedding]
            )
            for table in tables:
                table *= 0.1
        return state

    def train_epoch(
        self, states: Sequence[Any], programs: Any, orders: Sequence[NDArray[np.int32]], *others: Any
    ) -> list[float]:
        """Train an epoch, in the order of the first one where that is the change."""
        if self._variant == "one order":
            orders = [epoch_order(self._seed, 1, len(order)) for order in orders]
        return self._model.train_epoch(states, programs, orders, *others)


@contextmanager
def dropout_of(variant: str) -> Iterator[None]:
    """Switch dropout off for all trainings of this process meanwhile, where that is the change."""
    kept = vars(mlp)["KEEP"]
    vars(mlp)["KEEP"] = 1.0 if variant == "no dropout" else kept
    try:
        yield
    finally:
        vars(mlp)["KEEP"] = kept


def settings_of(variant: str) -> dict[str, Any]:
    """Return the settings of training that a variant changes."""
    changed: dict[str, dict[str, Any]] = {
        "third of the L2": {"l2": 1e-4},
        "half the batch": {"batch_size": 64},
    }
    return changed.get(variant, {})


def model_of(name: str, variant: str, seed: int) -> Any:
    """Return a recommender by name, with a variant's change."""
    model = registry.get(name)
    return Variant(model, variant, seed) if variant in ("one order", "small start") else model
