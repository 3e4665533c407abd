"""What each opcode does to a row of float32 numbers: its values, and its forward-mode derivative.

One loop a case, inside the switch, so that each loop becomes SIMD code. Values
and derivatives are separate loops over few arrays: a compiler gives up on
vectorising when it has to rule out too many overlaps. A derivative that is
exactly 0 stays 0, whatever it is multiplied with (0 times infinity would be
NaN); that is the `_times` below.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from symloss.compile.cpu.jit import njit
from symloss.compile.cpu.vector_math import arctan32, exp32, log32, sigmoid32, tanh32
from symloss.ops.constants import GUARD_LIMIT, XI
from symloss.ops.opcode import Opcode

_ZERO, _HALF, _ONE, _TWO = np.float32(0), np.float32(0.5), np.float32(1), np.float32(2)
_XI = np.float32(XI)
_LIMIT = np.float32(GUARD_LIMIT)
_LOG_LIMIT = np.float32(math.log(GUARD_LIMIT))


@njit
def _sign(x: np.float32) -> np.float32:
    """Return -1, 0 or 1; NaN for NaN."""
    one = _ONE if x > _ZERO else -_ONE
    return x if x == _ZERO or x != x else one


@njit
def _times(derivative: np.float32, factor: np.float32) -> np.float32:
    """Return the product, but 0 where the derivative is 0."""
    return derivative * factor if derivative != _ZERO else _ZERO


@njit
def _larger(a: np.float32, b: np.float32) -> np.float32:
    """Return the maximum; NaN if either is."""
    larger = a if a > b else b
    return a if a != a else larger


@njit
def _smaller(a: np.float32, b: np.float32) -> np.float32:
    """Return the minimum; NaN if either is."""
    smaller = a if a < b else b
    return a if a != a else smaller


@njit
def _chosen(a: np.float32, b: np.float32, da: np.float32, db: np.float32) -> np.float32:
    """Return the derivative of max(a, b): the larger one's, the mean at ties, NaN with NaN."""
    one = da if a > b else db
    one = _HALF * (da + db) if a == b else one
    return one if a == a and b == b else a + b


@njit
def _protected_log(x: np.float32, s: np.float32) -> np.float32:
    """Return sign(x) log(|x| + s), 0 at 0."""
    return x if x == _ZERO else _sign(x) * log32(abs(x) + s)


@njit
def _protected_reciprocal(x: np.float32, s: np.float32) -> np.float32:
    """Return sign(x) / max(|x| + s, xi)."""
    return _sign(x) / _larger(abs(x) + s, _XI)


@njit
def _protected_sqrt(x: np.float32, s: np.float32) -> np.float32:
    """Return sign(x) sqrt(|x| + s)."""
    return _sign(x) * np.sqrt(abs(x) + s)


@njit
def _root_of_one_plus_square(b: np.float32) -> np.float32:
    """Return sqrt(1 + b^2), also where b^2 overflows."""
    size = abs(b)
    return size if size > np.float32(1e18) else np.sqrt(_ONE + b * b)


@njit
def _power_row(x: NDArray[np.float32], a: int, b: int, one_exponent: bool, shift: float,
               out: NDArray[np.float32], row: int, n: int) -> None:  # fmt: skip
    """Write a ** (b + shift) to `out[row]`; small whole and half exponents common to all take no pow()."""
    exponent = x[b, 0] + np.float32(shift)
    size = abs(exponent)
    if one_exponent and (size <= np.float32(4) and size == np.floor(size)):
        for j in range(n):
            out[row, j] = _ONE
        for _ in range(int(size)):
            for j in range(n):
                out[row, j] *= x[a, j]
    elif one_exponent and size == _HALF:
        for j in range(n):
            # Adding 0 makes -0 a 0: pow(-0, -1/2) is +infinity.
            out[row, j] = np.sqrt(x[a, j] + _ZERO)
    else:
        for j in range(n):
            out[row, j] = x[a, j] ** (x[b, j] + np.float32(shift))
        return
    if exponent < _ZERO:
        for j in range(n):
            out[row, j] = _ONE / out[row, j]


