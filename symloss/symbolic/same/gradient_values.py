"""Gradients at a few points in 60 digits: the cheap test that tells most losses apart before any pair is compared.

The points are those at which `symloss.symbolic.same.same_gradient` looks for a difference first, so what is told apart
here would be told apart there, one pair at a time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symloss.formula.spec import LossSpec
from symloss.symbolic.arithmetic.precise import is_real
from symloss.symbolic.same.comparison import eps_points, label_points, numeric_gradient, prediction_points
from symloss.symbolic.worker.ask import ask

Values = NDArray[np.float64]
"""Gradients, rounded, of shape (groups, points): one group a label, or one for all labels where they share a factor."""

SMALLEST, LARGEST = 1e-25, 1e250
"""Sizes between which a rounded gradient is taken for what it is; 0 is taken where it is exact."""

VISIBLE = 1e-9
"""Ratios that differ by more than this, relatively, are different."""


def gradient_values(loss: LossSpec, time_limit: float) -> Values | None:
    """Return the gradients of a loss at the points, NaN where one is not sure; None where the time was too short."""
    answer = ask(evaluated, loss, seconds=time_limit)
    return answer.parts[0] if answer.parts else None


def evaluated(loss: LossSpec) -> Iterator[Values]:
    """Yield the gradients of a loss, evaluated in this process."""
    open_eps = eps_points(loss, loss)[0]
    found = [
        [_rounded(numeric_gradient(loss, point, label, open_eps)) for point in prediction_points(loss)]
        for label in label_points(loss)
    ]
    yield np.array(found).reshape(1 if loss.domain.label_values is None else len(found), -1)


def _rounded(value: Any) -> float:
    if not is_real(value):
        return math.nan
    if value == 0:
        return 0.0
    return float(value) if SMALLEST < abs(value) < LARGEST else math.nan


class KnownValues:
    """The values of losses of one domain, to be compared with those of the next."""

    def __init__(self) -> None:
        """Start empty."""
        self._numbers: list[int] = []
        self._values: list[Values] = []
        self._unknown: list[int] = []

    def add(self, number: int, values: Values | None) -> None:
        """Remember the values of a loss by its number; numbers grow."""
        if values is None:
            self._unknown.append(number)
        else:
            self._numbers.append(number)
            self._values.append(values)

    def not_surely_different(self, values: Values | None) -> list[int]:
        """Return the numbers of those that may have the same gradient up to a factor, in order."""
        if values is None or not self._values:
            return sorted([*self._numbers, *self._unknown])
        known = np.array(self._values)
        with np.errstate(all="ignore"):
            ratio = known / values
            one_is_zero = (known == 0) != (values == 0)
            sure = ~np.isnan(known) & ~np.isnan(values)
            ratio[~sure | (values == 0) | (known == 0)] = np.nan
            lowest, highest = np.fmin.reduce(ratio, axis=2), np.fmax.reduce(ratio, axis=2)
            apart = (lowest < 0) | (highest > lowest * (1 + VISIBLE))
        different = (one_is_zero & sure).any(axis=(1, 2)) | apart.any(axis=1)
        return sorted([*(n for n, d in zip(self._numbers, different, strict=True) if not d), *self._unknown])
