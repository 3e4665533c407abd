"""Which numbers of the generated code are sure to be finite, by intervals.

A slope of 0 times an infinite factor would be NaN where the training rules say 0
(`symloss.compile.reference`). The generated code guards such a product; where
the factor can't be infinite in float32 and float64 the guard is left out, and the
code reads as plain mathematics. Raw scores and real labels count as at most 1e15.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from symloss.export.node import Node
from symloss.ops.constants import GUARD_LIMIT
from symloss.signature import Domain, Input

Range = tuple[float, float]

LARGEST_INPUT = 1e15
_ANY: Range = (-math.inf, math.inf)
_MARGIN = 2.0
"""Ranges are computed with rounding; what comes within this factor of the largest number counts as infinite."""


@dataclass(frozen=True)
class _Format:
    """A floating point format: its smallest normal and largest number, and half its spacing below 1."""

    tiny: float
    largest: float
    below_one: float


_FORMATS = (_Format(2.0**-126, 3.4e38, 2.0**-24), _Format(2.0**-1022, 1.7e308, 2.0**-53))


class Finiteness:
    """Answers whether a node is finite for every input of a domain."""

    def __init__(self, domain: Domain, lowest_eps: float) -> None:
        """Start with the ranges of the variables.

        Args:
            domain: what yhat and y can be.
            lowest_eps: the smallest eps that the generated code takes.
        """
        self._known: list[dict[Node, Range]] = []
        for form in _FORMATS:
            probability = (form.tiny, 1 - form.below_one)
            self._known.append(
                {
                    Node("yhat"): probability
                    if domain.input is Input.PROBABILITY
                    else _real(domain.yhat_range, form.tiny),
                    Node("y"): _real(domain.y_range, 0.0),
                    Node("eps"): (lowest_eps, 1000.0),
                }
            )

    def sure(self, node: Node) -> bool:
        """Whether the node is finite in float32 and in float64."""
        for form, known in zip(_FORMATS, self._known, strict=True):
            low, high = _range(node, known, form.largest / _MARGIN)
            if not (math.isfinite(low) and math.isfinite(high)):
                return False
        return True


def _real(ends: tuple[float, float], lowest: float) -> Range:
    """Return an interval within the numbers that the code is made for; `lowest` is the first above 0."""
    low, high = ends
    return (-LARGEST_INPUT if low < 0 else max(low, lowest)), min(high, LARGEST_INPUT)


def _range(root: Node, known: dict[Node, Range], largest: float) -> Range:
    """Return the range of a node, computed operands first, without recursion."""
    waiting = [root]
    while waiting:
        node = waiting[-1]
        missing = [argument for argument in node.arguments if argument not in known]
        if node in known:
            waiting.pop()
        elif missing:
            waiting += missing
        else:
            known[node] = _rule(node, [known[argument] for argument in node.arguments], largest)
            waiting.pop()
    return known[root]


def _rule(node: Node, ranges: list[Range], largest: float) -> Range:
    if node.is_number:
        return (node.number, node.number)
    rule = _RULES.get(node.operation)
    if rule is None or any(math.isinf(end) for pair in ranges for end in pair):
        return _ANY
    low, high = rule(*ranges)
    return (low, high) if -largest < low <= high < largest else _ANY


def _product(a: Range, b: Range) -> Range:
    ends = [x * y for x in a for y in b]
    return min(ends), max(ends)


def _square(a: Range) -> Range:
    ends = (a[0] * a[0], a[1] * a[1])
    return (0.0 if a[0] <= 0 <= a[1] else min(ends)), max(ends)


def _quotient(a: Range, b: Range) -> Range:
    if b[0] <= 0 <= b[1]:
        return _ANY
    ends = [math.inf if abs(y) < 1e-307 and abs(x) > 1 else x / y for x in a for y in b]
    return min(ends), max(ends)


def _exp(a: Range) -> Range:
    return (math.exp(a[0]), math.exp(a[1])) if a[1] < 700 else _ANY


def _log(a: Range) -> Range:
    return (math.log(a[0]), math.log(a[1])) if a[0] > 0 else _ANY


def _sqrt(a: Range) -> Range:
    return (math.sqrt(a[0]), math.sqrt(a[1])) if a[0] >= 0 else _ANY


def _power(a: Range, b: Range) -> Range:
    if a[0] < 0 or (a[0] == 0 and b[0] < 0):
        return _ANY
    try:
        ends = [x**y for x in a for y in b]
    except OverflowError:
        return _ANY
    return min(ends), max(ends)


def _absolute(a: Range) -> Range:
    return (0.0 if a[0] <= 0 <= a[1] else min(map(abs, a))), max(map(abs, a))


def _smoothed(outer: Callable[[float], float]) -> Callable[[Range, Range], Range]:
    def rule(a: Range, s: Range) -> Range:
        size = max(map(abs, a))
        ends = [abs(outer(inner)) for inner in (s[0], s[1], size + s[0], size + s[1])]
        return -max(ends), max(ends)

    return rule


def _hull(*ranges: Range) -> Range:
    return min(low for low, _ in ranges), max(high for _, high in ranges)


_RULES: dict[str, Callable[..., Range]] = {
    "add": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "subtract": lambda a, b: (a[0] - b[1], a[1] - b[0]),
    "multiply": _product,
    "keep_zero": lambda a, b: _hull(_product(a, b), (0.0, 0.0)),
    "divide": _quotient,
    "negate": lambda a: (-a[1], -a[0]),
    "square": _square,
    "log": _log,
    "exp": _exp,
    "sqrt": _sqrt,
    "power": _power,
    "abs": _absolute,
    "sign": lambda a: (-1.0 if a[0] < 0 else 0.0, 1.0 if a[1] > 0 else 0.0),
    "tanh": lambda a: (math.tanh(a[0]), math.tanh(a[1])),
    "sigmoid": lambda a: (0.0, 1.0),
    "atan": lambda a: (math.atan(a[0]), math.atan(a[1])),
    "maximum": lambda a, b: (max(a[0], b[0]), max(a[1], b[1])),
    "minimum": lambda a, b: (min(a[0], b[0]), min(a[1], b[1])),
    "slope_of_larger": lambda a, b, da, db: _hull(da, db),
    "slope_of_smaller": lambda a, b, da, db: _hull(da, db),
    "within_guard": lambda a, slope: _hull(slope, (0.0, 0.0)),
    "below_cutoff": lambda a, slope: _hull(slope, (0.0, 0.0)),
    "unless_zero": lambda b, slope: _hull(slope, (0.0, 0.0)),
    "unless_power_of_zero": lambda a, b, slope: _hull(slope, (0.0, 0.0)),
    "guard": lambda a: (max(a[0], -GUARD_LIMIT), min(a[1], GUARD_LIMIT)),
    "pexp": lambda a: (0.0, float(GUARD_LIMIT)),
    "plog": _smoothed(math.log),
    "recip": _smoothed(lambda inner: 1 / inner),
    "psqrt": _smoothed(math.sqrt),
    "plog_slope": _smoothed(lambda inner: 1 / inner),
    "recip_slope": _smoothed(lambda inner: inner**-2),
    "psqrt_slope": _smoothed(lambda inner: inner**-0.5),
    "plog_curvature": _smoothed(lambda inner: inner**-2),
    "recip_curvature": _smoothed(lambda inner: 2 * inner**-3),
    "psqrt_curvature": _smoothed(lambda inner: inner**-1.5),
    "root_of_one_plus_square": lambda b: (1.0, math.hypot(1.0, *b)),
}
