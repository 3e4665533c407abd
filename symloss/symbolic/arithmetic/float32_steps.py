"""A loss and its derivative in float32, step by step as training computes them: on ranges, and at points.

The steps are the instructions of the program form, with the same order of
operations as the training kernel (`symloss.compile.cpu.instructions`); a derivative
that is exactly 0 stays 0 whatever it is multiplied with.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from symloss.compile.program import Program
from symloss.compile.reference import RULES
from symloss.ops.constants import GUARD_LIMIT, XI
from symloss.ops.opcode import Opcode
from symloss.symbolic.arithmetic import float32_ranges as r
from symloss.symbolic.arithmetic.float32_ranges import HALF, ONE, ZERO, Range

Dual = tuple[Range, Range]
Rule = Callable[[Range, Range, Range, Range], Dual]

_LIMIT = r.point(GUARD_LIMIT)
_LOG_LIMIT = r.point(math.log(GUARD_LIMIT))
_XI = r.point(XI)
_TWO = r.point(2.0)


def ranges(program: Program, yhat: Range, y: Range, eps: float) -> Dual:
    """Return where the loss and its derivative by yhat can lie in float32.

    Args:
        program: the loss.
        yhat, y: ranges of predictions and labels, with ends of shape (n,).
        eps: the smoothing.
    """
    values = [yhat, y, r.point(eps), *(r.point(float(c)) for c in program.constants)]
    derivatives = [ONE] + [ZERO] * (len(values) - 1)
    with np.errstate(all="ignore"):
        for opcode, left, right in zip(program.opcodes, program.left, program.right, strict=True):
            value, derivative = _RULES[Opcode(opcode)](
                values[left], values[right], derivatives[left], derivatives[right]
            )
            values.append(value)
            derivatives.append(derivative)
    return values[-1], derivatives[-1]


def at_points(
    program: Program, yhat: NDArray[np.float32], y: NDArray[np.float32], eps: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the loss and its derivative by yhat, every step in NumPy's float32.

    Args:
        program: the loss.
        yhat, y: shape (n,).
        eps: the smoothing.
    """
    shape = np.shape(yhat)
    zero = np.zeros(shape, np.float32)
    with np.errstate(all="ignore"):
        constants = [np.full(shape, c, np.float64).astype(np.float32) for c in (eps, *program.constants)]
        values = [yhat.astype(np.float32), y.astype(np.float32), *constants]
        derivatives = [np.ones(shape, np.float32)] + [zero] * (len(values) - 1)
        for opcode, left, right in zip(program.opcodes, program.left, program.right, strict=True):
            dual = RULES[Opcode(opcode)](
                values[left],
                values[right],
                derivatives[left],
                derivatives[right],
            )
            values.append(dual[0].astype(np.float32))
            derivatives.append(dual[1].astype(np.float32))
    return values[-1], derivatives[-1]


def _add(a: Range, b: Range, da: Range, db: Range) -> Dual:
    return r.add(a, b), r.add(da, db)


def _subtract(a: Range, b: Range, da: Range, db: Range) -> Dual:
    return r.subtract(a, b), r.subtract(da, db)


def _multiply(a: Range, b: Range, da: Range, db: Range) -> Dual:
    value = r.square(a) if a is b else r.multiply(a, b)
    return value, r.add(r.times(da, b), r.times(db, a))


def _divide(a: Range, b: Range, da: Range, db: Range) -> Dual:
    value = r.divide(a, b)
    return value, r.subtract(r.times(da, r.divide(ONE, b)), r.times(db, r.divide(value, b)))


def _power(a: Range, b: Range, da: Range, db: Range) -> Dual:
    value = r.power(a, b)
    by_base = r.times(da, r.multiply(b, r.power(a, r.subtract(b, ONE))))
    null = b.is_zero
    by_base = Range(
        np.where(null, 0.0, np.where(b.has_zero, np.minimum(by_base.low, 0.0), by_base.low)),
        np.where(null, 0.0, np.where(b.has_zero, np.maximum(by_base.high, 0.0), by_base.high)),
        by_base.nan & np.logical_not(null),
    )
    by_exponent = r.times(db, r.multiply(value, r.log(a)))
    if not np.all(db.is_zero):
        by_exponent = r.either(by_exponent, ZERO, a.has_zero)
        still = a.is_zero & (b.low >= 0) & np.logical_not(b.nan)
        by_exponent = Range(
            np.where(still, 0.0, by_exponent.low),
            np.where(still, 0.0, by_exponent.high),
            by_exponent.nan & np.logical_not(still),
        )
    return value, r.add(by_base, by_exponent)


