"""An operator's rule as a short program: what a back end runs for it, without passing through an expression."""

from __future__ import annotations

from dataclasses import dataclass, field

from symloss.ops.instruction_set import InstructionSet
from symloss.ops.opcode import Opcode

Slot = tuple[str, int]
"""Where a value is: ("operand", i), ("eps", 0), ("constant", i) or ("result", i) of instruction i."""

OPERANDS: tuple[Slot, Slot] = ("operand", 0), ("operand", 1)
EPS: Slot = ("eps", 0)


@dataclass
class RecordedInstructions(InstructionSet[Slot]):
    """Writes down the instructions that a rule uses, each distinct one once.

    Attributes:
        instructions: opcode, left and right slot of each; `right` equals `left` for a single operand.
        constants: the numbers of the rule.
    """

    instructions: list[tuple[Opcode, Slot, Slot]] = field(default_factory=list)
    constants: list[float] = field(default_factory=list)

    def number(self, value: float) -> Slot:
        """Return the slot of a constant."""
        if float(value) not in self.constants:
            self.constants.append(float(value))
        return ("constant", self.constants.index(float(value)))

    @property
    def eps(self) -> Slot:
        """The slot of the smoothing."""
        return EPS

    def apply(self, opcode: Opcode, a: Slot, b: Slot | None = None) -> Slot:
        """Write down an instruction and return the slot of its result."""
        step = (opcode, a, a if b is None else b)
        if step not in self.instructions:
            self.instructions.append(step)
        return ("result", self.instructions.index(step))

    def end_with(self, root: Slot) -> None:
        """See that the last instruction gives `root`."""
        if root != ("result", len(self.instructions) - 1):
            self.instructions.append((Opcode.IDENTITY, root, root))
