"""Intervals of doubles with derivatives: fast and rigorous, for boxes that are not too small.

A number is (low, high, slope low, slope high). Each result is moved outwards by
one unit in the last place for the exactly rounded operations and by a few for the
library functions, whose errors stay below that. Anything undefined becomes the
whole line, so a box never claims too much.
"""

from __future__ import annotations

import math
from typing import Any

from sympy import Expr

from symloss.symbolic.arithmetic.enclosure import EnclosureArithmetic, Range
from symloss.symbolic.arithmetic.precise import to_mpf

Box = tuple[float, float, float, float]

INF = math.inf
_LIBRARY_ERROR = 4 * 2.0**-52
_TINY = 5e-324


def down(x: float) -> float:
    """Return the next double below."""
    return math.nextafter(x, -INF)


def up(x: float) -> float:
    """Return the next double above."""
    return math.nextafter(x, INF)


def _wide(low: float, high: float) -> tuple[float, float]:
    """Allow for the error of a library function."""
    return down(low - abs(low) * _LIBRARY_ERROR), up(high + abs(high) * _LIBRARY_ERROR)


def plus(a: float, b: float, c: float, d: float) -> tuple[float, float]:
    """Return [a, b] + [c, d]."""
    low, high = a + c, b + d
    # A sum that is zero is exact: addition never underflows.
    return (-INF if low != low else low and down(low)), (INF if high != high else high and up(high))


def times(a: float, b: float, c: float, d: float) -> tuple[float, float]:
    """Return [a, b] * [c, d]; zero times infinity is zero, for infinity stands for large finite numbers."""
    if a == 0 == b or c == 0 == d:
        return 0.0, 0.0
    p = a * c if a and c else 0.0
    q = a * d if a and d else 0.0
    r = b * c if b and c else 0.0
    s = b * d if b and d else 0.0
    low, high = down(min(p, q, r, s)), up(max(p, q, r, s))
    if (a >= 0 and c >= 0) or (b <= 0 and d <= 0):
        return max(low, 0.0), high
    if (a >= 0 and d <= 0) or (b <= 0 and c >= 0):
        return low, min(high, 0.0)
    return low, high


def inverse(a: float, b: float) -> tuple[float, float]:
    """Return 1 / [a, b]."""
    if a > 0 or b < 0:
        return down(1 / b), up(1 / a)
    if a == 0 < b:
        return down(1 / b), INF
    if b == 0 > a:
        return -INF, up(1 / a)
    return -INF, INF


def raised(a: float, b: float, n: int) -> tuple[float, float]:
    """Return [a, b] ** n for an integer n."""
    if n < 0:
        return inverse(*raised(a, b, -n))
    if n == 0:
        return 1.0, 1.0
    if n == 1:
        return a, b
    try:
        p, q = a**n, b**n
    except OverflowError:
        return (0.0 if n % 2 == 0 else -INF), INF
    if n % 2 or a >= 0:
        return _clip(*_wide(p, q), 0.0 if a >= 0 else -INF)
    if b <= 0:
        return _clip(*_wide(q, p), 0.0)
    return 0.0, _wide(0.0, max(p, q))[1]


def _clip(low: float, high: float, floor: float) -> tuple[float, float]:
    return max(low, floor), high


