"""Metrics of many models at once, on the device that holds their scores.

The same numbers as `symloss.tasks.auc_rmse`: ranks are counted in integers, and
errors are summed in float64.
"""

from __future__ import annotations

import torch
from torch import Tensor


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


def mse_rows(predictions: Tensor, labels: Tensor) -> Tensor:
    """Return the mean squared error of every row, shape (K,), float64; NaN without columns."""
    errors = predictions.to(torch.float64) - labels.to(torch.float64)
    return (errors * errors).mean(1)


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
