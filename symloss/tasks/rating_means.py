"""The trivial baselines of ratings: means of the train part."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from symloss.data.dataset import Dataset, Interactions
from symloss.tasks.metric import Metric
from symloss.tasks.references import Reference, measure_scores

Array = NDArray[np.float64]

GLOBAL_MEAN, ITEM_MEAN, USER_PLUS_ITEM = "global mean", "item mean", "user plus item means"


def rating_means(dataset: Dataset, metric: Metric, metrics: Iterable[Metric]) -> tuple[Reference, ...]:
    """Fit the trivial baselines on the train part and measure them.

    "global mean" is the same prediction for all, "item mean" is how well liked an item is, "user plus item means" the
    mean of the user plus that of the item, less the global one. Users and items without a row in the train part have
    its mean.

    Args:
        dataset: train, validation and test part; none where the train part is empty.
        metric: the validation metric.
        metrics: those of the test part.
    """
    train = dataset.train
    if not len(train):
        return ()
    wanted = tuple(metrics)
    mean = float(train.labels.mean(dtype=np.float64))
    users = _means(train.users, train.labels, dataset.n_users, mean)
    items = _means(train.items, train.labels, dataset.n_items, mean)
    found = []
    for name in (GLOBAL_MEAN, ITEM_MEAN, USER_PLUS_ITEM):
        valid, test = (
            measure_scores(_scores(name, part, mean, users, items), part, dataset.labels, which)
            for part, which in ((dataset.validation, (metric,)), (dataset.test, wanted))
        )
        found.append(Reference(name, test, valid[metric.name]))
    return tuple(found)


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
