"""Extrema and kinks: max, min, abs, relu, sign."""

from __future__ import annotations

from collections.abc import Sequence

from sympy import Abs, Expr, Integer, Max, Min, sign

from symloss.ops.construct import make
from symloss.ops.interval import Interval
from symloss.ops.opcode import Opcode
from symloss.ops.operator import Bounded, Operator


class MaxOperator(Operator):
    """The larger of two operands."""

    name = "max"
    arity = 2
    text = "max(a, b)"
    definition = "max(a, b)"
    opcode = Opcode.MAXIMUM
    commutative = True

    def expression(self, operands: Sequence[Bounded]) -> Expr:
        """Return max(a, b), or the operand that is never the smaller one."""
        a, b = operands
        if a.interval.low >= b.interval.high:
            return a.expression
        if b.interval.low >= a.interval.high:
            return b.expression
        return make(Max, [a.expression, b.expression])

    def bounds(self, intervals: Sequence[Interval]) -> Interval:
        """Return the interval of the maximum."""
        return intervals[0].maximum(intervals[1])


class MinOperator(Operator):
    """The smaller of two operands."""

    name = "min"
    arity = 2
    text = "min(a, b)"
    definition = "min(a, b)"
    opcode = Opcode.MINIMUM
    commutative = True

    def expression(self, operands: Sequence[Bounded]) -> Expr:
        """Return min(a, b), or the operand that is never the larger one."""
        a, b = operands
        if a.interval.high <= b.interval.low:
            return a.expression
        if b.interval.high <= a.interval.low:
            return b.expression
        return make(Min, [a.expression, b.expression])

    def bounds(self, intervals: Sequence[Interval]) -> Interval:
        """Return the interval of the minimum."""
        return intervals[0].minimum(intervals[1])


class AbsOperator(Operator):
    """The absolute value."""

    name = "abs"
    arity = 1
    group = "extended"
    text = "abs(a)"
    definition = "|a|"
    singular = "derivative 0 at 0"
    opcode = Opcode.ABS

    def expression(self, operands: Sequence[Bounded]) -> Expr:
        """Return |a|."""
        (a,) = operands
        if a.interval.low >= 0:
            return a.expression
        if a.interval.high <= 0:
            return -a.expression
        return make(Abs, [a.expression])

    def bounds(self, intervals: Sequence[Interval]) -> Interval:
        """Return the interval of the absolute value."""
        return intervals[0].absolute()


class ReluOperator(Operator):
    """The positive part."""

    name = "relu"
    arity = 1
    group = "extended"
    text = "relu(a)"
    definition = "max(a, 0)"
    singular = "derivative 1/2 at 0"
    opcode = Opcode.RELU

    def expression(self, operands: Sequence[Bounded]) -> Expr:
        """Return max(a, 0)."""
        (a,) = operands
        if a.interval.low >= 0:
            return a.expression
        if a.interval.high <= 0:
            return Integer(0)
        return make(Max, [a.expression, Integer(0)])

    def bounds(self, intervals: Sequence[Interval]) -> Interval:
        """Return the interval of the positive part."""
        return intervals[0].maximum(Interval(0.0, 0.0))


class SignOperator(Operator):
    """The sign: -1, 0 or 1."""

    name = "sign"
    arity = 1
    group = "extended"
    text = "sign(a)"
    definition = "sign(a)"
    singular = "0 at 0; derivative 0 everywhere"
    opcode = Opcode.SIGN

    def expression(self, operands: Sequence[Bounded]) -> Expr:
        """Return sign(a)."""
        (a,) = operands
        if a.interval.positive:
            return Integer(1)
        if a.interval.negative:
            return Integer(-1)
        return make(sign, [a.expression])

    def bounds(self, intervals: Sequence[Interval]) -> Interval:
        """Return [-1, 1], or the one sign that occurs."""
        (a,) = intervals
        return Interval(
            1.0 if a.positive else 0.0 if a.low >= 0 else -1.0,
            -1.0 if a.negative else 0.0 if a.high <= 0 else 1.0,
        )
