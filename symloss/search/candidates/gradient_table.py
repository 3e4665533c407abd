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
_ROOM = 256
"""Gradients that there is room for at first; it doubles when it is full."""


class GradientTable:
    """Numbers for distinct gradients, in order of arrival."""

    def __init__(
        self,
        n_points: int,
        delta: float,
        confirm: Callable[[int, int], bool] | None = None,
        added: Callable[[int, int], None] | None = None,
    ) -> None:
        """Make an empty table.

        Args:
            n_points: entries of a gradient.
            delta: the tolerance.
            confirm: asked as confirm(known, row) before a gradient counts as known: a place for an exact test.
            added: told as added(number, row) of a new gradient.
        """
        self._delta = delta
        self._confirm = confirm
        self._added = added
        ramp = 1.0 + np.arange(n_points)
        waves = 1.5 + np.cos(2.4 * np.arange(n_points))
        self._weights = ramp / ramp.sum(), waves / waves.sum()
        self._vectors: Float64 = np.empty((_ROOM, n_points))
        self._size = 0
        self._buckets: dict[tuple[int, int], list[int]] = {}

    def __len__(self) -> int:
        """Return the number of distinct gradients."""
        return self._size

    def find_or_add(
        self, gradients: Float64, rows: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Look up finite gradients, adding those that are new.

        Args:
            gradients: float64[K, n_points], seen through asinh.
            rows: int[R], the rows to look up, in this order.

        Returns:
            The number of each row's gradient, int[R], and whether it was new, bool[R].
        """
        seen = gradients[rows]
        low, own, high = self._cells(seen)
        numbers = np.empty(len(rows), np.intp)
        new = np.zeros(len(rows), np.bool_)
        for i, row in enumerate(rows.tolist()):
            cells = itertools.product({low[0][i], high[0][i]}, {low[1][i], high[1][i]})
            found = self._search(seen[i], cells, row)
            if found is None:
                found = self._append(seen[i], (own[0][i], own[1][i]))
                new[i] = True
                if self._added is not None:
                    self._added(found, row)
            numbers[i] = found
        return numbers, new

    def fill(self, vectors: Float64) -> None:
        """Put all gradients of another table, seen through asinh and in order, into this empty one."""
        _, own, _ = self._cells(vectors)
        for vector, first, second in zip(vectors, own[0], own[1], strict=True):
            self._append(vector, (first, second))

    def _cells(self, seen: Float64) -> tuple[list[list[int]], list[list[int]], list[list[int]]]:
        """Return the two cells of each gradient less delta, of itself, and of it plus delta."""
        # sums over rows, not a matrix product: that rounds by the number of rows, and a gradient has one cell.
        # A mean is below 40 in size, and float64 rounding far below delta.
        means = [(seen * weights).sum(axis=1) / self._delta for weights in self._weights]
        low, own, high = (
            [np.floor((mean + shift) / _CELL).astype(np.int64).tolist() for mean in means]
            for shift in (-1.0, 0.0, 1.0)
        )
        return low, own, high

    def _append(self, vector: Float64, cell: tuple[int, int]) -> int:
        if self._size == len(self._vectors):
            self._vectors = np.concatenate([self._vectors, np.empty_like(self._vectors)])
        number = self._size
        self._vectors[number] = vector
        self._buckets.setdefault(cell, []).append(number)
        self._size += 1
        return number

    def _search(self, vector: Float64, cells: itertools.product[tuple[int, int]], row: int) -> int | None:
        found: int | None = None
        for cell in cells:
            for number in self._buckets.get(cell, ()):
                # the oldest match wins, whatever the order of the buckets
                near = (found is None or number < found) and bool(
                    np.abs(self._vectors[number] - vector).max() < self._delta
                )
                if near and (self._confirm is None or self._confirm(number, row)):
                    found = number
        return found
