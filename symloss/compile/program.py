"""The program form of a loss: opcodes and operand slots over a stack of variables.

Slots hold, in this order: 0 yhat, 1 y, 2 eps, then the constants, then the
result of each instruction. The last slot is the loss. One interpreter runs any
program, so nothing is compiled per loss, and many programs pad into rectangular
arrays (`ProgramBatch`) that a kernel can walk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SLOT_YHAT = 0
SLOT_Y = 1
SLOT_EPS = 2
FIRST_CONSTANT_SLOT = 3


@dataclass(frozen=True, eq=False)
class Program:
    """One loss as instructions.

    Attributes:
        opcodes: shape (n,), values of `symloss.ops.Opcode`; n >= 1.
        left: shape (n,), slot of the first operand.
        right: shape (n,), slot of the second operand; equal to `left` for unary instructions.
        constants: shape (c,), the values of slots 3 to 3 + c - 1.
    """

    opcodes: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    constants: NDArray[np.float64]

    @property
    def n_slots(self) -> int:
        """Number of slots: three variables, the constants and one result an instruction."""
        return FIRST_CONSTANT_SLOT + len(self.constants) + len(self.opcodes)


@dataclass(frozen=True, eq=False)
class ProgramBatch:
    """K programs padded to equal length, with what differs between equal programs.

    Attributes:
        opcodes, left, right: shape (K, longest), padded with zeros.
        lengths: shape (K,), number of instructions of each.
        constants: shape (K, most constants), padded with zeros.
        n_constants: shape (K,).
        eps: shape (K,), the smoothing of each member.
        scale: shape (K,), a factor on each loss.
        takes_score: shape (K,), True where yhat is a raw score (a logit), not a probability.
    """

    opcodes: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    lengths: NDArray[np.int32]
    constants: NDArray[np.float64]
    n_constants: NDArray[np.int32]
    eps: NDArray[np.float64]
    scale: NDArray[np.float64]
    takes_score: NDArray[np.bool_]

    def __len__(self) -> int:
        """Return the number of programs."""
        return len(self.lengths)

    @classmethod
    def pack(
        cls,
        programs: Sequence[Program],
        eps: Sequence[float],
        scale: Sequence[float] | None = None,
        takes_score: Sequence[bool] | None = None,
    ) -> ProgramBatch:
        """Pad `programs` (K >= 1) into one batch; `scale` defaults to 1, `takes_score` to False."""
        count = len(programs)
        longest = max(len(program.opcodes) for program in programs)
        most_constants = max(1, *(len(program.constants) for program in programs))
        opcodes = np.zeros((count, longest), np.int32)
        left = np.zeros((count, longest), np.int32)
        right = np.zeros((count, longest), np.int32)
        constants = np.zeros((count, most_constants), np.float64)
        for k, program in enumerate(programs):
            n, c = len(program.opcodes), len(program.constants)
            opcodes[k, :n] = program.opcodes
            left[k, :n] = program.left
            right[k, :n] = program.right
            constants[k, :c] = program.constants
        return cls(
            opcodes=opcodes,
            left=left,
            right=right,
            lengths=np.array([len(program.opcodes) for program in programs], np.int32),
            constants=constants,
            n_constants=np.array([len(program.constants) for program in programs], np.int32),
            eps=np.asarray(eps, np.float64),
            scale=np.ones(count) if scale is None else np.asarray(scale, np.float64),
            takes_score=np.zeros(count, np.bool_)
            if takes_score is None
            else np.asarray(takes_score, np.bool_),
        )
