"""Metrics of all members at once, on the device that holds their scores; the host reads once."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from symloss.deprecated import old_names
from symloss.tasks.metric import Metric
from symloss.tasks.metrics.measure import measure_all_many

_NUMBERS_AT_A_TIME = 4_000_000
"""Limit on members times rows in one piece of work: some 0.3 GB with all that is in between."""


def _predictions(scores: Tensor, as_score: Tensor) -> Tensor:
    """Return scores where they are the prediction, else their sigmoids, computed in float64."""
    seen = torch.sigmoid(scores.to(torch.float64)).to(scores.dtype)
    return torch.where(as_score[:, None], scores, seen)


def _pieces(scores: Tensor) -> list[slice]:
    step = max(1, _NUMBERS_AT_A_TIME // max(1, scores.shape[1]))
    return [slice(start, start + step) for start in range(0, len(scores), step)]


def every_metric_rows(
    scores: Tensor, labels: Tensor, as_score: Tensor, metrics: Iterable[Metric]
) -> dict[str, Tensor]:
    """Return metrics of every row by name, as `symloss.tasks.metrics.measure.measure_all` has them.

    Args:
        scores: shape (K, n), raw scores, n >= 1.
        labels: shape (n,).
        as_score: bool of shape (K,), True where a score itself is the prediction, not its sigmoid.
        metrics: which.

    Returns:
        For each name shape (K,), float64.
    """
    wanted = tuple(metrics)
    parts = [
        measure_all_many(wanted, scores[piece], _predictions(scores[piece], as_score[piece]), labels)
        for piece in _pieces(scores)
    ]
    return {one.name: torch.cat([part[one.name] for part in parts]) for one in wanted}


def metric_rows(scores: Tensor, labels: Tensor, as_score: Tensor, metric: Metric) -> Tensor:
    """Return the metric of every row.

    Args:
        scores: shape (K, n), raw scores.
        labels: shape (n,).
        as_score: bool of shape (K,), True where a score itself is the prediction, not its sigmoid.
        metric: which.

    Returns:
        Shape (K,), float64.
    """
    parts = []
    for piece in _pieces(scores):
        part = scores[piece]
        # sigmoids of many scores take time, and what only ranks never looks at them
        predictions = part if metric.ranks else _predictions(part, as_score[piece])
        parts.append(metric.measure_many(part, predictions, labels))
    return torch.cat(parts)


__getattr__ = old_names(__name__)
