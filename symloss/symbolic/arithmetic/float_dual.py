"""Dual numbers over NumPy doubles: a value and its derivative by yhat at many points at once.

Not rigorous: for sampling, plots of candidates and the search for witnesses.
At a kink the derivative is that of the convention of `symloss.ops.opcode`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Symbol

from symloss.ops.construct import NumberLimitError, approximate
from symloss.symbolic.arithmetic.tape import Tape

Array = Any
"""A number or an array of shape (n,); constants stay scalars, and NumPy broadcasts."""


@dataclass(frozen=True)
class Dual:
    """A value and a derivative, each a scalar or of shape (n,)."""

    value: Array
    slope: Array


class FloatDual:
    """The arithmetic of `Dual`, in float64 or float32."""

    def __init__(self, dtype: type[np.floating[Any]] = np.float64) -> None:
        """Set the type of all numbers."""
        self.dtype = dtype

    def number(self, value: Expr) -> Dual:
        """Return a constant."""
        try:
            number = approximate(value)
        except NumberLimitError:
            number = float(value.evalf(17)) if value.is_comparable else float("nan")
        return Dual(self.dtype(number), self.dtype(0.0))

    def add(self, a: Dual, b: Dual) -> Dual:
        """Return a + b."""
        return Dual(a.value + b.value, a.slope + b.slope)

    def multiply(self, a: Dual, b: Dual) -> Dual:
        """Return a * b."""
        return Dual(a.value * b.value, a.slope * b.value + a.value * b.slope)

    def power(self, a: Dual, exponent: Expr) -> Dual:
        """Return a ** exponent; an even root of a negative number is NaN."""
        if exponent == -1:
            inverse = 1.0 / a.value
            return Dual(inverse, -a.slope * inverse * inverse)
        n = float(exponent)
        return Dual(np.power(a.value, n), n * np.power(a.value, n - 1) * a.slope)

    def raised(self, a: Dual, b: Dual) -> Dual:
        """Return a ** b; 0 ** 0 is 1, and a negative number has powers at whole exponents that do not move."""
        grown = self.exp(self.multiply(b, self.log(a)))
        value = np.where(np.isnan(a.value) | np.isnan(b.value), np.nan, np.power(a.value, b.value))
        by_base = np.where(b.value == 0, 0.0, b.value * np.power(a.value, b.value - 1) * a.slope)
        by_exponent = np.where(
            (b.slope == 0) | ((a.value == 0) & (b.value >= 0)), 0.0, b.slope * value * np.log(a.value)
        )
        positive = a.value > 0
        return Dual(
            np.where(positive, grown.value, value).astype(self.dtype),
            np.where(positive, grown.slope, by_base + by_exponent).astype(self.dtype),
        )

    def maximum(self, a: Dual, b: Dual) -> Dual:
        """Return max(a, b), with the mean slope at a tie."""
        share = np.where(a.value > b.value, 1.0, np.where(a.value < b.value, 0.0, 0.5)).astype(self.dtype)
        return Dual(np.maximum(a.value, b.value), share * a.slope + (1 - share) * b.slope)

    def minimum(self, a: Dual, b: Dual) -> Dual:
        """Return min(a, b), with the mean slope at a tie."""
        share = np.where(a.value < b.value, 1.0, np.where(a.value > b.value, 0.0, 0.5)).astype(self.dtype)
        return Dual(np.minimum(a.value, b.value), share * a.slope + (1 - share) * b.slope)

    def absolute(self, a: Dual) -> Dual:
        """Return |a|."""
        return Dual(np.abs(a.value), np.sign(a.value) * a.slope)

    def sign(self, a: Dual) -> Dual:
        """Return the sign of a."""
        return Dual(np.sign(a.value), 0.0 * a.slope)

    def log(self, a: Dual) -> Dual:
        """Return log a."""
        return Dual(np.log(a.value), a.slope / a.value)

    def exp(self, a: Dual) -> Dual:
        """Return exp a."""
        value = np.exp(a.value)
        return Dual(value, value * a.slope)

    def tanh(self, a: Dual) -> Dual:
        """Return tanh a."""
        value = np.tanh(a.value)
        return Dual(value, (1 - value * value) * a.slope)

    def atan(self, a: Dual) -> Dual:
        """Return atan a."""
        return Dual(np.arctan(a.value), a.slope / (1 + a.value * a.value))

    def sigmoid(self, a: Dual) -> Dual:
        """Return 1 / (1 + exp(-a))."""
        small = np.exp(-np.abs(a.value))
        value = np.where(a.value >= 0, self.dtype(1.0), small) / (1 + small)
        return Dual(value, small / (1 + small) ** 2 * a.slope)


def value_and_slope(
    tape: Tape, values: dict[Symbol, Any], by: Symbol, dtype: type[np.floating[Any]] = np.float64
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Evaluate the first output of a tape and its derivative.

    Args:
        tape: the expression.
        values: for every symbol a number or an array of shape (n,).
        by: the symbol to differentiate by; its values have shape (n,).
        dtype: float64 or float32, for every step.

    Returns:
        Values and derivatives, each of shape (n,); not finite where a double can't hold them.
    """
    shape = np.shape(values[by])
    inputs = {
        symbol: Dual(np.asarray(value, dtype), dtype(1.0 if symbol == by else 0.0))
        for symbol, value in values.items()
    }
    with np.errstate(all="ignore"):
        result = tape.run(FloatDual(dtype), inputs)[0]
    return np.broadcast_to(result.value, shape), np.broadcast_to(result.slope, shape)


def point_values(tape: Tape, symbol: Symbol, points: Array) -> Array:
    """Evaluate the first output of a tape in one variable at points of shape (n,)."""
    inputs = {symbol: Dual(np.asarray(points, np.float64), np.float64(0.0))}
    with np.errstate(all="ignore"):
        result = tape.run(FloatDual(), inputs)[0]
    return np.broadcast_to(result.value, np.shape(points))