def _larger(a: Range, b: Range, da: Range, db: Range) -> Range:
    """Return the derivative of max(a, b): that of the larger one, the mean where they may be equal."""
    first, second = a.low > b.high, b.low > a.high
    both = r.either(r.either(da, db), r.multiply(HALF, r.add(da, db)))
    return Range(
        np.where(first, da.low, np.where(second, db.low, both.low)),
        np.where(first, da.high, np.where(second, db.high, both.high)),
        a.nan | b.nan | np.where(first, da.nan, np.where(second, db.nan, both.nan)),
    )


def _maximum(a: Range, b: Range, da: Range, db: Range) -> Dual:
    return r.maximum(a, b), _larger(a, b, da, db)


def _minimum(a: Range, b: Range, da: Range, db: Range) -> Dual:
    value = r.negative(r.maximum(r.negative(a), r.negative(b)))
    return value, _larger(b, a, da, db)


def _negate(a: Range, b: Range, da: Range, db: Range) -> Dual:
    return r.negative(a), r.negative(da)


def _identity(a: Range, b: Range, da: Range, db: Range) -> Dual:
    return a, da


def _square(a: Range, b: Range, da: Range, db: Range) -> Dual:
    return r.square(a), r.times(da, r.multiply(_TWO, a))


def _log(a: Range, b: Range, da: Range, db: Range) -> Dual:
    return r.log(a), r.times(da, r.divide(ONE, a))


def _exp(a: Range, b: Range, da: Range, db: Range) -> Dual:
    value = r.exp(a)
    return value, r.times(da, value)


def _abs(a: Range, b: Range, da: Range, db: Range) -> Dual:
    return r.absolute(a), r.times(da, r.sign(a))


def _sqrt(a: Range, b: Range, da: Range, db: Range) -> Dual:
    value = r.sqrt(a)
    return value, r.times(da, r.divide(HALF, value))


def _sign(a: Range, b: Range, da: Range, db: Range) -> Dual:
    return r.sign(a), Range(ZERO.low, ZERO.high, a.nan)


def _tanh(a: Range, b: Range, da: Range, db: Range) -> Dual:
    value = r.clipped(r.library(np.tanh(a.low), np.tanh(a.high), a.nan), -1.0, 1.0)
    return value, r.times(da, r.subtract(ONE, r.square(value)))


def _sigmoid(a: Range, b: Range, da: Range, db: Range) -> Dual:
    low, high = 1 / (1 + np.exp(-a.low)), 1 / (1 + np.exp(-a.high))
    value = r.clipped(r.library(low, high, a.nan), 0.0, 1.0)
    return value, r.times(da, r.multiply(value, r.subtract(ONE, value)))


def _relu(a: Range, b: Range, da: Range, db: Range) -> Dual:
    return r.maximum(a, ZERO), _larger(a, ZERO, da, ZERO)


def _where_below(a: Range, limit: Range, da: Range) -> Range:
    """Return a derivative where a <= limit and 0 where a is above."""
    found = r.either(da, ZERO, a.high > limit.low)
    above = a.low > limit.high
    nan = np.where(above, False, found.nan) | a.nan
    return Range(np.where(above, 0.0, found.low), np.where(above, 0.0, found.high), nan)


def _guard(a: Range, b: Range, da: Range, db: Range) -> Dual:
    return r.clipped(a, float(-_LIMIT.low), float(_LIMIT.high)), _where_below(r.absolute(a), _LIMIT, da)


def _signed(x: Range, positive: Range) -> Range:
    """Return sign(x) times a function of |x|, 0 at 0."""
    found = r.either(positive, r.negative(positive), x.low < 0)
    turned = x.high < 0
    found = Range(
        np.where(turned, -positive.high, found.low), np.where(turned, -positive.low, found.high), found.nan
    )
    found = r.either(found, ZERO, x.has_zero)
    null = x.is_zero
    nan = np.logical_and(found.nan, np.logical_not(null)) | x.nan
    return Range(np.where(null, 0.0, found.low), np.where(null, 0.0, found.high), nan)


