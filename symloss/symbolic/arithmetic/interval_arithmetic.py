"""Intervals of doubles, many boxes at a time, with derivatives: fast and rigorous.

Sums, products and quotients are correctly rounded, so one step outwards with
`nextafter` encloses them (exact sums and zeros stay as they are); elementary functions of NumPy are within 4 units in
the last place (NumPy's accuracy tests), and are moved outwards by 16. Ends may
be infinite: [a, inf] is the set of all finite numbers from a on, so 0 * inf is 0.

Logarithms, roots and poles are taken on the part of the argument where they are
defined: the caller asks about points where the function is a real number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sympy import Expr

from symloss.symbolic.arithmetic.enclosure import EnclosureArithmetic, ends_of

Array = Any
"""A double or an array of doubles: constants stay scalars, and NumPy broadcasts."""

_INF = np.inf
_RELATIVE = 16 * 2.0**-52
_TINY = 1e-320
_LARGEST = np.finfo(np.float64).max
_EXACT_FACTORS = (1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True)
class Box:
    """Intervals [low, high] for values and [slope_low, slope_high] for derivatives; no slope means 0."""

    low: Array
    high: Array
    slope_low: Array | None = None
    slope_high: Array | None = None


def _down(x: Array) -> Array:
    return np.nextafter(x, -_INF)


def _up(x: Array) -> Array:
    return np.nextafter(x, _INF)


def _far_down(x: Array) -> Array:
    """Move outwards past the error of an elementary function; +inf becomes the largest double."""
    return np.where(np.isinf(x), _down(x), x - np.abs(x) * _RELATIVE - _TINY)


def _far_up(x: Array) -> Array:
    return np.where(np.isinf(x), _up(x), x + np.abs(x) * _RELATIVE + _TINY)


def _product(a: Array, b: Array) -> Array:
    """Multiply ends, with 0 * inf = 0."""
    c = a * b
    return np.where(np.isnan(c), 0.0, c)


def _times(al: Array, ah: Array, bl: Array, bh: Array) -> tuple[Array, Array]:
    p, q, r, s = al * bl, al * bh, ah * bl, ah * bh
    low = np.minimum(np.minimum(p, q), np.minimum(r, s))
    high = np.maximum(np.maximum(p, q), np.maximum(r, s))
    if np.isnan(low).any():
        p, q, r, s = _product(al, bl), _product(al, bh), _product(ah, bl), _product(ah, bh)
        low = np.minimum(np.minimum(p, q), np.minimum(r, s))
        high = np.maximum(np.maximum(p, q), np.maximum(r, s))
    # Factors of one sign have a product of one sign: this keeps a zero end exact.
    same = ((al >= 0) & (bl >= 0)) | ((ah <= 0) & (bh <= 0))
    opposite = ((al >= 0) & (bh <= 0)) | ((ah <= 0) & (bl >= 0))
    low, high = _down(low), _up(high)
    return np.where(same, np.maximum(low, 0.0), low), np.where(opposite, np.minimum(high, 0.0), high)


def _sum_down(a: Array, b: Array) -> Array:
    """Return a lower bound of a + b, the sum itself where it is exact (Knuth's two-sum shows that)."""
    total = a + b
    part = total - a
    error = (a - (total - part)) + (b - part)
    return np.where(error >= 0, total, _down(total))


def _sum_up(a: Array, b: Array) -> Array:
    total = a + b
    part = total - a
    error = (a - (total - part)) + (b - part)
    return np.where(error <= 0, total, _up(total))


class BoxArithmetic:
    """The arithmetic of `Box`; run it inside `numpy.errstate(all="ignore")`."""

    def number(self, value: Expr) -> Box:
        """Return a constant."""
        if value.is_Integer and abs(value) < 2**53:
            exact = np.float64(int(value))
            return Box(exact, exact)
        low, high = ends_of(EnclosureArithmetic(80).constant(value))
        return Box(np.float64(low), np.float64(high))

    def add(self, a: Box, b: Box) -> Box:
        """Return a + b."""
        low, high = _sum_down(a.low, b.low), _sum_up(a.high, b.high)
        if a.slope_low is None:
            return Box(low, high, b.slope_low, b.slope_high)
        if b.slope_low is None:
            return Box(low, high, a.slope_low, a.slope_high)
        return Box(low, high, _sum_down(a.slope_low, b.slope_low), _sum_up(a.slope_high, b.slope_high))

    def multiply(self, a: Box, b: Box) -> Box:
        """Return a * b."""
        if np.ndim(a.low) == 0 and a.low == a.high and abs(a.low) in _EXACT_FACTORS:
            return _scaled(b, float(a.low))
        if np.ndim(b.low) == 0 and b.low == b.high and abs(b.low) in _EXACT_FACTORS:
            return _scaled(a, float(b.low))
        low, high = _times(a.low, a.high, b.low, b.high)
        slope_low = slope_high = None
        if a.slope_low is not None:
            slope_low, slope_high = _times(a.slope_low, a.slope_high, b.low, b.high)
        if b.slope_low is not None:
            l2, h2 = _times(a.low, a.high, b.slope_low, b.slope_high)
            if slope_low is None:
                slope_low, slope_high = l2, h2
            else:
                slope_low, slope_high = _sum_down(slope_low, l2), _sum_up(slope_high, h2)
        return Box(low, high, slope_low, slope_high)

    def _chain(self, low: Array, high: Array, factor: tuple[Array, Array] | None, a: Box) -> Box:
        if a.slope_low is None or factor is None:
            return Box(low, high)
        return Box(low, high, *_times(*factor, a.slope_low, a.slope_high))

    def power(self, a: Box, exponent: Expr) -> Box:
        """Return a ** exponent."""
        low, high = _power(a.low, a.high, exponent)
        if a.slope_low is None:
            return Box(low, high)
        n = self.number(exponent)
        return self._chain(low, high, _times(n.low, n.high, *_power(a.low, a.high, exponent - 1)), a)

    def raised(self, a: Box, b: Box) -> Box:
        """Return a ** b."""
        return self.exp(self.multiply(b, self.log(a)))

    def maximum(self, a: Box, b: Box) -> Box:
        """Return max(a, b), with the hull of both slopes where either can be the larger."""
        return _choose(a, b, a.low >= b.high, b.low >= a.high, np.maximum)

    def minimum(self, a: Box, b: Box) -> Box:
        """Return min(a, b), with the hull of both slopes where either can be the smaller."""
        return _choose(a, b, a.high <= b.low, b.high <= a.low, np.minimum)

    def absolute(self, a: Box) -> Box:
        """Return |a|."""
        high = np.maximum(-a.low, a.high)
        low = np.maximum(np.maximum(a.low, -a.high), 0.0)
        if a.slope_low is None or a.slope_high is None:
            return Box(low, high)
        positive, negative = a.low >= 0, a.high <= 0
        both = np.maximum(-a.slope_low, a.slope_high)
        slope_low = np.where(positive, a.slope_low, np.where(negative, -a.slope_high, -both))
        slope_high = np.where(positive, a.slope_high, np.where(negative, -a.slope_low, both))
        return Box(low, high, slope_low, slope_high)

    def sign(self, a: Box) -> Box:
        """Return the sign; its derivative is unbounded where a jump is possible."""
        low = np.where(a.low > 0, 1.0, np.where(a.low >= 0, 0.0, -1.0))
        high = np.where(a.high < 0, -1.0, np.where(a.high <= 0, 0.0, 1.0))
        if a.slope_low is None:
            return Box(low, high)
        return Box(low, high, np.where(low == high, 0.0, -_INF), np.where(low == high, 0.0, _INF))

    def log(self, a: Box) -> Box:
        """Return log a, on the positive part of a."""
        low, high = np.maximum(a.low, 0.0), a.high
        defined = high > 0
        # log 1 = 0 is exact; a zero end matters where it meets an unbounded factor.
        result_low = np.where(defined, np.where(low == 1, 0.0, _far_down(np.log(low))), -_INF)
        result_high = np.where(
            defined, np.where(high == 1, 0.0, _far_up(np.log(np.where(defined, high, 1.0)))), _INF
        )
        if a.slope_low is None:
            return Box(result_low, result_high)
        return self._chain(result_low, result_high, _inverse(low, np.where(defined, high, _INF)), a)

    def exp(self, a: Box) -> Box:
        """Return exp a."""
        low, high = np.maximum(_far_down(np.exp(a.low)), 0.0), _far_up(np.exp(a.high))
        return self._chain(low, high, (low, high), a)

    def tanh(self, a: Box) -> Box:
        """Return tanh a."""
        low = np.maximum(_far_down(np.tanh(a.low)), -1.0)
        high = np.minimum(_far_up(np.tanh(a.high)), 1.0)
        if a.slope_low is None:
            return Box(low, high)
        s = self.sigmoid(Box(2 * a.low, 2 * a.high))
        t = self.sigmoid(Box(-2 * a.high, -2 * a.low))
        bell = _times(s.low, s.high, t.low, t.high)
        return self._chain(low, high, _times(np.float64(4.0), np.float64(4.0), *bell), a)

    def atan(self, a: Box) -> Box:
        """Return atan a."""
        low, high = _far_down(np.arctan(a.low)), _far_up(np.arctan(a.high))
        if a.slope_low is None:
            return Box(low, high)
        square_low, square_high = _even(a.low, a.high, 2)
        return self._chain(low, high, _inverse(_down(1 + square_low), _up(1 + square_high)), a)

    def sigmoid(self, a: Box) -> Box:
        """Return 1 / (1 + exp(-a))."""
        low, high = _sigmoid_ends(a.low, a.high)
        if a.slope_low is None:
            return Box(low, high)
        return self._chain(low, high, _times(low, high, *_sigmoid_ends(-a.high, -a.low)), a)


def _scaled(a: Box, factor: float) -> Box:
    """Return a times plus or minus a small power of two, which is exact (only an overflow is cut back)."""
    low, high = (a.low, a.high) if factor > 0 else (a.high, a.low)
    low, high = np.minimum(low * factor, _LARGEST), np.maximum(high * factor, -_LARGEST)
    if a.slope_low is None or a.slope_high is None:
        return Box(low, high)
    slope_low, slope_high = (a.slope_low, a.slope_high) if factor > 0 else (a.slope_high, a.slope_low)
    return Box(
        low, high, np.minimum(slope_low * factor, _LARGEST), np.maximum(slope_high * factor, -_LARGEST)
    )


def _sigmoid_ends(low: Array, high: Array) -> tuple[Array, Array]:
    below = _up(1 + _far_up(np.exp(-low)))
    above = _down(1 + np.maximum(_far_down(np.exp(-high)), 0.0))
    return np.maximum(_down(1 / below), 0.0), np.minimum(_up(1 / above), 1.0)


def _inverse(low: Array, high: Array) -> tuple[Array, Array]:
    """Return 1/[low, high]; an end at 0 is open, a 0 inside gives everything."""
    crosses = (low < 0) & (high > 0)
    null = (low == 0) & (high == 0)
    bottom = np.where(high == 0, -_INF, _down(1 / high))
    top = np.where(low == 0, _INF, _up(1 / low))
    return np.where(crosses | null, -_INF, bottom), np.where(crosses | null, _INF, top)


def _even(low: Array, high: Array, n: int) -> tuple[Array, Array]:
    small = np.maximum(np.maximum(low, -high), 0.0)
    large = np.maximum(-low, high)
    return _raised_down(small, n), _raised_up(large, n)


def _raised_down(x: Array, n: float) -> Array:
    """Return a lower bound of x**n for x >= 0."""
    return np.maximum(_far_down(np.power(x, n)), 0.0)


def _raised_up(x: Array, n: float) -> Array:
    """Return an upper bound of x**n for x >= 0."""
    return np.where(x == 0, 0.0, _far_up(np.power(x, n)))


def _power(low: Array, high: Array, exponent: Expr) -> tuple[Array, Array]:
    if exponent == 0:
        return np.float64(1.0), np.float64(1.0)
    if exponent == 1:
        return low, high
    if exponent < 0:
        return _inverse(*_power(low, high, -exponent))
    if exponent.is_Integer:
        n = int(exponent)
        if n % 2 == 0:
            return _even(low, high, n)
        bottom = np.where(low == 0, 0.0, _far_down(np.power(low, n)))
        return bottom, np.where(high == 0, 0.0, _far_up(np.power(high, n)))
    exponent_float = float(exponent)
    low, high = np.maximum(low, 0.0), np.maximum(high, 0.0)
    error = abs(exponent_float) * 2.0**-52
    result_low, result_high = _raised_down(low, exponent_float), _raised_up(high, exponent_float)
    if exponent.q != 2:
        # The exponent itself is rounded: x**d with |d| <= error is exp(d log x).
        result_low = np.maximum(
            _far_down(result_low * np.exp(-error * np.abs(np.log(np.maximum(low, 1e-300))))), 0.0
        )
        result_high = _far_up(result_high * np.exp(error * np.abs(np.log(np.clip(high, 1e-300, 1e300)))))
    return result_low, result_high


def _choose(a: Box, b: Box, first: Array, second: Array, extremum: np.ufunc) -> Box:
    low, high = extremum(a.low, b.low), extremum(a.high, b.high)
    if a.slope_low is None and b.slope_low is None:
        return Box(low, high)
    zero = np.float64(0.0)
    al, ah = (zero if a.slope_low is None else a.slope_low), (zero if a.slope_high is None else a.slope_high)
    bl, bh = (zero if b.slope_low is None else b.slope_low), (zero if b.slope_high is None else b.slope_high)
    slope_low = np.where(first, al, np.where(second, bl, np.minimum(al, bl)))
    slope_high = np.where(first, ah, np.where(second, bh, np.maximum(ah, bh)))
    return Box(low, high, slope_low, slope_high)
