"""A task: data, what a loss sees of it, and how a model is measured on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from symloss.signature import Domain
from symloss.tasks.metric import Metric
from symloss.tasks.part import Part


class Task(Protocol):
    """What is to be learned.

    Attributes:
        name: what reports call it.
        signature: what a loss of this task is a function of, and where its arguments live.
        metrics: how a model is measured; the first one is watched during training.
        baselines: names of the handcrafted losses that found ones are compared with.
        train, validation, test: the rows that gradients see, that stop training, and that are only reported.
    """

    name: str
    signature: Domain
    metrics: tuple[Metric, ...]
    baselines: tuple[str, ...]

    @property
    def train(self) -> Part:
        """The part that gradients see."""
        ...

    @property
    def validation(self) -> Part:
        """The part that stops training and rewards losses."""
        ...

    @property
    def test(self) -> Part:
        """The part that is only reported."""
        ...

    @property
    def sizes(self) -> Mapping[str, int]:
        """What a model's factory may ask: "users" and "items" for ratings, "features" for rows of numbers."""
        ...

    def summary(self) -> dict[str, Any]:
        """Return the facts of the data, ready for JSON."""
        ...

    def fingerprint(self) -> str:
        """Return a digest of all rows: equal exactly where the data is."""
        ...
