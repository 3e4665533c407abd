"""Several metrics of the same scores at once: what two of them share is done once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from symloss.tasks.metric import Metric

if TYPE_CHECKING:
    from torch import Tensor


def measure_all(
    metrics: Iterable[Metric],
    scores: NDArray[np.float32],
    predictions: NDArray[np.float32],
    labels: NDArray[np.float32],
) -> dict[str, float]:
    """Return metrics of one model by name, in the order given.

    Args:
        metrics: which.
        scores: shape (n,), what is ranked.
        predictions: shape (n,), what is compared with the labels: probabilities, or scores for real labels.
        labels: shape (n,).

    Returns:
        NaN where a metric is undefined on these rows.
    """
    wanted = {one.name: one for one in metrics}
    found: dict[str, float] = {}
    for name, metric in wanted.items():
        if name not in found:
            found |= metric.measured(scores, predictions, labels)
    return {name: found[name] for name in wanted}


def measure_all_many(
    metrics: Iterable[Metric], scores: Tensor, predictions: Tensor, labels: Tensor
) -> dict[str, Tensor]:
    """Return metrics of K models by name, in the order given, each of shape (K,).

    Args:
        metrics: which.
        scores, predictions: shape (K, n), n >= 1, on the device.
        labels: shape (n,).
    """
    wanted = {one.name: one for one in metrics}
    found: dict[str, Tensor] = {}
    for name, metric in wanted.items():
        if name not in found:
            found |= metric.measured_many(scores, predictions, labels)
    return {name: found[name] for name in wanted}
