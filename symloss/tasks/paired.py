"""What the rows of a part leave open about the difference of two models: the variance of a metric over rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CONFIDENCE = 0.95


@dataclass(frozen=True, eq=False)
class Influence:
    """A metric for each seed, and what each row contributes to its mean over seeds.

    Attributes:
        by_seed: shape (seeds,).
        classes: contributions of the rows, one array for each class of rows that is sampled by itself: those of
            positives and of negatives for the AUC, of all rows for an error. They vary as the metric does when other
            rows are drawn.
        method: what that is called: "DeLong", "delta method".
    """

    by_seed: Array
    classes: tuple[Array, ...]
    method: str


@dataclass(frozen=True)
class RowsTest:
    """What the test rows leave open.

    Attributes:
        difference: of the metric averaged over seeds; positive where the first loss is better.
        interval: 95% interval of it over test parts.
        p: two-sided.
        rows: in the test part.
        method: "DeLong" or "delta method".
    """

    difference: float
    interval: tuple[float, float]
    p: float
    rows: int
    method: str


def rows_test(
    first: Influence, second: Influence, sign: float, rows: int, level: float = CONFIDENCE
) -> RowsTest | None:
    """Compare two models on the same rows.

    Args:
        first, second: of the models, for the same seeds and rows.
        sign: 1 where more of the metric is better, -1 for an error.
        rows: how many there are.
        level: of the interval, in (0, 1).

    Returns:
        None where a class has fewer than two rows.
    """
    from scipy import stats

    difference = float((sign * (first.by_seed - second.by_seed)).mean())
    contributions = [sign * (a - b) for a, b in zip(first.classes, second.classes, strict=True)]
    if any(len(values) < 2 for values in contributions):
        return None
    error = math.sqrt(sum(float(values.var(ddof=1)) / len(values) for values in contributions))
    half = float(stats.norm.ppf((1 + level) / 2)) * error
    p = float(2 * stats.norm.sf(abs(difference) / error)) if error > 0 else float(difference == 0)
    return RowsTest(difference, (difference - half, difference + half), p, rows, first.method)