@njit(forceinline=True)
def write_values(op: int, x: NDArray[np.float32], a: int, b: int, one_b: bool, out: int, n: int) -> None:
    """Write op(x[a], x[b]) to the first n places of x[out]; `one_b` says that x[b] is one number."""
    if op == Opcode.ADD:
        for j in range(n):
            x[out, j] = x[a, j] + x[b, j]
    elif op == Opcode.SUBTRACT:
        for j in range(n):
            x[out, j] = x[a, j] - x[b, j]
    elif op == Opcode.MULTIPLY:
        for j in range(n):
            x[out, j] = x[a, j] * x[b, j]
    elif op == Opcode.DIVIDE:
        for j in range(n):
            x[out, j] = x[a, j] / x[b, j]
    elif op == Opcode.POWER:
        _power_row(x, a, b, one_b, 0.0, x, out, n)
        if not one_b or x[b, 0] == _ZERO:
            for j in range(n):
                # NaN**0 is NaN here, not 1.
                both = x[a, j] + x[b, j]
                x[out, j] = x[out, j] if x[a, j] == x[a, j] and x[b, j] == x[b, j] else both
    elif op == Opcode.MAXIMUM:
        for j in range(n):
            x[out, j] = _larger(x[a, j], x[b, j])
    elif op == Opcode.MINIMUM:
        for j in range(n):
            x[out, j] = _smaller(x[a, j], x[b, j])
    elif op == Opcode.NEGATE:
        for j in range(n):
            x[out, j] = -x[a, j]
    elif op == Opcode.IDENTITY:
        for j in range(n):
            x[out, j] = x[a, j]
    elif op == Opcode.SQUARE:
        for j in range(n):
            x[out, j] = x[a, j] * x[a, j]
    elif op == Opcode.LOG:
        for j in range(n):
            x[out, j] = log32(x[a, j])
    elif op == Opcode.EXP:
        for j in range(n):
            x[out, j] = exp32(x[a, j])
    elif op == Opcode.ABS:
        for j in range(n):
            x[out, j] = abs(x[a, j])
    elif op == Opcode.SQRT:
        for j in range(n):
            x[out, j] = np.sqrt(x[a, j])
    elif op == Opcode.SIGN:
        for j in range(n):
            x[out, j] = _sign(x[a, j])
    elif op == Opcode.TANH:
        for j in range(n):
            x[out, j] = tanh32(x[a, j])
    elif op == Opcode.SIGMOID:
        for j in range(n):
            x[out, j] = sigmoid32(x[a, j])
    elif op == Opcode.RELU:
        for j in range(n):
            x[out, j] = _larger(x[a, j], _ZERO)
    elif op == Opcode.GUARD:
        for j in range(n):
            x[out, j] = _smaller(_larger(x[a, j], -_LIMIT), _LIMIT)
    elif op == Opcode.PROTECTED_LOG:
        for j in range(n):
            x[out, j] = _protected_log(x[a, j], x[b, j])
    elif op == Opcode.PROTECTED_RECIPROCAL:
        for j in range(n):
            x[out, j] = _protected_reciprocal(x[a, j], x[b, j])
    elif op == Opcode.PROTECTED_SQRT:
        for j in range(n):
            x[out, j] = _protected_sqrt(x[a, j], x[b, j])
    elif op == Opcode.PROTECTED_EXP:
        for j in range(n):
            x[out, j] = exp32(_smaller(x[a, j], _LOG_LIMIT))
    elif op == Opcode.ANALYTIC_QUOTIENT:
        for j in range(n):
            x[out, j] = x[a, j] / _root_of_one_plus_square(x[b, j])
    elif op == Opcode.ARCTAN:
        for j in range(n):
            x[out, j] = arctan32(x[a, j])
    else:
        for j in range(n):
            x[out, j] = np.float32(np.nan)


