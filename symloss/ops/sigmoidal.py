"""Bounded smooth operators: tanh, sigmoid."""

from __future__ import annotations

from symloss.ops.instruction_set import InstructionSet, N
from symloss.ops.operator import Operator


class TanhOperator(Operator):
    """The hyperbolic tangent."""

    name = "tanh"
    arity = 1
    group = "extended"
    text = "tanh(a)"
    definition = "tanh(a)"

    def rule(self, o: InstructionSet[N], a: N, b: N) -> N:
        """Return the output."""
        return o.tanh(a)


class SigmoidOperator(Operator):
    """The logistic function."""

    name = "sigmoid"
    arity = 1
    group = "extended"
    text = "sigmoid(a)"
    definition = "1 / (1 + exp(-a))"

    def rule(self, o: InstructionSet[N], a: N, b: N) -> N:
        """Return the output."""
        return o.sigmoid(a)
