"""A member of a population: one loss with all that sets its training apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symloss.compile.program import FIRST_CONSTANT_SLOT, Program, ProgramBatch
from symloss.errors import OptionError
from symloss.ops.opcode import Opcode


@dataclass(frozen=True, eq=False)
class Member:
    """One loss to train with.

    Args:
        program: the loss.
        eps: its smoothing, positive and finite.
        scale: a factor on it, positive and finite.
        seed: of the initial state and of the order of interactions, 0 to 2**63 - 1.
        takes_score: True where the loss sees the raw score, not its sigmoid.
        label: what reports call it.

    Raises:
        OptionError: eps, scale or seed is out of range, or the program is not well formed.
    """

    program: Program
    eps: float = 1e-6
    scale: float = 1.0
    seed: int = 42
    takes_score: bool = False
    label: str = ""

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in ("eps", "scale"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise OptionError(f"{name} is {value!r}; it must be a positive, finite number")
        if not 0 <= self.seed < 2**63:
            raise OptionError(f"seed is {self.seed!r}; it must be a whole number, 0 to 2**63 - 1")
        _check_program(self.program)


def pack(members: Sequence[Member]) -> ProgramBatch:
    """Return the programs of members (at least one) as one batch."""
    return ProgramBatch.pack(
        [member.program for member in members],
        [member.eps for member in members],
        [member.scale for member in members],
        [member.takes_score for member in members],
    )


def _check_program(program: Program) -> None:
    """Check what kernels rely on without looking: known opcodes, and operands that are there already."""
    length = len(program.opcodes)
    if not length or len(program.left) != length or len(program.right) != length:
        raise OptionError(
            "a program needs at least one instruction, and two operands for each; compile the loss again"
        )
    own = FIRST_CONSTANT_SLOT + len(program.constants) + np.arange(length)
    known = (program.opcodes >= 0) & (program.opcodes < len(Opcode))
    ready = (np.minimum(program.left, program.right) >= 0) & (np.maximum(program.left, program.right) < own)
    if not (known & ready).all():
        i = int(np.argmin(known & ready))
        raise OptionError(
            f"instruction {i} of the program (opcode {program.opcodes[i]}, slots {program.left[i]} and "
            f"{program.right[i]}) is not well formed; compile the loss again"
        )
