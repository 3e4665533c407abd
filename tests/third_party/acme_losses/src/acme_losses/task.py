"""Clicks that were made up: a task of one's own inherits nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from acme_losses.metric import LogLoss
from symloss.signature import Domain
from symloss.tasks.fingerprint import digest
from symloss.tasks.metrics import AUC


@dataclass(frozen=True, eq=False)
class Rows:
    """Some of the clicks."""

    inputs: tuple[Any, ...]
    labels: Any

    def __len__(self) -> int:
        """How many."""
        return len(self.labels)


class Clicks:
    """Users of even number like items of even number."""

    name = "clicks"
    signature = Domain.of("binary")
    metrics = (AUC(), LogLoss())
    baselines = ("bce", "mse")

    def __init__(self, users: int = 20, items: int = 30, rows: int = 600) -> None:
        """Draw the parts."""
        self.sizes = {"users": users, "items": items}
        self.train, self.validation, self.test = (self._rows(seed, rows) for seed in range(3))

    def _rows(self, seed: int, rows: int) -> Rows:
        dice = np.random.default_rng(seed)
        users, items = (dice.integers(0, n, rows).astype(np.int32) for n in self.sizes.values())
        likes = np.where((users + items) % 2 == 0, 0.8, 0.2)
        return Rows((users, items), (dice.random(rows) < likes).astype(np.float32))

    def summary(self) -> dict[str, Any]:
        """Return facts for JSON."""
        return {"rows": len(self.train), **self.sizes}

    def fingerprint(self) -> str:
        """Return a digest of all rows."""
        return digest(self)
