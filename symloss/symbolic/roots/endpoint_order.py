"""Numbers inside of and around intervals: inner points, enclosing doubles, groups of boxes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from sympy import Rational

from symloss.symbolic.roots.endpoint import Endpoint
from symloss.symbolic.roots.real_roots import Isolated
from symloss.symbolic.undecided import Deadline, UndecidedError


def outer(low: Endpoint, high: Endpoint) -> tuple[float, float]:
    """Return doubles that enclose a finite interval."""
    assert low.low is not None and high.high is not None
    bottom, top = float(low.low), float(high.high)
    if Rational(*bottom.as_integer_ratio()) > low.low:
        bottom = float(np.nextafter(bottom, -np.inf))
    if Rational(*top.as_integer_ratio()) < high.high:
        top = float(np.nextafter(top, np.inf))
    return bottom, top


def as_endpoint(root: Isolated) -> Endpoint:
    """Return an isolated root as an endpoint."""
    return Endpoint("breakpoint", root[0], root[1])


def separated(roots: list[tuple[Isolated, int]], deadline: Deadline) -> list[tuple[Isolated, int]]:
    """Sort roots; their isolating intervals must not meet (roots of different irreducible factors are distinct)."""
    ordered = sorted(roots, key=lambda pair: pair[0])
    for (first, _), (second, _) in pairwise(ordered):
        deadline.check()
        if first[1] >= second[0]:
            raise UndecidedError("two zeros of the gradient are too close")
    return ordered


def inner_rational(low: Endpoint, high: Endpoint) -> Rational:
    """Return a rational number strictly inside."""
    if low.is_infinite and high.is_infinite:
        return Rational(0)
    if low.is_infinite:
        return Rational(high.low) - 1
    if high.is_infinite:
        return Rational(low.high) + 1
    if low.high is None or high.low is None or not low.high < high.low:
        raise UndecidedError("two breakpoints are too close to be told apart")
    return Rational(low.high + high.low) / 2


def groups(boxes: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Join neighbouring boxes."""
    joined: list[tuple[float, float]] = []
    for low, high in sorted(boxes):
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return joined


def simplest_between(low: Rational, high: Rational) -> Rational:
    """Return the rational number with the smallest denominator in [low, high]."""
    if low <= 0 <= high:
        return Rational(0)
    if high < 0:
        return -simplest_between(-high, -low)
    whole = low.p // low.q
    if whole == low:
        return Rational(whole)
    if whole + 1 <= high:
        return Rational(whole + 1)
    return whole + 1 / simplest_between(1 / (high - whole), 1 / (low - whole))


def end_text(end: Endpoint) -> str:
    """Return an end as a short text."""
    if end.is_infinite:
        return "infinity" if end.direction > 0 else "-infinity"
    return f"{end.approximation:g}"