@njit(forceinline=True)
def write_derivatives(op: int, x: NDArray[np.float32], d: NDArray[np.float32], a: int, b: int, one_b: bool,
                      out: int, n: int) -> None:  # fmt: skip
    """Write the derivative of x[out] = op(x[a], x[b]) to the first n places of d[out], from d[a] and d[b]."""
    if op == Opcode.ADD:
        for j in range(n):
            d[out, j] = d[a, j] + d[b, j]
    elif op == Opcode.SUBTRACT:
        for j in range(n):
            d[out, j] = d[a, j] - d[b, j]
    elif op == Opcode.MULTIPLY:
        for j in range(n):
            d[out, j] = _times(d[a, j], x[b, j]) + _times(d[b, j], x[a, j])
    elif op == Opcode.DIVIDE:
        for j in range(n):
            d[out, j] = _times(d[a, j], _ONE / x[b, j]) - _times(d[b, j], x[out, j] / x[b, j])
    elif op == Opcode.POWER:
        _power_row(x, a, b, one_b, -1.0, d, out, n)
        for j in range(n):
            d[out, j] = _times(d[a, j], x[b, j] * d[out, j]) if x[b, j] != _ZERO else _ZERO
        if not one_b:
            for j in range(n):
                if d[b, j] != _ZERO and not (x[a, j] == _ZERO and x[b, j] >= _ZERO):
                    d[out, j] += d[b, j] * (x[out, j] * log32(x[a, j]))
    elif op == Opcode.MAXIMUM:
        for j in range(n):
            d[out, j] = _chosen(x[a, j], x[b, j], d[a, j], d[b, j])
    elif op == Opcode.MINIMUM:
        for j in range(n):
            d[out, j] = _chosen(x[b, j], x[a, j], d[a, j], d[b, j])
    elif op == Opcode.NEGATE:
        for j in range(n):
            d[out, j] = -d[a, j]
    elif op == Opcode.IDENTITY:
        for j in range(n):
            d[out, j] = d[a, j]
    elif op == Opcode.SQUARE:
        for j in range(n):
            d[out, j] = _times(d[a, j], _TWO * x[a, j])
    elif op == Opcode.LOG:
        for j in range(n):
            d[out, j] = _times(d[a, j], _ONE / x[a, j])
    elif op == Opcode.EXP:
        for j in range(n):
            d[out, j] = _times(d[a, j], x[out, j])
    elif op == Opcode.ABS:
        for j in range(n):
            d[out, j] = _times(d[a, j], _sign(x[a, j]))
    elif op == Opcode.SQRT:
        for j in range(n):
            d[out, j] = _times(d[a, j], _HALF / x[out, j])
    elif op == Opcode.SIGN:
        for j in range(n):
            d[out, j] = _ZERO if x[a, j] == x[a, j] else x[a, j]
    elif op == Opcode.TANH:
        for j in range(n):
            d[out, j] = _times(d[a, j], _ONE - x[out, j] * x[out, j])
    elif op == Opcode.SIGMOID:
        for j in range(n):
            d[out, j] = _times(d[a, j], x[out, j] * (_ONE - x[out, j]))
    elif op == Opcode.RELU:
        for j in range(n):
            d[out, j] = _chosen(x[a, j], _ZERO, d[a, j], _ZERO)
    elif op == Opcode.GUARD:
        for j in range(n):
            d[out, j] = d[a, j] if abs(x[a, j]) <= _LIMIT else (_ZERO if x[a, j] == x[a, j] else x[a, j])
    elif op == Opcode.PROTECTED_LOG:
        for j in range(n):
            sign = _sign(x[a, j])
            d[out, j] = _times(sign, (sign * d[a, j] + d[b, j]) / (abs(x[a, j]) + x[b, j]))
    elif op == Opcode.PROTECTED_RECIPROCAL:
        for j in range(n):
            inner = abs(x[a, j]) + x[b, j]
            slope = _times(_sign(x[a, j]), -(_sign(x[a, j]) * d[a, j] + d[b, j]) / (inner * inner))
            d[out, j] = _ZERO if inner < _XI else slope
    elif op == Opcode.PROTECTED_SQRT:
        for j in range(n):
            sign = _sign(x[a, j])
            d[out, j] = _times(sign, (sign * d[a, j] + d[b, j]) * _HALF / np.sqrt(abs(x[a, j]) + x[b, j]))
    elif op == Opcode.PROTECTED_EXP:
        for j in range(n):
            d[out, j] = _times(d[a, j], x[out, j]) if not x[a, j] > _LOG_LIMIT else _ZERO
    elif op == Opcode.ANALYTIC_QUOTIENT:
        for j in range(n):
            root = _root_of_one_plus_square(x[b, j])
            d[out, j] = _times(d[a, j], _ONE / root) - _times(
                d[b, j], (x[a, j] / root) * ((x[b, j] / root) / root)
            )
    elif op == Opcode.ARCTAN:
        for j in range(n):
            d[out, j] = _times(d[a, j], _ONE / (_ONE + x[a, j] * x[a, j]))
    else:
        for j in range(n):
            d[out, j] = np.float32(np.nan)
