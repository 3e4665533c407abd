"""Wilcoxon's exact signed-rank test, and Holm's correction for several tests.

Sources: Wilcoxon, Individual Comparisons by Ranking Methods, 1945; Holm, A Simple
Sequentially Rejective Multiple Test Procedure, 1979.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def wilcoxon_p(differences: NDArray[Any]) -> float:
    """Return the exact two-sided p-value of Wilcoxon's signed-rank test.

    Differences of zero are left out (Wilcoxon's rule), equal sizes share their mean rank; the
    distribution is counted over all signs, so ties need no approximation.

    Args:
        differences: shape (n,), finite.
    """
    from scipy.stats import rankdata

    nonzero = np.asarray(differences, np.float64)
    nonzero = nonzero[nonzero != 0]
    if not len(nonzero):
        return 1.0
    # twice the rank is a whole number, also where ranks are shared
    doubled = np.rint(2 * rankdata(np.abs(nonzero))).astype(int)
    total = int(doubled.sum())
    ways = np.zeros(total + 1)
    ways[0] = 1.0
    for rank in doubled:
        shifted = np.zeros_like(ways)
        shifted[rank:] = ways[: total + 1 - rank]
        ways = (ways + shifted) / 2
    positive = int(doubled[nonzero > 0].sum())
    return float(min(1.0, 2 * ways[: min(positive, total - positive) + 1].sum()))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values after Holm's correction, in the order given."""
    order = np.argsort(p_values, kind="stable")
    adjusted = np.empty(len(p_values))
    largest = 0.0
    for place, k in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[k]))
        adjusted[k] = largest
    return [float(value) for value in adjusted]
