"""Operators with a singular point: log, reciprocal, sqrt, exp, analytic quotient."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from sympy import Expr

from symloss.ops.constants import GUARD_LIMIT, XI
from symloss.ops.construct import make
from symloss.ops.interval import Interval
from symloss.ops.opcode import Opcode
from symloss.ops.operator import Bounded, Operator
from symloss.ops.protected import SmoothedFunction, aq, pexp, plog, psqrt, recip
from symloss.signature import eps


class SmoothedOperator(Operator):
    """Base of the operators sign(x) g(|x| + eps), with eps >= xi."""

    arity = 1
    smoothed = True
    singular = "0 at 0, with derivative 0; jumps there"
    function: ClassVar[type[SmoothedFunction]]

    def expression(self, operands: Sequence[Bounded]) -> Expr:
        """Return the protected function, or its plain form where the operand has one sign."""
        (x,) = operands
        if x.expression.is_zero:
            return x.expression
        if x.interval.positive:
            return self.function.on_sign(x.expression, eps, 1)
        if x.interval.negative:
            return self.function.on_sign(x.expression, eps, -1)
        return make(self.function, [x.expression, eps])


class LogOperator(SmoothedOperator):
    """The protected logarithm."""

    name = "log"
    text = "plog(a, eps)"
    definition = "sign(a) log(|a| + eps)"
    opcode = Opcode.PROTECTED_LOG
    function = plog

    def bounds(self, intervals: Sequence[Interval]) -> Interval:
        """Return bounds that hold for every eps in [xi, 1]."""
        largest = max(-math.log(XI), math.log(intervals[0].largest + 1.0))
        return Interval(-largest, largest)


class ReciprocalOperator(SmoothedOperator):
    """The protected reciprocal."""

    name = "reciprocal"
    text = "recip(a, eps)"
    definition = "sign(a) / (|a| + eps)"
    opcode = Opcode.PROTECTED_RECIPROCAL
    function = recip

    def bounds(self, intervals: Sequence[Interval]) -> Interval:
        """Return bounds that hold for every eps >= xi."""
        (a,) = intervals
        if a.low >= 0:
            return Interval(0.0, 1.0 / max(a.low, XI), a.positive, True)
        if a.high <= 0:
            return -self.bounds([-a])
        return Interval(-1.0 / XI, 1.0 / XI, True, True)


class SqrtOperator(SmoothedOperator):
    """The protected square root."""

    name = "sqrt"
    group = "extended"
    text = "psqrt(a, eps)"
    definition = "sign(a) sqrt(|a| + eps)"
    opcode = Opcode.PROTECTED_SQRT
    function = psqrt

    def bounds(self, intervals: Sequence[Interval]) -> Interval:
        """Return bounds that hold for every eps in [xi, 1]."""
        largest = math.sqrt(intervals[0].largest + 1.0)
        return Interval(-largest, largest)


class ExpOperator(Operator):
    """The exponential, cut off where it reaches 1/xi."""

    name = "exp"
    arity = 1
    group = "extended"
    text = "pexp(a)"
    definition = "exp(min(a, log(1/xi)))"
    singular = "1/xi, with derivative 0, beyond log(1/xi)"
    opcode = Opcode.PROTECTED_EXP

    def expression(self, operands: Sequence[Bounded]) -> Expr:
        """Return pexp(a)."""
        return make(pexp, [operands[0].expression])

    def bounds(self, intervals: Sequence[Interval]) -> Interval:
        """Return the image of the interval."""
        (a,) = intervals
        top = math.log(GUARD_LIMIT)
        return Interval(
            0.0 if a.low < -700 else math.exp(min(a.low, top)) * (1 - 1e-9), math.exp(min(a.high, top))
        )


class AnalyticQuotientOperator(Operator):
    """A quotient with no singular point (Ni, Drieberg and Rockett, 2013)."""

    name = "analytic-quotient"
    arity = 2
    group = "extended"
    text = "aq(a, b)"
    definition = "a / sqrt(1 + b^2)"
    opcode = Opcode.ANALYTIC_QUOTIENT

    def expression(self, operands: Sequence[Bounded]) -> Expr:
        """Return aq(a, b)."""
        return make(aq, [operand.expression for operand in operands])

    def bounds(self, intervals: Sequence[Interval]) -> Interval:
        """Return bounds from |aq(a, b)| <= |a|."""
        largest = intervals[0].largest
        return Interval(-largest, largest)