def _smoothed_slope(x: Range, dx: Range, ds: Range, below: Range) -> Range:
    """Return sign(x) (sign(x) dx + ds) / below, 0 at x = 0."""
    if np.all(ds.is_zero):
        found = r.divide(dx, below)
        null = dx.is_zero & np.logical_not(below.has_zero)
        nan = np.where(null, below.nan, found.nan)
        found = Range(np.where(null, 0.0, found.low), np.where(null, 0.0, found.high), nan)
    else:
        inner = r.divide(r.either(r.add(dx, ds), r.add(r.negative(dx), ds)), below)
        found = r.either(inner, r.negative(inner))
    return r.either(found, ZERO, x.has_zero)


def _protected_log(x: Range, s: Range, dx: Range, ds: Range) -> Dual:
    inner = r.add(r.absolute(x), s)
    return _signed(x, r.log(inner)), _smoothed_slope(x, dx, ds, inner)


def _protected_reciprocal(x: Range, s: Range, dx: Range, ds: Range) -> Dual:
    inner = r.add(r.absolute(x), s)
    value = _signed(x, r.divide(ONE, r.maximum(inner, _XI)))
    slope = r.negative(_smoothed_slope(x, dx, ds, r.multiply(inner, inner)))
    return value, r.either(slope, ZERO, inner.low < _XI.high)


def _protected_sqrt(x: Range, s: Range, dx: Range, ds: Range) -> Dual:
    root = r.sqrt(r.add(r.absolute(x), s))
    return _signed(x, root), _smoothed_slope(x, r.multiply(HALF, dx), r.multiply(HALF, ds), root)


def _protected_exp(a: Range, b: Range, da: Range, db: Range) -> Dual:
    value = r.exp(r.negative(r.maximum(r.negative(a), r.negative(_LOG_LIMIT))))
    return value, _where_below(a, _LOG_LIMIT, r.times(da, value))


def _analytic_quotient(a: Range, b: Range, da: Range, db: Range) -> Dual:
    size = r.absolute(b)
    root = r.library(np.hypot(1.0, size.low), np.hypot(1.0, size.high), b.nan)
    root = Range(np.maximum(root.low, 1.0), root.high, root.nan)
    value = r.divide(a, root)
    share = r.clipped(r.divide(b, root), -1.0, 1.0)
    by_b = r.times(db, r.multiply(value, r.divide(share, root)))
    return value, r.subtract(r.times(da, r.divide(ONE, root)), by_b)


def _arctan(a: Range, b: Range, da: Range, db: Range) -> Dual:
    value = r.library(np.arctan(a.low), np.arctan(a.high), a.nan)
    return value, r.times(da, r.divide(ONE, r.add(ONE, r.square(a))))


_RULES: dict[Opcode, Rule] = {
    Opcode.ADD: _add,
    Opcode.SUBTRACT: _subtract,
    Opcode.MULTIPLY: _multiply,
    Opcode.DIVIDE: _divide,
    Opcode.POWER: _power,
    Opcode.MAXIMUM: _maximum,
    Opcode.MINIMUM: _minimum,
    Opcode.NEGATE: _negate,
    Opcode.IDENTITY: _identity,
    Opcode.SQUARE: _square,
    Opcode.LOG: _log,
    Opcode.EXP: _exp,
    Opcode.ABS: _abs,
    Opcode.SQRT: _sqrt,
    Opcode.SIGN: _sign,
    Opcode.TANH: _tanh,
    Opcode.SIGMOID: _sigmoid,
    Opcode.RELU: _relu,
    Opcode.GUARD: _guard,
    Opcode.PROTECTED_LOG: _protected_log,
    Opcode.PROTECTED_RECIPROCAL: _protected_reciprocal,
    Opcode.PROTECTED_SQRT: _protected_sqrt,
    Opcode.PROTECTED_EXP: _protected_exp,
    Opcode.ANALYTIC_QUOTIENT: _analytic_quotient,
    Opcode.ARCTAN: _arctan,
}
