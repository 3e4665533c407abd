"""Arithmetic operators: add, multiply, neg, identity, square."""

from __future__ import annotations

from collections.abc import Sequence

from sympy import Add, Expr, Integer, Mul, Pow

from symloss.ops.construct import make
from symloss.ops.interval import Interval
from symloss.ops.opcode import Opcode
from symloss.ops.operator import Bounded, Operator


class AddOperator(Operator):
    """The sum of two operands."""

    name = "add"
    arity = 2
    text = "a + b"
    definition = "guard(a + b)"
    opcode = Opcode.ADD
    commutative = True
    may_exceed = True

    def expression(self, operands: Sequence[Bounded]) -> Expr:
        """Return a + b."""
        return make(Add, [operand.expression for operand in operands])

    def bounds(self, intervals: Sequence[Interval]) -> Interval:
        """Return the sum of the intervals."""
        return intervals[0] + intervals[1]


class MultiplyOperator(Operator):
    """The product of two operands."""

    name = "multiply"
    arity = 2
    text = "a * b"
    definition = "guard(a * b)"
    opcode = Opcode.MULTIPLY
    commutative = True
    may_exceed = True

    def expression(self, operands: Sequence[Bounded]) -> Expr:
        """Return a * b."""
        return make(Mul, [operand.expression for operand in operands])

    def bounds(self, intervals: Sequence[Interval]) -> Interval:
        """Return the product of the intervals."""
        return intervals[0] * intervals[1]


class NegateOperator(Operator):
    """The operand with its sign changed."""

    name = "neg"
    arity = 1
    text = "-a"
    definition = "-a"
    opcode = Opcode.NEGATE

    def expression(self, operands: Sequence[Bounded]) -> Expr:
        """Return -a."""
        return make(Mul, [Integer(-1), operands[0].expression])

    def bounds(self, intervals: Sequence[Interval]) -> Interval:
        """Return the mirrored interval."""
        return -intervals[0]


class IdentityOperator(Operator):
    """The operand itself; it lets a search make shorter losses."""

    name = "identity"
    arity = 1
    text = "a"
    definition = "a"
    opcode = Opcode.IDENTITY

    def expression(self, operands: Sequence[Bounded]) -> Expr:
        """Return a."""
        return operands[0].expression

    def bounds(self, intervals: Sequence[Interval]) -> Interval:
        """Return the interval."""
        return intervals[0]


class SquareOperator(Operator):
    """The operand times itself."""

    name = "square"
    arity = 1
    text = "square(a)"
    definition = "guard(a^2)"
    opcode = Opcode.SQUARE
    may_exceed = True

    def expression(self, operands: Sequence[Bounded]) -> Expr:
        """Return a^2."""
        return make(Pow, [operands[0].expression, Integer(2)])

    def bounds(self, intervals: Sequence[Interval]) -> Interval:
        """Return the interval of the square."""
        return intervals[0].square()
