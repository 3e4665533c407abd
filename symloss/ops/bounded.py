"""Expressions with the interval that they lie in: the instructions as SymPy writes them.

Where an interval decides something, the shorter form is written: a maximum that one operand always is, an absolute
value or a protected function whose argument has one sign on the whole domain (plog(yhat, eps) is log(yhat + eps) for
a probability).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy
from sympy import Abs, Add, Expr, Integer, Max, Min, Mul, Pow, Rational, sign

from symloss.ops.bounds import BOUNDS
from symloss.ops.constants import GUARD_LIMIT, XI
from symloss.ops.construct import exact_number, make
from symloss.ops.instruction_set import InstructionSet
from symloss.ops.interval import Interval
from symloss.ops.opcode import Opcode
from symloss.ops.protected import SmoothedFunction, aq, guard, pexp, plog, psqrt, recip, sigmoid
from symloss.signature import eps


@dataclass(frozen=True)
class Bounded:
    """An expression and an interval that holds all its values on the domain."""

    expression: Expr
    interval: Interval


class BoundedInstructions(InstructionSet[Bounded]):
    """The instructions on bounded expressions."""

    def number(self, value: float) -> Bounded:
        """Return a constant; a float is the decimal number that it is written as."""
        exact = Integer(value) if isinstance(value, int) else exact_number(value)
        return Bounded(exact, Interval(float(value), float(value)))

    @property
    def eps(self) -> Bounded:
        """The smoothing of the loss."""
        return Bounded(eps, Interval(XI, 1.0))

    def apply(self, opcode: Opcode, a: Bounded, b: Bounded | None = None) -> Bounded:
        """Return the result with an interval that holds it."""
        second = a if b is None else b
        expression = EXPRESSIONS[opcode](a, second)
        if expression.is_Rational:
            return Bounded(expression, Interval(float(expression), float(expression)))
        return Bounded(expression, BOUNDS[opcode](a.interval, second.interval))


def guarded(raw: Bounded) -> Bounded:
    """Return a result within 1/xi: clipped where its interval shows that it may exceed that, as it is elsewhere."""
    if raw.interval.largest > GUARD_LIMIT:
        return Bounded(make(guard, [raw.expression]), raw.interval.clipped(GUARD_LIMIT))
    return raw


Writer = Callable[[Bounded, Bounded], Expr]


def _call(function: object, *, operands: int = 1) -> Writer:
    return lambda a, b: make(function, [a.expression, b.expression][:operands])


def _negative(a: Expr) -> Expr:
    return make(Mul, [Integer(-1), a])


def _maximum(a: Bounded, b: Bounded) -> Expr:
    if a.interval.low >= b.interval.high:
        return a.expression
    if b.interval.low >= a.interval.high:
        return b.expression
    return make(Max, [a.expression, b.expression])


def _minimum(a: Bounded, b: Bounded) -> Expr:
    if a.interval.high <= b.interval.low:
        return a.expression
    if b.interval.high <= a.interval.low:
        return b.expression
    return make(Min, [a.expression, b.expression])


def _absolute(a: Bounded, b: Bounded) -> Expr:
    if a.interval.low >= 0:
        return a.expression
    return -a.expression if a.interval.high <= 0 else make(Abs, [a.expression])


def _positive_part(a: Bounded, b: Bounded) -> Expr:
    if a.interval.low >= 0:
        return a.expression
    return Integer(0) if a.interval.high <= 0 else make(Max, [a.expression, Integer(0)])


def _sign(a: Bounded, b: Bounded) -> Expr:
    if a.interval.positive or a.interval.negative:
        return Integer(1 if a.interval.positive else -1)
    return make(sign, [a.expression])


def _smoothed(function: type[SmoothedFunction]) -> Writer:
    def write(x: Bounded, smoothing: Bounded) -> Expr:
        if x.expression.is_zero:
            return x.expression
        if x.interval.positive or x.interval.negative:
            return function.on_sign(x.expression, smoothing.expression, 1 if x.interval.positive else -1)
        return make(function, [x.expression, smoothing.expression])

    return write


EXPRESSIONS: dict[Opcode, Writer] = {
    Opcode.ADD: _call(Add, operands=2),
    Opcode.SUBTRACT: lambda a, b: make(Add, [a.expression, _negative(b.expression)]),
    Opcode.MULTIPLY: _call(Mul, operands=2),
    Opcode.DIVIDE: lambda a, b: make(Mul, [a.expression, make(Pow, [b.expression, Integer(-1)])]),
    Opcode.POWER: _call(Pow, operands=2),
    Opcode.MAXIMUM: _maximum,
    Opcode.MINIMUM: _minimum,
    Opcode.NEGATE: lambda a, b: _negative(a.expression),
    Opcode.IDENTITY: lambda a, b: a.expression,
    Opcode.SQUARE: lambda a, b: make(Pow, [a.expression, Integer(2)]),
    Opcode.LOG: _call(sympy.log),
    Opcode.EXP: _call(sympy.exp),
    Opcode.ABS: _absolute,
    Opcode.SQRT: lambda a, b: make(Pow, [a.expression, Rational(1, 2)]),
    Opcode.SIGN: _sign,
    Opcode.TANH: _call(sympy.tanh),
    Opcode.SIGMOID: _call(sigmoid),
    Opcode.RELU: _positive_part,
    Opcode.GUARD: lambda a, b: guarded(a).expression,
    Opcode.PROTECTED_LOG: _smoothed(plog),
    Opcode.PROTECTED_RECIPROCAL: _smoothed(recip),
    Opcode.PROTECTED_SQRT: _smoothed(psqrt),
    Opcode.PROTECTED_EXP: _call(pexp),
    Opcode.ANALYTIC_QUOTIENT: _call(aq, operands=2),
    Opcode.ARCTAN: _call(sympy.atan),
}
"""How each instruction is written as an expression."""
