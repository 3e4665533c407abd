"""Value and derivative of any loss expression at a point, in 60 digits (forward-mode dual numbers).

It walks the expression as it was written and knows nothing of pieces or normal
forms, so it can verify the witnesses that those produce. At a kink the
derivative is the mean of both sides, at a jump it is 0, as in every back end.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import mpmath
import sympy
from mpmath import mp, mpf
from sympy import Abs, Expr, Max, Min, sign

from symloss.ops.constants import GUARD_LIMIT
from symloss.ops.protected import aq, guard, pexp, plog, psqrt, recip, sigmoid
from symloss.signature import yhat

DIGITS = 60

Dual = tuple[Any, Any]


def to_mpf(value: Any) -> Any:
    """Return a rational number, float, integer or real constant expression as an mpf of the working precision."""
    if isinstance(value, sympy.Rational):
        return mpf(int(value.p)) / int(value.q)
    if isinstance(value, Expr):
        return _constant(value, mp.dps)
    return mpf(value)


@lru_cache(maxsize=4096)
def _constant(value: Expr, digits: int) -> Any:
    number = value.evalf(digits + 5)
    return mp.make_mpf(number._mpf_) if number.is_Float or number.is_Rational else mp.nan


def precise(expression: Expr, point: Mapping[sympy.Symbol, Any], digits: int = DIGITS) -> Dual:
    """Return the value and the derivative by yhat of `expression` at `point`; NaN where it is not real.

    Args:
        expression: a loss expression, kinks and protected functions included.
        point: a number (rational, float, mpf) for every symbol of the expression.
        digits: working precision in decimal digits.
    """
    with mp.workdps(digits):
        values = {
            symbol: (to_mpf(number), mpf(1) if symbol == yhat else mpf(0)) for symbol, number in point.items()
        }
        try:
            value, derivative = _Walk(values).visit(expression)
        except (ZeroDivisionError, ValueError, OverflowError, TypeError):
            return mp.nan, mp.nan
        return +value, +derivative


class _Walk:
    """One evaluation: every distinct node once."""

    def __init__(self, values: Mapping[sympy.Symbol, Dual]) -> None:
        self.done: dict[Expr, Dual] = dict(values)

    def visit(self, node: Expr) -> Dual:
        found = self.done.get(node)
        if found is None:
            if not node.args or isinstance(node, sympy.CRootOf):
                found = (to_mpf(node), mpf(0))
            else:
                found = self.apply(node, [self.visit(argument) for argument in node.args])
            self.done[node] = found
        return found

    def apply(self, node: Expr, a: list[Dual]) -> Dual:
        function = node.func
        if function is sympy.Add:
            return sum((v for v, _ in a), mpf(0)), sum((d for _, d in a), mpf(0))
        if function is sympy.Mul:
            value, slope = a[0]
            for v, d in a[1:]:
                value, slope = value * v, slope * v + value * d
            return value, slope
        if function is sympy.Pow:
            return _power(a[0], a[1])
        if function in (Max, Min):
            return _extremum(function is Max, a)
        if function is plog or function is recip or function is psqrt:
            return _smoothed(function, a[0], a[1] if len(a) > 1 else (to_mpf(node.smoothing), mpf(0)))
        if function is aq:
            (u, du), (v, dv) = a
            root = mp.sqrt(1 + v * v)
            return u / root, du / root - u * v * dv / root**3
        value, slope = _unary(function, a[0][0])
        return value, slope * a[0][1] if a[0][1] else mpf(0)


def _power(base: Dual, exponent: Dual) -> Dual:
    """Return a power; 0**0 is 1, and a negative number has real powers at whole exponents that do not move."""
    (b, db), (p, dp) = base, exponent
    if mp.isnan(b) or mp.isnan(p):
        return mp.nan, mp.nan
    if dp == 0 and mp.isint(p):
        n = int(p)
        return b**n, n * b ** (n - 1) * db if db and n else mpf(0)
    if b == 0 and db == 0:
        return (mpf(0), mpf(0)) if p > 0 else (mp.nan, mp.nan)
    if dp == 0 and (b > 0 or (b == 0 and p > 0)):
        return b**p, p * b ** (p - 1) * db if db else mpf(0)
    if b <= 0:
        return mp.nan, mp.nan
    value = b**p
    return value, value * (dp * mp.log(b) + p * db / b)


def _extremum(largest: bool, a: list[Dual]) -> Dual:
    value, slope = a[0]
    for v, d in a[1:]:
        if mp.isnan(v) or mp.isnan(value):
            return mp.nan, mp.nan
        if v == value:
            slope = (slope + d) / 2
        elif (v > value) == largest:
            value, slope = v, d
    return value, slope


def _smoothed(function: Any, x: Dual, smoothing: Dual) -> Dual:
    (u, du), (s, _) = x, smoothing
    if u == 0:
        return mpf(0), mpf(0)
    side = mpf(1) if u > 0 else mpf(-1)
    inner = abs(u) + s
    if function is plog:
        return side * mp.log(inner), du / inner
    if function is recip:
        return side / inner, -du / inner**2
    root = mp.sqrt(inner)
    return side * root, du / (2 * root)


def _unary(function: Any, x: Any) -> Dual:
    if function is sympy.log:
        return (mp.log(x), 1 / x) if x > 0 else (mp.nan, mp.nan)
    if function is sympy.exp:
        return mp.exp(x), mp.exp(x)
    if function is Abs:
        return abs(x), mp.sign(x)
    if function is sign:
        return mp.sign(x), mpf(0)
    if function is sympy.tanh:
        value = mp.tanh(x)
        return value, 1 - value * value
    if function is sympy.atan:
        return mp.atan(x), 1 / (1 + x * x)
    if function is sigmoid:
        value = 1 / (1 + mp.exp(-x))
        return value, value / (1 + mp.exp(x))
    if function is guard:
        inside = abs(x) <= GUARD_LIMIT
        return max(min(x, mpf(GUARD_LIMIT)), mpf(-GUARD_LIMIT)), mpf(1 if inside else 0)
    if function is pexp:
        limit = mp.log(GUARD_LIMIT)
        value = mp.exp(min(x, limit))
        return value, value if x <= limit else mpf(0)
    raise TypeError(f"{function} can't be evaluated")


def is_real(value: Any) -> bool:
    """Return whether an mpf is a finite number."""
    return bool(mpmath.isfinite(value))
