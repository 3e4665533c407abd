"""A loss and its derivative in float32, step by step as training computes them: on ranges, and at points.

The steps are the instructions of the program form, by their rules (`symloss.ops.rules`), with the same order of
operations as the training kernel, which is written by hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from symloss.compile.program import Program
from symloss.compile.reference import RULES
from symloss.ops import rules
from symloss.ops.constants import GUARD_LIMIT, XI
from symloss.ops.opcode import Opcode
from symloss.symbolic.arithmetic import float32_ranges as r
from symloss.symbolic.arithmetic.float32_ranges import HALF, ONE, ZERO, Range

Dual = tuple[Range, Range]
RangeRule = Callable[[Range, Range, Range, Range], Dual]

_XI = r.point(XI)


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


class _RangeArithmetic:
    """The elementary steps of `symloss.ops.rules` on ranges of float32 numbers."""

    half, one, two = HALF, ONE, r.point(2.0)
    limit, log_limit = r.point(GUARD_LIMIT), r.point(math.log(GUARD_LIMIT))
    add, subtract, divide, negate, square = r.add, r.subtract, r.divide, r.negative, r.square
    power, maximum = r.power, r.maximum
    log, exp, absolute, sqrt, sign, times = r.log, r.exp, r.absolute, r.sqrt, r.sign, r.times

    @staticmethod
    def multiply(a: Range, b: Range) -> Range:
        return r.square(a) if a is b else r.multiply(a, b)

    @staticmethod
    def minimum(a: Range, b: Range) -> Range:
        return r.negative(r.maximum(r.negative(a), r.negative(b)))

    at_most = minimum

    @staticmethod
    def tanh(a: Range) -> Range:
        return r.clipped(r.library(np.tanh(a.low), np.tanh(a.high), a.nan), -1.0, 1.0)

    @staticmethod
    def sigmoid(a: Range) -> Range:
        low, high = 1 / (1 + np.exp(-a.low)), 1 / (1 + np.exp(-a.high))
        return r.clipped(r.library(low, high, a.nan), 0.0, 1.0)

    @staticmethod
    def arctan(a: Range) -> Range:
        return r.library(np.arctan(a.low), np.arctan(a.high), a.nan)

    @staticmethod
    def root_of_one_plus_square(b: Range) -> Range:
        size = r.absolute(b)
        root = r.library(np.hypot(1.0, size.low), np.hypot(1.0, size.high), b.nan)
        return Range(np.maximum(root.low, 1.0), root.high, root.nan)

    @staticmethod
    def share_of_root(b: Range, root: Range) -> Range:
        return r.clipped(r.divide(b, root), -1.0, 1.0)

    @staticmethod
    def positive_part(a: Range) -> Range:
        return r.maximum(a, ZERO)

    @staticmethod
    def within(a: Range, limit: Range) -> Range:
        return r.clipped(a, float(-limit.low), float(limit.high))

    @staticmethod
    def beside_nan(a: Range, b: Range, result: Range) -> Range:
        return result  # which may be NaN wherever an operand may

    @staticmethod
    def slope_of_larger(a: Range, b: Range, da: Range, db: Range) -> Range:
        first, second = a.low > b.high, b.low > a.high
        both = r.either(r.either(da, db), r.multiply(HALF, r.add(da, db)))
        return Range(
            np.where(first, da.low, np.where(second, db.low, both.low)),
            np.where(first, da.high, np.where(second, db.high, both.high)),
            a.nan | b.nan | np.where(first, da.nan, np.where(second, db.nan, both.nan)),
        )

    @classmethod
    def slope_of_positive_part(cls, a: Range, da: Range) -> Range:
        return cls.slope_of_larger(a, ZERO, da, ZERO)

    @staticmethod
    def slope_of_step(a: Range) -> Range:
        return Range(ZERO.low, ZERO.high, a.nan)

    @staticmethod
    def unless_zero(exponent: Range, slope: Range) -> Range:
        null = exponent.is_zero
        return Range(
            np.where(null, 0.0, np.where(exponent.has_zero, np.minimum(slope.low, 0.0), slope.low)),
            np.where(null, 0.0, np.where(exponent.has_zero, np.maximum(slope.high, 0.0), slope.high)),
            slope.nan & np.logical_not(null),
        )

    @staticmethod
    def unless_power_of_zero(base: Range, exponent: Range, slope: Range) -> Range:
        if np.all(slope.is_zero):
            return slope
        found = r.either(slope, ZERO, base.has_zero)
        still = base.is_zero & (exponent.low >= 0) & np.logical_not(exponent.nan)
        nan = found.nan & np.logical_not(still)
        return Range(np.where(still, 0.0, found.low), np.where(still, 0.0, found.high), nan)

    @classmethod
    def where_within(cls, a: Range, limit: Range, slope: Range) -> Range:
        return cls.where_at_most(r.absolute(a), limit, slope)

    @staticmethod
    def where_at_most(a: Range, limit: Range, slope: Range) -> Range:
        found = r.either(slope, ZERO, a.high > limit.low)
        above = a.low > limit.high
        nan = np.where(above, False, found.nan) | a.nan
        return Range(np.where(above, 0.0, found.low), np.where(above, 0.0, found.high), nan)


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


def _on_ranges(rule: rules.Rule) -> RangeRule:
    arithmetic = _RangeArithmetic

    def apply(a: Range, b: Range, da: Range, db: Range) -> Dual:
        value = rule.value(arithmetic, a, b)
        return value, rule.slope(arithmetic, a, b, value, da, db)

    return apply


_RULES: dict[Opcode, RangeRule] = {
    **{opcode: _on_ranges(rule) for opcode, rule in rules.RULES.items()},
    # By hand: the sign of x occurs in both factors, and step by step the ranges would be too wide.
    Opcode.PROTECTED_LOG: _protected_log,
    Opcode.PROTECTED_RECIPROCAL: _protected_reciprocal,
    Opcode.PROTECTED_SQRT: _protected_sqrt,
}
