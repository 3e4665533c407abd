"""Trivial baselines: what means of the train part predict, without any model.

A loss is only worth a table when the model that it trains says more than these: a
user plus item mean takes no training, and on small data it is hard to beat.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from symloss.signature import Labels
from symloss.tasks.auc_rmse import NAMES, all_metrics
from symloss.training.settings import Metric

if TYPE_CHECKING:
    from symloss.data.dataset import Dataset, Interactions

Array = NDArray[np.float64]

GLOBAL_MEAN, ITEM_MEAN, USER_PLUS_ITEM = "global mean", "item mean", "user plus item means"


@dataclass(frozen=True)
class Reference:
    """A trivial baseline.

    Attributes:
        name: "global mean" (the same prediction for all), "item mean" (how well liked an item is) or
            "user plus item means" (the mean of the user plus that of the item, less the global one).
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


def references(dataset: Dataset, metric: Metric) -> tuple[Reference, ...]:
    """Fit the trivial baselines on the train part and measure them.

    Users and items without a row in the train part have its mean. Predictions of probabilities stay in
    [0, 1]; for rankings ties count half.

    Args:
        dataset: train, validation and test part; none where the train part is empty.
        metric: the validation metric.
    """
    train = dataset.train
    if not len(train):
        return ()
    mean = float(train.labels.mean(dtype=np.float64))
    users = _means(train.users, train.labels, dataset.n_users, mean)
    items = _means(train.items, train.labels, dataset.n_items, mean)
    found = []
    for name in (GLOBAL_MEAN, ITEM_MEAN, USER_PLUS_ITEM):
        measured = []
        for part in (dataset.validation, dataset.test):
            scores = _scores(name, part, mean, users, items)
            measured.append(_measure(scores, part, dataset.labels))
        valid, test = measured
        found.append(Reference(name, test, valid[metric.value]))
    return tuple(found)


def best_reference(
    found: Iterable[Reference], metric: str, *, higher_is_better: bool
) -> tuple[str, float] | None:
    """Return name and test metric of the best reference; None where none has one."""
    known = [(one.name, one.metrics.get(metric, np.nan)) for one in found]
    known = [(name, value) for name, value in known if np.isfinite(value)]
    sign = 1.0 if higher_is_better else -1.0
    return max(known, key=lambda pair: sign * pair[1], default=None)


def _means(indices: NDArray[np.int32], labels: NDArray[np.float32], count: int, otherwise: float) -> Array:
    """Return the mean label of each index, and `otherwise` for those without a row."""
    rows = np.bincount(indices, minlength=count)
    sums = np.bincount(indices, weights=labels.astype(np.float64), minlength=count)
    return np.where(rows > 0, sums / np.maximum(rows, 1), otherwise)


def _scores(name: str, part: Interactions, mean: float, users: Array, items: Array) -> Array:
    if name == GLOBAL_MEAN:
        return np.full(len(part), mean)
    item: Array = items[part.items]
    return item if name == ITEM_MEAN else users[part.users] + item - mean


def _measure(scores: Array, part: Interactions, labels: Labels) -> dict[str, float]:
    if not len(part):
        return dict.fromkeys(NAMES, float("nan"))
    # Equal sums may differ in their last bits, and float32 may merge different ones: ranks have neither fault.
    ranks = np.unique(np.round(scores, 10), return_inverse=True)[1].reshape(-1)
    predictions = scores if labels is Labels.REAL else np.clip(scores, 0.0, 1.0)
    return all_metrics(ranks.astype(np.float32), predictions.astype(np.float32), part.labels)


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
