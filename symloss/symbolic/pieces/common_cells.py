"""Common refinement of the pieces of two labels."""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Rational

from symloss.symbolic.pieces.resolve import Piece
from symloss.symbolic.roots.endpoint import Endpoint


@dataclass(frozen=True)
class Cell:
    """An interval on which both labels have one piece each; `inside` is a rational number in it."""

    low: Endpoint
    high: Endpoint
    first: Piece
    second: Piece
    inside: Rational

    def points(self) -> tuple[Rational, ...]:
        """Return a few rational numbers in the cell, none of them its middle."""
        reach = Rational(1)
        for end in (self.low, self.high):
            if end.low is not None and end.high is not None:
                reach = min(reach, abs(self.inside - end.low), abs(self.inside - end.high))
        return tuple(
            self.inside + reach * share for share in (Rational(-41, 97), Rational(0), Rational(29, 83))
        )


def common_cells(first: tuple[Piece, ...], second: tuple[Piece, ...]) -> list[Cell] | None:
    """Return the cells from left to right, or None where two breakpoints can't be put in order."""
    cells: list[Cell] = []
    i = j = 0
    low = first[0].low
    while i < len(first) and j < len(second):
        a, b = first[i].high, second[j].high
        order = _order(a, b)
        if order is None:
            return None
        high = a if order <= 0 else b
        inside = _between(low, high)
        if inside is None:
            return None
        cells.append(Cell(low, high, first[i], second[j], inside))
        i += order <= 0
        j += order >= 0
        low = high
    return cells


def _order(a: Endpoint, b: Endpoint) -> int | None:
    if a.is_infinite or b.is_infinite:
        return int(a.is_infinite) - int(b.is_infinite)
    if a.low is None or b.low is None or a.high is None or b.high is None:
        return None
    if a.is_rational and b.is_rational:
        return int(bool(a.low > b.low)) - int(bool(a.low < b.low))
    if a == b:
        return 0
    for width in (Rational(1, 10**6), Rational(1, 10**20), Rational(1, 10**50)):
        a, b = a.refine(width), b.refine(width)
        if a.high < b.low:
            return -1
        if b.high < a.low:
            return 1
    return None


def _between(low: Endpoint, high: Endpoint) -> Rational | None:
    if low.is_infinite and high.is_infinite:
        return Rational(0)
    if low.is_infinite:
        return Rational(high.low) - 1
    if high.is_infinite:
        return Rational(low.high) + 1
    for width in (Rational(1, 10**6), Rational(1, 10**20), Rational(1, 10**50)):
        left, right = low.refine(width).high, high.refine(width).low
        if left is not None and right is not None and left < right:
            return Rational(left + right) / 2
    return None
