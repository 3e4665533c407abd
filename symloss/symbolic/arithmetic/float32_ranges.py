"""Ranges of float32 numbers: where the result of a step can lie, for every float32 operand of given ranges.

A range is closed, its ends are float32 numbers or infinite (held as doubles), and
a flag says whether the result may be NaN. A step is computed in double precision
and its ends are moved outwards to float32 numbers, which encloses the rounded
result: rounding is monotone, and a number that float32 holds stays itself.
Library functions may be off by a few units in the last place and get room for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_INF = np.inf
_ROOM = 2.0**-21
"""Room for the error of a library function: four units in the last place."""
_SUBNORMAL_ROOM = 2.0**-147


@dataclass(frozen=True)
class Range:
    """Float32 numbers from `low` to `high`, each of shape (n,) or (), and NaN where `nan` is set."""

    low: Any
    high: Any
    nan: Any = False

    @property
    def is_zero(self) -> Any:
        """Where the only member is 0."""
        return (self.low == 0) & (self.high == 0) & np.logical_not(self.nan)

    @property
    def has_zero(self) -> Any:
        """Where 0 is a member."""
        return (self.low <= 0) & (self.high >= 0)

    @property
    def has_infinity(self) -> Any:
        """Where plus or minus infinity is a member."""
        return (self.low == -_INF) | (self.high == _INF)

    @property
    def is_finite(self) -> Any:
        """Where all members are finite numbers."""
        return np.logical_not(self.has_infinity | self.nan)


def point(value: float) -> Range:
    """Return the float32 number next to a double."""
    with np.errstate(over="ignore"):
        number = np.float64(np.float32(value))
    return Range(number, number, np.isnan(number))


ONE, HALF, ZERO = point(1.0), point(0.5), point(0.0)


def down(x: Any) -> Any:
    """Return the largest float32 number that is not above a double."""
    x = np.asarray(x, np.float64)
    near = x.astype(np.float32)
    return np.where(near.astype(np.float64) > x, np.nextafter(near, np.float32(-_INF)), near).astype(
        np.float64
    )


def up(x: Any) -> Any:
    """Return the smallest float32 number that is not below a double."""
    return -down(-np.asarray(x, np.float64))


def library(low: Any, high: Any, nan: Any = False) -> Range:
    """Return the range of a library function with these exact values at its ends."""
    return Range(
        down(np.where(np.isinf(low), low, low - np.abs(low) * _ROOM - _SUBNORMAL_ROOM * (low != 0))),
        up(np.where(np.isinf(high), high, high + np.abs(high) * _ROOM + _SUBNORMAL_ROOM * (high != 0))),
        nan,
    )


def clipped(a: Range, low: float, high: float) -> Range:
    """Return the range cut to [low, high]."""
    return Range(np.clip(a.low, low, high), np.clip(a.high, low, high), a.nan)


def either(a: Range, b: Range, where: Any = True) -> Range:
    """Return `a`, and where the condition holds the hull of `a` and `b`."""
    return Range(
        np.where(where, np.minimum(a.low, b.low), a.low),
        np.where(where, np.maximum(a.high, b.high), a.high),
        np.logical_or(a.nan, np.logical_and(where, b.nan)),
    )


def negative(a: Range) -> Range:
    """Return -a."""
    return Range(-a.high, -a.low, a.nan)


def add(a: Range, b: Range) -> Range:
    """Return a + b; infinity - infinity is NaN."""
    clash = ((a.high == _INF) & (b.low == -_INF)) | ((a.low == -_INF) & (b.high == _INF))
    low, high = a.low + b.low, a.high + b.high
    low, high = np.where(np.isnan(low), -_INF, low), np.where(np.isnan(high), _INF, high)
    return Range(down(low), up(high), a.nan | b.nan | clash)


def subtract(a: Range, b: Range) -> Range:
    """Return a - b."""
    return add(a, negative(b))


def _corners(a: Range, b: Range) -> tuple[Any, Any]:
    """Return the ends of all products, with 0 times infinity as 0."""
    products = [x * z for x in (a.low, a.high) for z in (b.low, b.high)]
    products = [np.where(np.isnan(product), 0.0, product) for product in products]
    return np.minimum.reduce(np.broadcast_arrays(*products)), np.maximum.reduce(
        np.broadcast_arrays(*products)
    )


def multiply(a: Range, b: Range) -> Range:
    """Return a * b; 0 times infinity is NaN."""
    low, high = _corners(a, b)
    clash = (a.has_zero & b.has_infinity) | (b.has_zero & a.has_infinity)
    return Range(down(low), up(high), a.nan | b.nan | clash)


def times(derivative: Range, factor: Range) -> Range:
    """Return the product of a derivative and a factor, 0 where the derivative is 0 whatever the factor is."""
    low, high = _corners(derivative, factor)
    clash = factor.nan | (factor.has_zero & derivative.has_infinity)
    nan = derivative.nan | (clash & np.logical_not(derivative.is_zero))
    null = derivative.is_zero
    return Range(np.where(null, 0.0, down(low)), np.where(null, 0.0, up(high)), nan)


def divide(a: Range, b: Range) -> Range:
    """Return a / b; a zero may have either sign, so 1/0 is plus or minus infinity, and 0/0 is NaN."""
    quotients = [x / z for x in (a.low, a.high) for z in (b.low, b.high)]
    quotients = [np.where(np.isnan(quotient), 0.0, quotient) for quotient in quotients]
    low = np.minimum.reduce(np.broadcast_arrays(*quotients))
    high = np.maximum.reduce(np.broadcast_arrays(*quotients))
    pole = b.has_zero
    clash = (pole & a.has_zero) | (a.has_infinity & b.has_infinity)
    return Range(np.where(pole, -_INF, down(low)), np.where(pole, _INF, up(high)), a.nan | b.nan | clash)


def square(a: Range) -> Range:
    """Return a * a."""
    small = np.maximum(np.maximum(a.low, -a.high), 0.0)
    large = np.maximum(-a.low, a.high)
    return Range(down(small * small), up(large * large), a.nan)


def absolute(a: Range) -> Range:
    """Return |a|."""
    return Range(
        np.maximum(np.maximum(a.low, -a.high), 0.0),
        np.maximum(-a.low, a.high),
        a.nan,
    )


def sign(a: Range) -> Range:
    """Return the sign of a."""
    return Range(np.sign(a.low), np.sign(a.high), a.nan)


def maximum(a: Range, b: Range) -> Range:
    """Return max(a, b), NaN if either is."""
    return Range(np.maximum(a.low, b.low), np.maximum(a.high, b.high), a.nan | b.nan)


def log(a: Range) -> Range:
    """Return log a; NaN where a may be negative."""
    low, high = np.maximum(a.low, 0.0), np.maximum(a.high, 0.0)
    return library(np.log(low), np.log(high), a.nan | (a.low < 0))


def sqrt(a: Range) -> Range:
    """Return the root of a; NaN where a may be negative."""
    low, high = np.maximum(a.low, 0.0), np.maximum(a.high, 0.0)
    return Range(down(np.sqrt(low)), up(np.sqrt(high)), a.nan | (a.low < 0))


def exp(a: Range) -> Range:
    """Return exp a."""
    found = library(np.exp(a.low), np.exp(a.high), a.nan)
    return Range(np.maximum(found.low, 0.0), found.high, found.nan)


def whole_power(a: Range, n: int) -> Range:
    """Return a ** n for a whole number n."""
    if n < 0:
        return divide(ONE, whole_power(a, -n))
    if n == 0:
        return Range(np.ones_like(a.low), np.ones_like(a.high), a.nan)
    if n % 2:
        return library(np.power(a.low, n), np.power(a.high, n), a.nan)
    size = absolute(a)
    found = library(np.power(size.low, n), np.power(size.high, n), a.nan)
    return Range(np.maximum(found.low, 0.0), found.high, found.nan)


def power(a: Range, b: Range) -> Range:
    """Return a ** b."""
    exponents = np.unique(np.stack([np.ravel(b.low), np.ravel(b.high)]))
    if len(exponents) == 1 and not np.any(b.nan):
        exponent = float(exponents[0])
        if _is_whole(exponent):
            return whole_power(a, int(exponent))
    found = _positive_power(a, b)
    for exponent in exponents[:_MOST_WHOLE]:
        # Labels 0 and 1: each box has one whole exponent, at which negative numbers have powers too.
        at = (b.low == exponent) & (b.high == exponent)
        if _is_whole(exponent) and np.any(at):
            whole = whole_power(a, int(exponent))
            found = Range(
                np.where(at, whole.low, found.low),
                np.where(at, whole.high, found.high),
                np.where(at, whole.nan | b.nan, found.nan),
            )
    return found


_MOST_WHOLE = 4
"""Exponents that are looked at one by one in a row of boxes."""


def _is_whole(exponent: float) -> bool:
    return bool(np.isfinite(exponent)) and exponent == int(exponent) and abs(exponent) < 2**24


def _positive_power(a: Range, b: Range) -> Range:
    """Return a ** b; NaN where a may be negative."""
    low, high = np.maximum(a.low, 0.0), np.maximum(a.high, 0.0)
    corners = np.broadcast_arrays(
        *(np.power(base, exponent) for base in (low, high) for exponent in (b.low, b.high))
    )
    nan = a.nan | b.nan | (a.low < 0) | (b.has_infinity & (low <= 1) & (high >= 1))
    found = library(np.minimum.reduce(corners), np.maximum.reduce(corners), nan)
    return Range(np.maximum(found.low, 0.0), found.high, found.nan)
