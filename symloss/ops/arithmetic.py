"""Arithmetic operators: add, multiply, neg, identity, square."""

from __future__ import annotations

from symloss.ops.instruction_set import InstructionSet, N
from symloss.ops.operator import Operator


class AddOperator(Operator):
    """The sum of two operands."""

    name = "add"
    arity = 2
    group = "paper"
    text = "a + b"
    definition = "guard(a + b)"
    commutative = True

    def rule(self, o: InstructionSet[N], a: N, b: N) -> N:
        """Return the output."""
        return o.add(a, b)


class MultiplyOperator(Operator):
    """The product of two operands."""

    name = "multiply"
    arity = 2
    group = "paper"
    text = "a * b"
    definition = "guard(a * b)"
    commutative = True

    def rule(self, o: InstructionSet[N], a: N, b: N) -> N:
        """Return the output."""
        return o.multiply(a, b)


class NegateOperator(Operator):
    """The operand with its sign changed."""

    name = "neg"
    arity = 1
    group = "paper"
    text = "-a"
    definition = "-a"

    def rule(self, o: InstructionSet[N], a: N, b: N) -> N:
        """Return the output."""
        return o.negate(a)


class IdentityOperator(Operator):
    """The operand itself; it lets a search make shorter losses."""

    name = "identity"
    arity = 1
    group = "paper"
    text = "a"
    definition = "a"

    def rule(self, o: InstructionSet[N], a: N, b: N) -> N:
        """Return the output."""
        return o.identity(a)


class SquareOperator(Operator):
    """The operand times itself."""

    name = "square"
    arity = 1
    group = "paper"
    text = "square(a)"
    definition = "guard(a^2)"

    def rule(self, o: InstructionSet[N], a: N, b: N) -> N:
        """Return the output."""
        return o.square(a)