class FloatBoxes:
    """The arithmetic of boxes, for `symloss.symbolic.arithmetic.tape.Tape.run`; smooth functions and kinks."""

    def __init__(self) -> None:
        """Start with no constants known."""
        self._numbers: dict[Expr, Box] = {}
        self._constants = EnclosureArithmetic(80)

    def number(self, value: Expr) -> Box:
        """Return a constant."""
        found = self._numbers.get(value)
        if found is None:
            found = self._number(value)
            self._numbers[value] = found
        return found

    def _number(self, value: Expr) -> Box:
        if value.is_Integer and abs(value) < 2**53:
            return float(value), float(value), 0.0, 0.0
        enclosed: Range = self._constants.constant(value)
        low, high = (_to_float(end) for end in enclosed)
        return down(low), up(high), 0.0, 0.0

    def add(self, a: Box, b: Box) -> Box:
        """Return a + b."""
        return *plus(a[0], a[1], b[0], b[1]), *_slope_sum(a[2], a[3], b[2], b[3])

    def multiply(self, a: Box, b: Box) -> Box:
        """Return a * b."""
        value = times(a[0], a[1], b[0], b[1])
        if a is b:
            value = raised(a[0], a[1], 2)
        left = times(a[2], a[3], b[0], b[1])
        right = times(a[0], a[1], b[2], b[3])
        return *value, *_slope_sum(*left, *right)

    def _chain(self, value: tuple[float, float], factor: tuple[float, float], a: Box) -> Box:
        return *value, *times(*factor, a[2], a[3])

    def power(self, a: Box, exponent: Expr) -> Box:
        """Return a ** exponent for a rational exponent."""
        low, high = a[0], a[1]
        if exponent.is_Integer:
            n = int(exponent)
            value = raised(low, high, n)
            factor = times(float(n), float(n), *raised(low, high, n - 1))
            return self._chain(value, factor, a)
        if high < 0:
            return -INF, INF, -INF, INF
        low = max(low, 0.0)
        box = self.number(exponent)
        value = _real_power(low, high, box[0], box[1])
        less = plus(box[0], box[1], -1.0, -1.0)
        return self._chain(value, times(box[0], box[1], *_real_power(low, high, *less)), a)

    def raised(self, a: Box, b: Box) -> Box:
        """Return a ** b."""
        return self.exp(self.multiply(b, self.log(a)))

    def maximum(self, a: Box, b: Box) -> Box:
        """Return max(a, b)."""
        if a[0] > b[1]:
            return a
        if b[0] > a[1]:
            return b
        return max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), max(a[3], b[3])

    def minimum(self, a: Box, b: Box) -> Box:
        """Return min(a, b)."""
        return _negative(self.maximum(_negative(a), _negative(b)))

    def absolute(self, a: Box) -> Box:
        """Return |a|."""
        if a[0] >= 0:
            return a
        if a[1] <= 0:
            return _negative(a)
        slope = max(-a[2], a[3])
        return 0.0, max(-a[0], a[1]), -slope, slope

    def sign(self, a: Box) -> Box:
        """Return the sign."""
        if a[0] > 0:
            return 1.0, 1.0, 0.0, 0.0
        if a[1] < 0:
            return -1.0, -1.0, 0.0, 0.0
        return -1.0, 1.0, -INF, INF

    def log(self, a: Box) -> Box:
        """Return log a."""
        low, high = max(a[0], 0.0), a[1]
        if high <= 0:
            return -INF, INF, -INF, INF
        bottom = -INF if low == 0 else _wide(math.log(low), 0.0)[0]
        top = INF if high == INF else _wide(0.0, math.log(high))[1]
        return self._chain((bottom, top), inverse(low, high), a)

    def exp(self, a: Box) -> Box:
        """Return exp a."""
        value = _exp(a[0], a[1])
        return self._chain(value, value, a)

    def tanh(self, a: Box) -> Box:
        """Return tanh a."""
        low, high = _wide(math.tanh(a[0]), math.tanh(a[1]))
        value = max(low, -1.0), min(high, 1.0)
        factor = plus(1.0, 1.0, *_negated(*raised(*value, 2)))
        return self._chain(value, (max(factor[0], 0.0), factor[1]), a)

    def atan(self, a: Box) -> Box:
        """Return atan a."""
        value = _wide(math.atan(a[0]), math.atan(a[1]))
        return self._chain(value, inverse(*plus(1.0, 1.0, *raised(a[0], a[1], 2))), a)

    def sigmoid(self, a: Box) -> Box:
        """Return 1 / (1 + exp(-a))."""
        value = inverse(*plus(1.0, 1.0, *_exp(-a[1], -a[0])))
        mirrored = inverse(*plus(1.0, 1.0, *_exp(a[0], a[1])))
        return self._chain(value, times(*value, *mirrored), a)


def _slope_sum(a: float, b: float, c: float, d: float) -> tuple[float, float]:
    if a == 0 == b:
        return c, d
    if c == 0 == d:
        return a, b
    return plus(a, b, c, d)


def _negated(low: float, high: float) -> tuple[float, float]:
    return -high, -low


def _negative(a: Box) -> Box:
    return -a[1], -a[0], -a[3], -a[2]


def _exp(low: float, high: float) -> tuple[float, float]:
    bottom = 0.0 if low < -740 else 1e308 if low > 709 else math.exp(low)
    top = INF if high > 709 else _TINY if high < -740 else math.exp(high)
    spread = _wide(bottom, top)
    return max(spread[0], 0.0), max(spread[1], 1e-320)


def _real_power(low: float, high: float, p: float, q: float) -> tuple[float, float]:
    """Return [low, high] ** [p, q] for low >= 0 and a narrow exponent."""
    corners = []
    for base in (low, high):
        for exponent in (p, q):
            if base == 0:
                corners.append(0.0 if exponent > 0 else INF)
            elif base == INF:
                corners.append(INF if exponent > 0 else 0.0)
            else:
                try:
                    corners.append(math.pow(base, exponent))
                except OverflowError:
                    corners.append(INF)
    bottom, top = _wide(min(corners), max(corners))
    return max(bottom, 0.0), top


def _to_float(raw: Any) -> float:
    return float(to_mpf_raw(raw))


def to_mpf_raw(raw: Any) -> Any:
    """Return a raw mpmath number as an mpf."""
    from mpmath import mp

    return mp.make_mpf(raw)


def constant_box(value: Any) -> Box:
    """Return a point given as a rational number."""
    number = float(to_mpf(value))
    return down(number), up(number), 0.0, 0.0
