"""A small task of users, items and labels, and one of features, for tests of trainers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symloss.data.dataset import Interactions
from symloss.signature import Domain, Input, Labels


@dataclass(frozen=True, eq=False)
class Columns:
    inputs: tuple[NDArray[Any], ...]
    labels: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(eq=False)
class SmallTask:
    """Random rows; label 1 is likelier where the inputs say so."""

    users: int = 30
    items: int = 40
    rows: int = 450
    features: int = 0
    name: str = "small"
    signature: Domain = field(default_factory=lambda: Domain(Labels.BINARY, Input.PROBABILITY))
    metrics: tuple[Any, ...] = ()
    baselines: tuple[str, ...] = ()

    def _part(self, seed: int, rows: int) -> Columns:
        generator = np.random.default_rng(seed)
        if self.features:
            x = generator.standard_normal((rows, self.features)).astype(np.float32)
            labels = (x.sum(1) + generator.standard_normal(rows) > 0).astype(np.float32)
            return Columns((x,), labels)
        users = generator.integers(0, self.users, rows).astype(np.int32)
        items = generator.integers(0, self.items, rows).astype(np.int32)
        likely = np.where((users + items) % 3 == 0, 0.8, 0.3)
        return Columns((users, items), (generator.random(rows) < likely).astype(np.float32))

    @cached_property
    def train(self) -> Columns:
        return self._part(0, self.rows)

    @cached_property
    def validation(self) -> Columns:
        return self._part(1, 60)

    @cached_property
    def test(self) -> Columns:
        return self._part(2, 60)

    @property
    def sizes(self) -> dict[str, int]:
        return {"features": self.features} if self.features else {"users": self.users, "items": self.items}

    def summary(self) -> dict[str, Any]:
        return {"name": self.name, "rows": self.rows}

    def fingerprint(self) -> str:
        return f"{self.name} {self.users} {self.items} {self.rows} {self.features}"

    def interactions(self) -> Interactions:
        return Interactions.of(*self.train.inputs, self.train.labels)
