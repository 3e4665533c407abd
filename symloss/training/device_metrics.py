"""Metrics of all members at once, on the device that holds their scores; the host reads once.

The same numbers as `symloss.training.metrics`: ranks are counted in integers, and
errors are summed in float64.
"""

from __future__ import annotations

import torch
from torch import Tensor

from symloss.training.settings import Metric

_NUMBERS_AT_A_TIME = 4_000_000
"""Limit on members times rows in one piece of work: some 0.3 GB with all that is in between."""


def auc_rows(scores: Tensor, labels: Tensor) -> Tensor:
    """Return the area under the ROC curve of every row, exact with ties.

    Args:
        scores: shape (K, n).
        labels: shape (n,), 0 or 1.

    Returns:
        Shape (K,), float64; NaN where a score is NaN, a label is neither 0 nor 1, or all labels are the same.
    """
    # Adding 0 makes -0 equal to 0 in any sort.
    ordered, place = torch.sort(scores + 0.0, dim=1)
    positive = labels == 1
    negatives = (~positive)[place].to(torch.int64)
    below = torch.nn.functional.pad(negatives.cumsum(1), (1, 0))
    # Negatives with a lower score count twice, those with the same score once.
    lower = below.gather(1, torch.searchsorted(ordered, ordered))
    upper = below.gather(1, torch.searchsorted(ordered, ordered, right=True))
    doubled = ((lower + upper) * (1 - negatives)).sum(1).to(torch.float64)
    count = positive.sum().to(torch.float64)
    # Without positives or without negatives this is 0 / 0.
    area = doubled / (2.0 * count * (len(labels) - count))
    defined = ((labels == 0) | positive).all() & ~torch.isnan(scores).any(1)
    return torch.where(defined, area, torch.nan)


def rmse_rows(predictions: Tensor, labels: Tensor) -> Tensor:
    """Return the root of the mean squared error of every row, shape (K,), float64; NaN without columns."""
    errors = predictions.to(torch.float64) - labels.to(torch.float64)
    return (errors * errors).mean(1).sqrt()


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
    step = max(1, _NUMBERS_AT_A_TIME // max(1, scores.shape[1]))
    for start in range(0, len(scores), step):
        part = scores[start : start + step]
        if metric is Metric.AUC:
            parts.append(auc_rows(part, labels))
        else:
            seen = torch.sigmoid(part.to(torch.float64)).to(part.dtype)
            predictions = torch.where(as_score[start : start + step, None], part, seen)
            parts.append(rmse_rows(predictions, labels))
    return torch.cat(parts)
