"""Known gradients, to be found again in constant time.

A gradient is a vector of its values at fixed points, seen through asinh: near 0
that is the value itself, far away its logarithm, so one tolerance delta is
absolute for small gradients and relative for large ones. Two gradients are the
same if no entry differs by delta or more.

Two weighted means of the entries, each with weights that sum to 1, differ by
less than delta for the same gradient; a grid over the two gives the buckets, and
a gradient within delta of a bucket's border is looked up on both sides.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

_CELL = 8.0
"""Width of a bucket in units of delta: wide enough that a border is rarely near."""


class GradientTable:
    """Numbers for distinct gradients, in order of arrival."""

    def __init__(
        self, n_points: int, delta: float, confirm: Callable[[int, int], bool] | None = None
    ) -> None:
        """Make an empty table.

        Args:
            n_points: entries of a gradient.
            delta: the tolerance.
            confirm: asked as confirm(known, row) before a gradient counts as known: a place for an exact test.
        """
        self._delta = delta
        self._confirm = confirm
        ramp = 1.0 + np.arange(n_points)
        waves = 1.5 + np.cos(2.4 * np.arange(n_points))
        self._weights = np.stack([ramp / ramp.sum(), waves / waves.sum()], axis=1)
        self._vectors: list[Float64] = []
        self._buckets: dict[tuple[int, int], list[int]] = {}

    def __len__(self) -> int:
        """Return the number of distinct gradients."""
        return len(self._vectors)

    def find_or_add(
        self, gradients: Float64, rows: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Look up finite gradients, adding those that are new.

        Args:
            gradients: float64[K, n_points].
            rows: int[R], the rows to look up, in this order.

        Returns:
            The number of each row's gradient, int[R], and whether it was new, bool[R].
        """
        seen = np.arcsinh(gradients[rows])
        means = seen @ self._weights
        # a mean is below 40 in size, and float64 rounding far below delta
        low = np.floor((means / self._delta - 1.0) / _CELL).astype(np.int64)
        high = np.floor((means / self._delta + 1.0) / _CELL).astype(np.int64)
        own = np.floor(means / self._delta / _CELL).astype(np.int64)
        numbers = np.empty(len(rows), np.intp)
        new = np.zeros(len(rows), np.bool_)
        for i, row in enumerate(rows):
            cells = itertools.product({low[i, 0], high[i, 0]}, {low[i, 1], high[i, 1]})
            found = self._search(seen[i], cells, int(row))
            if found is None:
                found = len(self._vectors)
                self._vectors.append(seen[i].copy())
                self._buckets.setdefault((int(own[i, 0]), int(own[i, 1])), []).append(found)
                new[i] = True
            numbers[i] = found
        return numbers, new

    def _search(
        self, vector: Float64, cells: itertools.product[tuple[np.int64, np.int64]], row: int
    ) -> int | None:
        found: int | None = None
        for cell in cells:
            for number in self._buckets.get((int(cell[0]), int(cell[1])), ()):
                # the oldest match wins, whatever the order of the buckets
                near = (found is None or number < found) and bool(
                    np.abs(self._vectors[number] - vector).max() < self._delta
                )
                if near and (self._confirm is None or self._confirm(number, row)):
                    found = number
        return found
