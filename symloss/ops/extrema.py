"""Extrema and kinks: max, min, abs, relu, sign."""

from __future__ import annotations

from symloss.ops.instruction_set import InstructionSet, N
from symloss.ops.operator import Operator


class MaxOperator(Operator):
    """The larger of two operands."""

    name = "max"
    arity = 2
    group = "paper"
    text = "max(a, b)"
    definition = "max(a, b)"
    commutative = True

    def rule(self, o: InstructionSet[N], a: N, b: N) -> N:
        """Return the output."""
        return o.maximum(a, b)


class MinOperator(Operator):
    """The smaller of two operands."""

    name = "min"
    arity = 2
    group = "paper"
    text = "min(a, b)"
    definition = "min(a, b)"
    commutative = True

    def rule(self, o: InstructionSet[N], a: N, b: N) -> N:
        """Return the output."""
        return o.minimum(a, b)


class AbsOperator(Operator):
    """The absolute value."""

    name = "abs"
    arity = 1
    group = "extended"
    text = "abs(a)"
    definition = "|a|"
    singular = "derivative 0 at 0"

    def rule(self, o: InstructionSet[N], a: N, b: N) -> N:
        """Return the output."""
        return o.absolute(a)


class ReluOperator(Operator):
    """The positive part."""

    name = "relu"
    arity = 1
    group = "extended"
    text = "relu(a)"
    definition = "max(a, 0)"
    singular = "derivative 1/2 at 0"

    def rule(self, o: InstructionSet[N], a: N, b: N) -> N:
        """Return the output."""
        return o.relu(a)


class SignOperator(Operator):
    """The sign: -1, 0 or 1."""

    name = "sign"
    arity = 1
    group = "extended"
    text = "sign(a)"
    definition = "sign(a)"
    singular = "0 at 0; derivative 0 everywhere"

    def rule(self, o: InstructionSet[N], a: N, b: N) -> N:
        """Return the output."""
        return o.sign(a)
