"""What the paper leaves unsaid, one change at a time: trainings that differ from symloss's in one respect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symloss.data.dataset import Dataset
from symloss.models import registry
from symloss.models.mlp import trainer as mlp
from symloss.models.trainer import Trainer
from symloss.tasks.rating_task import of
from symloss.training.orders import epoch_order
from symloss.training.settings import TrainingSettings

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
    """A trainer with one thing changed; see `symloss.models.trainer.Trainer`."""

    def __init__(self, trainer: Trainer, variant: str, seed: int) -> None:
        """Change one of `VARIANTS`; `seed` is that of the job."""
        self._trainer, self._variant, self._seed = trainer, variant, seed

    def __getattr__(self, name: str) -> Any:
        """Everything else is the trainer's own."""
        return getattr(self._trainer, name)

    def start(self, seed: int) -> Any:
        """Return fresh parameters, embeddings divided by ten where that is the change."""
        state = self._trainer.start(seed)
        if self._variant == "small start":
            for name, table in self._trainer.parameters(state).items():
                if name in ("table", "user_embedding", "item_embedding"):
                    table *= np.float32(0.1)
        return state

    def epoch(
        self, states: Sequence[Any], losses: Any, orders: Sequence[NDArray[np.int32]], *others: Any
    ) -> list[float]:
        """Train an epoch, in the order of the first one where that is the change."""
        if self._variant == "one order":
            orders = [epoch_order(self._seed, 1, len(order)) for order in orders]
        return self._trainer.epoch(states, losses, orders, *others)


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


def trainer_of(name: str, variant: str, seed: int, dataset: Dataset, settings: TrainingSettings) -> Any:
    """Return what trains a model on the CPU, with a variant's change."""
    trainer = registry.trainer_for(registry.get(name), of(dataset), settings)
    return Variant(trainer, variant, seed) if variant in ("one order", "small start") else trainer
