"""Operators that take more than one instruction: written out in programs that name them by one code.

The programs of tokens are packed with one code an operator. Those of operators without an instruction of their own
lie beyond the opcodes; here each is replaced by the operator's recorded instructions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symloss.compile.cpu.jit import njit
from symloss.ops.opcode import Opcode
from symloss.ops.operator import Operator
from symloss.ops.recorded import Slot

Int32 = NDArray[np.int32]

_FIRST_CODE = len(Opcode)
_FIRST, _SECOND = -1, -2
"""Slots that stand for the operands of the operator; other slots below 0 are -3 - i for result i of its own."""
_OWN_RESULT = -3


@dataclass(frozen=True, eq=False)
class Composites:
    """The instructions of the operators that take more than one.

    Attributes:
        codes: of every operator of a grammar: its opcode, or a number from `len(Opcode)` on.
        constants: the numbers that their instructions use.
        starts: int32[m + 1], where the instructions of each of the m operators begin and end.
        opcodes, left, right: of all of them, one after another.
    """

    codes: Int32
    constants: NDArray[np.float64]
    starts: Int32
    opcodes: Int32
    left: Int32
    right: Int32

    @classmethod
    def of(cls, operators: Sequence[Operator], first_constant: int, eps_slot: int) -> Composites:
        """Collect them.

        Args:
            operators: of a grammar.
            first_constant: the slot of the first number that is theirs.
            eps_slot: the slot of eps.
        """
        codes: list[int] = []
        starts = [0]
        constants: list[float] = []
        rows: list[tuple[int, int, int]] = []
        for operator in operators:
            if operator.opcode is not None:
                codes.append(int(operator.opcode))
                continue
            codes.append(_FIRST_CODE + len(starts) - 1)
            own = operator.recorded

            def number_of(slot: Slot, first: int = first_constant + len(constants)) -> int:
                kind, number = slot
                if kind == "operand":
                    return _SECOND if number else _FIRST
                return {"eps": eps_slot, "constant": first + number, "result": _OWN_RESULT - number}[kind]

            rows += [
                (int(opcode), number_of(left), number_of(right)) for opcode, left, right in own.instructions
            ]
            constants += own.constants
            starts.append(len(rows))
        table = np.array(rows, np.int32).reshape(-1, 3).T
        return cls(
            np.array(codes, np.int32),
            np.array(constants, np.float64),
            np.array(starts, np.int32),
            *(np.ascontiguousarray(column) for column in table),
        )

    def __len__(self) -> int:
        """Return how many operators take more than one instruction."""
        return len(self.starts) - 1

    def written_out(
        self, codes: Int32, left: Int32, right: Int32, lengths: Int32, first_result: int
    ) -> tuple[Int32, Int32, Int32, Int32]:
        """Return opcodes, left slots, right slots (K, longest) and lengths (K,) with their instructions in place.

        Args:
            codes, left, right: int32[K, longest], packed programs.
            lengths: int32[K].
            first_result: the slot of their first result; the constants here come before it.
        """
        return _written_out(
            codes, left, right, lengths, first_result, len(self.constants), self.starts, self.opcodes,
            self.left, self.right,
        )  # fmt: skip


@njit
def _written_out(codes: Int32, left: Int32, right: Int32, lengths: Int32, first_result: int, more: int,
                 starts: Int32, own_codes: Int32, own_left: Int32, own_right: Int32,
                 ) -> tuple[Int32, Int32, Int32, Int32]:  # fmt: skip
    count, longest = codes.shape
    new_lengths = np.zeros(count, np.int32)
    for k in range(count):
        for i in range(lengths[k]):
            which = codes[k, i] - _FIRST_CODE
            new_lengths[k] += 1 if which < 0 else starts[which + 1] - starts[which]
    width = max(1, new_lengths.max()) if count else 1
    new_codes = np.zeros((count, width), np.int32)
    sides = np.zeros((2, count, width), np.int32)
    slot = np.zeros(longest, np.int32)
    operands = np.zeros(2, np.int32)
    for k in range(count):
        n = 0
        for i in range(lengths[k]):
            for side in range(2):
                old = left[k, i] if side == 0 else right[k, i]
                operands[side] = old if old < first_result else slot[old - first_result]
            which = codes[k, i] - _FIRST_CODE
            if which < 0:
                new_codes[k, n] = codes[k, i]
                sides[0, k, n], sides[1, k, n] = operands[0], operands[1]
                n += 1
            else:
                begin = n
                for j in range(starts[which], starts[which + 1]):
                    new_codes[k, n] = own_codes[j]
                    for side in range(2):
                        own = own_left[j] if side == 0 else own_right[j]
                        if own <= _OWN_RESULT:
                            own = first_result + more + begin + _OWN_RESULT - own
                        elif own < 0:
                            own = operands[_FIRST - own]
                        sides[side, k, n] = own
                    n += 1
            slot[i] = first_result + more + n - 1
    return new_codes, sides[0], sides[1], new_lengths
