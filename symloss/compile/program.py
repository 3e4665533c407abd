"""The program form of a loss: opcodes and operand slots over a stack of variables.

Slots hold, in this order: the inputs (yhat, y and eps of a pointwise loss; pos,
neg and eps of a pairwise one), then the constants, then the result of each
instruction. The last slot is the loss. One interpreter runs any program, so
nothing is compiled per loss, and many programs pad into rectangular arrays
(`ProgramBatch`) that a kernel can walk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symloss.errors import OptionError

EPS = "eps"
"""The input that is a number of each loss, not one of each point."""

POINTWISE = ("yhat", "y", EPS)
"""Inputs of a loss of a prediction and its label."""
POINTWISE_BY = ("yhat",)
"""What a pointwise loss is differentiated by."""

SLOT_YHAT = 0
SLOT_Y = 1
SLOT_EPS = 2
FIRST_CONSTANT_SLOT = 3
"""The slots of a pointwise program: the kernels for the CPU know no other."""


@dataclass(frozen=True, eq=False)
class Program:
    """One loss as instructions.

    Attributes:
        opcodes: shape (n,), values of `symloss.ops.Opcode`; n >= 1.
        left: shape (n,), slot of the first operand.
        right: shape (n,), slot of the second operand; equal to `left` for unary instructions.
        constants: shape (c,), the values of the slots after the inputs.
        inputs: names of what the first slots hold.
        by: those of the inputs that the loss is differentiated by, in the order of its gradient.
    """

    opcodes: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    constants: NDArray[np.float64]
    inputs: tuple[str, ...] = POINTWISE
    by: tuple[str, ...] = POINTWISE_BY

    @property
    def n_inputs(self) -> int:
        """Number of inputs; the first constant is in the slot of this number."""
        return len(self.inputs)

    @property
    def n_slots(self) -> int:
        """Number of slots: the inputs, the constants and one result an instruction."""
        return self.n_inputs + len(self.constants) + len(self.opcodes)

    def uses(self, name: str) -> bool:
        """Return whether an instruction takes the input `name`."""
        slot = self.inputs.index(name)
        return bool((self.left == slot).any() or (self.right == slot).any())


class LossRow(NamedTuple):
    """One pointwise loss of a batch, as the kernels for the CPU take it: plain arrays and numbers.

    Attributes:
        opcodes, left, right: shape (at least length,), the instructions.
        length: number of instructions.
        constants: shape (at least n_constants,).
        n_constants: number of constants.
        eps: the smoothing.
        scale: a factor on the loss.
        takes_score: whether yhat is a raw score (a logit), not a probability.
    """

    opcodes: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    length: int
    constants: NDArray[np.float64]
    n_constants: int
    eps: float
    scale: float
    takes_score: bool


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
        takes_score: shape (K,), True where predictions are raw scores (logits), not probabilities.
        inputs, by: as in `Program`, the same for all.
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
    inputs: tuple[str, ...] = POINTWISE
    by: tuple[str, ...] = POINTWISE_BY

    def __len__(self) -> int:
        """Return the number of programs."""
        return len(self.lengths)

    @property
    def n_inputs(self) -> int:
        """Number of inputs; the first constant is in the slot of this number."""
        return len(self.inputs)

    @property
    def points(self) -> tuple[str, ...]:
        """The inputs that have a value at each point: all but eps."""
        return tuple(name for name in self.inputs if name != EPS)

    @classmethod
    def pack(
        cls,
        programs: Sequence[Program],
        eps: Sequence[float],
        scale: Sequence[float] | None = None,
        takes_score: Sequence[bool] | None = None,
    ) -> ProgramBatch:
        """Pad `programs` (K >= 1) into one batch; `scale` defaults to 1, `takes_score` to False.

        Raises:
            OptionError: the programs have not all the same inputs.
        """
        count = len(programs)
        first = programs[0]
        for program in programs:
            if (program.inputs, program.by) != (first.inputs, first.by):
                raise OptionError(
                    f"a loss in {', '.join(program.inputs)} can't be trained together with one in "
                    f"{', '.join(first.inputs)}; give each kind a call of its own"
                )
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
            inputs=first.inputs,
            by=first.by,
        )

    def take(self, rows: Sequence[int] | NDArray[Any] | slice) -> ProgramBatch:
        """Return the programs at `rows` (indices, a mask or a slice)."""
        return ProgramBatch(
            opcodes=self.opcodes[rows],
            left=self.left[rows],
            right=self.right[rows],
            lengths=self.lengths[rows],
            constants=self.constants[rows],
            n_constants=self.n_constants[rows],
            eps=self.eps[rows],
            scale=self.scale[rows],
            takes_score=self.takes_score[rows],
            inputs=self.inputs,
            by=self.by,
        )

    def program(self, k: int) -> Program:
        """Return member k without its padding."""
        length, constants = int(self.lengths[k]), int(self.n_constants[k])
        return Program(
            opcodes=self.opcodes[k, :length].copy(),
            left=self.left[k, :length].copy(),
            right=self.right[k, :length].copy(),
            constants=self.constants[k, :constants].copy(),
            inputs=self.inputs,
            by=self.by,
        )

    def row(self, k: int) -> LossRow:
        """Return member k for a kernel of the CPU.

        Raises:
            OptionError: the losses are not pointwise.
        """
        if self.inputs != POINTWISE or self.by != POINTWISE_BY:
            raise OptionError(
                f"the kernels for the CPU take losses in {', '.join(POINTWISE)}, and this is one in "
                f"{', '.join(self.inputs)}; loss.torch() makes a criterion of it, for a loop of your own"
            )
        return LossRow(
            opcodes=self.opcodes[k],
            left=self.left[k],
            right=self.right[k],
            length=int(self.lengths[k]),
            constants=self.constants[k],
            n_constants=int(self.n_constants[k]),
            eps=float(self.eps[k]),
            scale=float(self.scale[k]),
            takes_score=bool(self.takes_score[k]),
        )
