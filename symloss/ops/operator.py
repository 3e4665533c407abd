"""What an operator is: one class that states its rule once.

An operator takes bounded expressions (`Bounded`: an expression and the interval it lies in) and gives one. The guard
is part of it: where the interval shows that the output can exceed 1/xi, the output is wrapped in `guard`; where it
provably can't, the guard has no effect and is left out.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

from symloss.ops.bounded import Bounded, BoundedInstructions, guarded
from symloss.ops.bounds import IntervalInstructions
from symloss.ops.constants import GUARD_LIMIT
from symloss.ops.instruction_set import InstructionSet, N
from symloss.ops.interval import Interval
from symloss.ops.opcode import Opcode
from symloss.ops.recorded import EPS, OPERANDS, RecordedInstructions

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class Operator(ABC):
    """One operator that a search can use and a formula can name.

    Everything else follows from `rule`: its expression and bounds, its instructions in every back end, its derivative,
    its LaTeX and exported code.

    Attributes:
        name: its name in listings, options and tokens: small letters, digits and hyphens.
        arity: number of operands, 1 or 2.
        group: "paper" (AutoLossGen, Table 2) or "extended" (opt-in).
        text: how it is written in a formula, with operands a and b.
        definition: its value in mathematics, the guard included.
        singular: what it does at its singular point, or "" where it has none.
        commutative: whether the operands may be swapped.
    """

    name: ClassVar[str]
    arity: ClassVar[int]
    group: ClassVar[str] = "extended"
    text: ClassVar[str]
    definition: ClassVar[str]
    singular: ClassVar[str] = ""
    commutative: ClassVar[bool] = False

    @abstractmethod
    def rule(self, o: InstructionSet[N], a: N, b: N) -> N:
        """Return the output before the guard, written in instructions.

        Args:
            o: the instructions, on some kind of number.
            a: the first operand, a number of that kind.
            b: the second operand; `a` again for an operator with one.
        """

    @property
    def function_name(self) -> str:
        """The name by which a formula calls it, or "" where it is not written as a call."""
        name, bracket, _ = self.text.partition("(")
        return name if bracket and name.isidentifier() else ""

    @cached_property
    def recorded(self) -> RecordedInstructions:
        """Its rule as instructions, the last of which gives the output."""
        record = RecordedInstructions()
        record.end_with(self.rule(record, OPERANDS[0], OPERANDS[self.arity - 1]))
        return record

    @cached_property
    def opcode(self) -> Opcode | None:
        """The instruction that it is, or None where it takes more than one."""
        (opcode, left, right), *others = self.recorded.instructions
        allowed = [OPERANDS[1]] if self.arity == 2 else [OPERANDS[0], EPS]
        return opcode if not others and left == OPERANDS[0] and right in allowed else None

    @property
    def smoothed(self) -> bool:
        """Whether it is one instruction that takes the loss's eps as second operand."""
        return self.opcode is not None and self.recorded.instructions[0][2] == EPS

    @cached_property
    def may_exceed(self) -> bool:
        """Whether the raw output can exceed 1/xi for operands within 1/xi, so that a guard follows."""
        anything = Interval(-float(GUARD_LIMIT), float(GUARD_LIMIT))
        return self.bounds([anything] * self.arity).largest > GUARD_LIMIT

    def bounds(self, intervals: Sequence[Interval]) -> Interval:
        """Return an interval that holds every output before the guard."""
        return self.rule(IntervalInstructions(), intervals[0], intervals[-1])

    def apply(self, *operands: Bounded) -> Bounded:
        """Return the guarded output for `arity` operands whose values lie within 1/xi."""
        return guarded(self.raw(*operands))

    def raw(self, *operands: Bounded) -> Bounded:
        """Return the output without its guard, for `arity` operands."""
        return self.rule(BoundedInstructions(), operands[0], operands[-1])


def fault_of(operator: Operator) -> str:
    """Return what is wrong with an operator in a sentence, "" where nothing is.

    Raises:
        AttributeError: it lacks one of the attributes of `Operator`.
        TypeError: its rule does not take (o, a, b).
    """
    if not _NAME.fullmatch(operator.name):
        return f"its name is {operator.name!r}; names have small letters, digits and hyphens and begin with a letter"
    if operator.arity not in (1, 2):
        return f"its arity is {operator.arity!r}; operators take 1 or 2 operands"
    used = {slot for _, *slots in operator.recorded.instructions for slot in slots}
    return "" if set(OPERANDS[: operator.arity]) <= used else "its rule does not use every operand"
