"""Metrics of predictions as functions: AUC, F1, accuracy, RMSE; `symloss.tasks.metrics` has them as objects.

AUC, F1 and accuracy need labels 0 and 1, both of them present; otherwise they
are NaN. They only depend on the order of the predictions, so raw scores and
their sigmoids give the same, up to ties that the sigmoid's rounding makes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symloss.compile.cpu.jit import njit


@njit
def _sorted_keys(scores: NDArray[np.float32], labels: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Return (order-preserving bits of the score, label bit), sorted by score with a radix sort."""
    n = len(scores)
    keys = np.empty(n, np.uint64)
    for j in range(n):
        # Adding 0 makes -0 equal to 0.
        bits = np.uint64(np.float32(scores[j] + np.float32(0)).view(np.uint32))
        negative = bits >> np.uint64(31)
        ordered = bits ^ (np.uint64(0xFFFFFFFF) if negative else np.uint64(0x80000000))
        keys[j] = (ordered << np.uint64(1)) | np.uint64(labels[j])
    other = np.empty(n, np.uint64)
    # Three digits of 11 bits hold the 32 bits above the label bit.
    for shift in (1, 12, 23):
        first = np.zeros(2049, np.int64)
        for j in range(n):
            first[((keys[j] >> np.uint64(shift)) & np.uint64(2047)) + np.uint64(1)] += 1
        for digit in range(2048):
            first[digit + 1] += first[digit]
        for j in range(n):
            digit = (keys[j] >> np.uint64(shift)) & np.uint64(2047)
            other[first[digit]] = keys[j]
            first[digit] += 1
        keys, other = other, keys
    return keys


@njit
def auc(scores: NDArray[np.float32], labels: NDArray[np.float32]) -> float:
    """Return the area under the ROC curve, exact with ties: P(positive > negative) + P(equal)/2.

    Args:
        scores: shape (n,), float32.
        labels: shape (n,), 0 or 1.

    Returns:
        From 0 to 1; NaN where a score is NaN, a label is neither 0 nor 1, or all labels are the same.
    """
    n = len(scores)
    positives = 0
    for j in range(n):
        if scores[j] != scores[j] or (labels[j] != 0 and labels[j] != 1):
            return np.nan
        positives += labels[j] == 1
    if positives == 0 or positives == n:
        return np.nan
    keys = _sorted_keys(scores, labels)
    # Twice the number of pairs that are in the right order, ties counted once.
    doubled = 0
    below = 0
    start = 0
    while start < n:
        stop = start
        tied_positives = 0
        while stop < n and (keys[stop] >> np.uint64(1)) == (keys[start] >> np.uint64(1)):
            tied_positives += int(keys[stop] & np.uint64(1))
            stop += 1
        tied_negatives = stop - start - tied_positives
        doubled += tied_positives * (2 * below + tied_negatives)
        below += tied_negatives
        start = stop
    return doubled / (2.0 * positives * (n - positives))


@njit
def rmse(predictions: NDArray[np.float32], labels: NDArray[np.float32]) -> float:
    """Return the root of the mean squared error; NaN without rows."""
    total = 0.0
    for j in range(len(labels)):
        error = np.float64(predictions[j]) - np.float64(labels[j])
        total += error * error
    return np.sqrt(total / len(labels)) if len(labels) else np.nan


def f1_and_accuracy(scores: NDArray[np.float32], labels: NDArray[np.float32]) -> tuple[float, float]:
    """Return the best F1 over all thresholds, and the accuracy at that threshold.

    A threshold t predicts 1 where score >= t. Where several are equally good, the lowest counts.

    Args:
        scores: shape (n,).
        labels: shape (n,), 0 or 1.

    Returns:
        NaN twice where a score is NaN, a label is neither 0 nor 1, or all labels are the same.
    """
    positive = labels == 1
    count = int(positive.sum())
    if count in (0, len(labels)) or not ((labels == 0) | positive).all() or np.isnan(scores).any():
        return float("nan"), float("nan")
    descending = np.argsort(scores, kind="stable")[::-1]
    ordered = scores[descending]
    # The last of equal scores: a threshold there takes all of them.
    last = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)
    hits = np.cumsum(positive[descending], dtype=np.int64)[last]
    predicted = last + 1
    f1 = 2 * hits / (predicted + count)
    best = len(f1) - 1 - int(np.argmax(f1[::-1]))
    correct = hits[best] + (len(labels) - count) - (predicted[best] - hits[best])
    return float(f1[best]), float(correct / len(labels))


def sigmoid(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 1 / (1 + e**-score), computed in float64."""
    wide = scores.astype(np.float64)
    small = np.exp(-np.abs(wide))
    return (np.where(wide >= 0, 1.0, small) / (1.0 + small)).astype(np.float32)
