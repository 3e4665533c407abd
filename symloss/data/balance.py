"""Whether labels are out of balance, and which threshold on the ratings would do better."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symloss.data.dataset import Dataset, RatingCounts
from symloss.signature import Labels

LEAST_SHARE, MOST_SHARE = 0.15, 0.85
"""Shares of positives from which a threshold is worth a second thought."""

MOST_VALUES = 1000
"""Of ratings with more distinct values, the shares at so many quantiles are kept."""


def rating_counts(ratings: NDArray[np.number]) -> RatingCounts:
    """Return the distinct ratings in order, and how many rows have each.

    Args:
        ratings: number[n], finite.
    """
    values, counts = np.unique(np.asarray(ratings, np.float64), return_counts=True)
    if len(values) > MOST_VALUES:
        # each kept value stands for those since the one before it
        ends = np.unique(np.linspace(0, len(values) - 1, MOST_VALUES).astype(np.int64))
        counts = np.diff(np.cumsum(counts)[ends], prepend=0)
        values = values[ends]
    return tuple(
        (float(value), int(count)) for value, count in zip(values.tolist(), counts.tolist(), strict=True)
    )


def balancing_threshold(counts: RatingCounts) -> tuple[float, float] | None:
    """Return the threshold whose share of positives is nearest to one half, and that share.

    Args:
        counts: as `rating_counts` gives them.

    Returns:
        None where all ratings are the same. Ratings above a threshold are positive.
    """
    if len(counts) < 2:
        return None
    total = sum(count for _, count in counts)
    below = np.cumsum([count for _, count in counts])[:-1]
    shares = (total - below) / total
    best = int(np.argmin(np.abs(shares - 0.5)))
    return counts[best][0], float(shares[best])


def imbalance(dataset: Dataset) -> str | None:
    """Return a sentence about an extreme share of positives, and what would balance it; None where there is none."""
    labels = [part.labels for part in dataset.parts().values()]
    rows = sum(map(len, labels))
    if dataset.labels is not Labels.BINARY or not rows:
        return None
    share = sum(int((part == 1).sum()) for part in labels) / rows
    if LEAST_SHARE <= share <= MOST_SHARE:
        return None
    text = f"{100 * share:.3g}% of the labels are positive"
    better = balancing_threshold(dataset.ratings)
    if better is None:
        return (
            f"{text}: there are no ratings to choose another threshold by, so accuracy and F1 say little here"
        )
    if abs(better[1] - 0.5) >= abs(share - 0.5):
        return (
            f"{text}, and no threshold on the ratings balances them better: accuracy and F1 say little here"
        )
    return f"{text}: consider --threshold {better[0]:g}, which makes {100 * better[1]:.3g}% positive"
