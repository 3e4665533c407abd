"""What an operator is: one class that holds everything about itself.

An operator takes bounded expressions (`Bounded`: an expression and the interval
it lies in) and gives one. The guard is part of it: where the interval shows
that the output can exceed 1/xi, the output is wrapped in `guard`; where it
provably can't, the guard has no effect and is left out. Likewise a protected
function whose argument has one sign on the whole domain is written plainly:
plog(yhat, eps) is log(yhat + eps) for a probability.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sympy import Expr

from symloss.ops.constants import GUARD_LIMIT
from symloss.ops.construct import make
from symloss.ops.interval import Interval
from symloss.ops.opcode import Opcode
from symloss.ops.protected import guard


@dataclass(frozen=True)
class Bounded:
    """An expression and an interval that holds all its values on the domain."""

    expression: Expr
    interval: Interval


class Operator(ABC):
    """One operator that a search can use.

    Attributes:
        name: its name in listings and tokens.
        arity: number of operands, 1 or 2.
        group: "paper" (AutoLossGen, Table 2) or "extended" (opt-in).
        text: how it is written in a formula, with operands a and b.
        definition: its value in mathematics, the guard included.
        singular: what it does at its singular point, or "" where it has none.
        opcode: its instruction in the program form.
        smoothed: whether the instruction takes the loss's eps as second operand.
        commutative: whether the operands may be swapped.
        may_exceed: whether the raw output can exceed 1/xi for operands within 1/xi, so that a guard follows.
    """

    name: ClassVar[str]
    arity: ClassVar[int]
    group: ClassVar[str] = "paper"
    text: ClassVar[str]
    definition: ClassVar[str]
    singular: ClassVar[str] = ""
    opcode: ClassVar[Opcode]
    smoothed: ClassVar[bool] = False
    commutative: ClassVar[bool] = False
    may_exceed: ClassVar[bool] = False

    @abstractmethod
    def expression(self, operands: Sequence[Bounded]) -> Expr:
        """Return the output before the guard."""

    @abstractmethod
    def bounds(self, intervals: Sequence[Interval]) -> Interval:
        """Return an interval that holds every output before the guard."""

    def apply(self, *operands: Bounded) -> Bounded:
        """Return the guarded output for `arity` operands whose values lie within 1/xi."""
        expression = self.expression(operands)
        interval = self.bounds([operand.interval for operand in operands])
        if expression.is_Rational:
            interval = Interval(float(expression), float(expression))
        if interval.largest > GUARD_LIMIT:
            return Bounded(make(guard, [expression]), interval.clipped(GUARD_LIMIT))
        return Bounded(expression, interval)
