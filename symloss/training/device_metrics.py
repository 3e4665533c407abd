"""Metrics of all members at once, on the device that holds their scores; the host reads once.

The same numbers as `symloss.tasks.auc_rmse`: ranks are counted in integers, and
errors are summed in float64.
"""

from __future__ import annotations

import torch
from torch import Tensor

from symloss.tasks.auc_rmse import NAMES
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


def mae_rows(predictions: Tensor, labels: Tensor) -> Tensor:
    """Return the mean absolute error of every row, shape (K,), float64; NaN without columns."""
    return (predictions.to(torch.float64) - labels.to(torch.float64)).abs().mean(1)


def f1_and_accuracy_rows(scores: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return the best F1 of every row over all thresholds, and the accuracy at that threshold.

    A threshold t predicts 1 where score >= t. Where several are equally good, the lowest counts.

    Args:
        scores: shape (K, n), n >= 1.
        labels: shape (n,), 0 or 1.

    Returns:
        Two of shape (K,), float64; NaN where a score is NaN, a label is neither 0 nor 1, or all labels are the
        same.
    """
    rows = len(labels)
    ordered, place = torch.sort(scores + 0.0, dim=1, descending=True)
    positive = labels == 1
    count = positive.sum()
    hits = positive[place].to(torch.int64).cumsum(1)
    predicted = torch.arange(1, rows + 1, device=scores.device)
    # A threshold takes all of the scores that are equal: it is at the last of them.
    last = torch.ones_like(ordered, dtype=torch.bool)
    last[:, :-1] = ordered[:, 1:] != ordered[:, :-1]
    f1 = torch.where(last, (2 * hits).to(torch.float64) / (predicted + count).to(torch.float64), -1.0)
    value = f1.amax(1, keepdim=True)
    best = torch.where(f1 == value, predicted - 1, -1).amax(1, keepdim=True)
    correct = hits.gather(1, best) + (rows - count) - (best + 1 - hits.gather(1, best))
    defined = ((labels == 0) | positive).all() & (count > 0) & (count < rows) & ~torch.isnan(scores).any(1)
    accuracy = correct[:, 0].to(torch.float64) / rows
    return torch.where(defined, value[:, 0], torch.nan), torch.where(defined, accuracy, torch.nan)


def _predictions(scores: Tensor, as_score: Tensor) -> Tensor:
    """Return scores where they are the prediction, else their sigmoids, computed in float64."""
    seen = torch.sigmoid(scores.to(torch.float64)).to(scores.dtype)
    return torch.where(as_score[:, None], scores, seen)


def _pieces(scores: Tensor) -> list[slice]:
    step = max(1, _NUMBERS_AT_A_TIME // max(1, scores.shape[1]))
    return [slice(start, start + step) for start in range(0, len(scores), step)]


def every_metric_rows(scores: Tensor, labels: Tensor, as_score: Tensor) -> dict[str, Tensor]:
    """Return every metric of every row by name, as `symloss.tasks.auc_rmse.all_metrics` has them.

    Args:
        scores: shape (K, n), raw scores, n >= 1.
        labels: shape (n,).
        as_score: bool of shape (K,), True where a score itself is the prediction, not its sigmoid.

    Returns:
        For each name shape (K,), float64.
    """
    parts = []
    for piece in _pieces(scores):
        part = scores[piece]
        predictions = _predictions(part, as_score[piece])
        f1, accuracy = f1_and_accuracy_rows(part, labels)
        found = (
            auc_rows(part, labels), f1, accuracy, rmse_rows(predictions, labels), mae_rows(predictions, labels)
        )  # fmt: skip
        parts.append(torch.stack(found))
    return dict(zip(NAMES, torch.cat(parts, 1), strict=True))


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
        if metric is Metric.AUC:
            parts.append(auc_rows(part, labels))
        else:
            parts.append(rmse_rows(_predictions(part, as_score[piece]), labels))
    return torch.cat(parts)
