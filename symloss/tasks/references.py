"""Trivial baselines of a task: what is predicted without any model.

A loss is only worth a table when the model that it trains says more than these: a
user plus item mean takes no training, and on small data it is hard to beat.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symloss.signature import Labels
from symloss.tasks.metric import Metric
from symloss.tasks.metrics.measure import measure_all
from symloss.tasks.part import Part


@dataclass(frozen=True)
class Reference:
    """A trivial baseline.

    Attributes:
        name: in words, such as "global mean" (the same prediction for all rows) or "item mean".
        metrics: on the test part, by name, as of a trained model.
        valid_metric: the validation metric.
    """

    name: str
    metrics: Mapping[str, float]
    valid_metric: float

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {"name": self.name, "metrics": dict(self.metrics), "valid_metric": self.valid_metric}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Reference:
        """Return the reference that `to_json` wrote; numbers that JSON does not have come back as NaN."""
        metrics = {str(name): _number(value) for name, value in dict(document["metrics"]).items()}
        return cls(str(document["name"]), metrics, _number(document["valid_metric"]))


def best_reference(found: Iterable[Reference], metric: Metric) -> tuple[str, float] | None:
    """Return name and test metric of the best reference; None where none has one."""
    known = [(one.name, one.metrics.get(metric.name, np.nan)) for one in found]
    known = [(name, value) for name, value in known if np.isfinite(value)]
    return max(known, key=lambda pair: metric.sign * pair[1], default=None)


def measure_scores(
    scores: NDArray[np.float64], part: Part, labels: Labels, metrics: Iterable[Metric]
) -> dict[str, float]:
    """Return metrics of predictions that no model made.

    Predictions of probabilities stay in [0, 1]; for rankings ties count half.

    Args:
        scores: shape (rows,), one for each row of the part.
        part: with the labels.
        labels: what these can be.
        metrics: which.
    """
    wanted = tuple(metrics)
    if not len(part):
        return {one.name: float("nan") for one in wanted}
    # Equal sums may differ in their last bits, and float32 may merge different ones: ranks have neither fault.
    ranks = np.unique(np.round(scores, 10), return_inverse=True)[1].reshape(-1)
    probabilities = labels in (Labels.BINARY, Labels.UNIT)
    predictions = np.clip(scores, 0.0, 1.0) if probabilities else scores
    return measure_all(wanted, ranks.astype(np.float32), predictions.astype(np.float32), part.labels)


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
