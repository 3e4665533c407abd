"""Bounded smooth operators: tanh, sigmoid."""

from __future__ import annotations

from collections.abc import Sequence

import sympy
from sympy import Expr

from symloss.ops.construct import make
from symloss.ops.interval import Interval
from symloss.ops.opcode import Opcode
from symloss.ops.operator import Bounded, Operator
from symloss.ops.protected import sigmoid


class TanhOperator(Operator):
    """The hyperbolic tangent."""

    name = "tanh"
    arity = 1
    group = "extended"
    text = "tanh(a)"
    definition = "tanh(a)"
    opcode = Opcode.TANH

    def expression(self, operands: Sequence[Bounded]) -> Expr:
        """Return tanh(a)."""
        return make(sympy.tanh, [operands[0].expression])

    def bounds(self, intervals: Sequence[Interval]) -> Interval:
        """Return (-1, 1), or the half that occurs."""
        (a,) = intervals
        return Interval(
            0.0 if a.low >= 0 else -1.0,
            0.0 if a.high <= 0 else 1.0,
            a.low < 0 or a.positive,
            a.high > 0 or a.negative,
        )


class SigmoidOperator(Operator):
    """The logistic function."""

    name = "sigmoid"
    arity = 1
    group = "extended"
    text = "sigmoid(a)"
    definition = "1 / (1 + exp(-a))"
    opcode = Opcode.SIGMOID

    def expression(self, operands: Sequence[Bounded]) -> Expr:
        """Return sigmoid(a)."""
        return make(sigmoid, [operands[0].expression])

    def bounds(self, intervals: Sequence[Interval]) -> Interval:
        """Return (0, 1)."""
        return Interval(0.0, 1.0, True, True)
