"""Tokens -> padded instructions, compiled: the step between sampling and the proxy test.

Only variables that the last one depends on become instructions; an identity
becomes no instruction unless it is the loss itself; a guard follows each
operator that may exceed 1/xi; a smoothed operator takes eps as second operand.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symloss.compile.cpu.jit import njit
from symloss.compile.program import FIRST_CONSTANT_SLOT, SLOT_EPS, SLOT_Y, SLOT_YHAT
from symloss.ops.opcode import Opcode
from symloss.search.candidates.tokens import N_LEAVES

SLOT_ONE = FIRST_CONSTANT_SLOT
"""The only constant, the number 1."""
_FIRST_RESULT = FIRST_CONSTANT_SLOT + 1
_YHAT, _Y, _EPS = SLOT_YHAT, SLOT_Y, SLOT_EPS
_IDENTITY = int(Opcode.IDENTITY)
_GUARD = int(Opcode.GUARD)

Int32 = NDArray[np.int32]


@njit
def pack_instructions(
    operators: Int32,
    left: Int32,
    right: Int32,
    opcode_of: Int32,
    binary: NDArray[np.bool_],
    smoothed: NDArray[np.bool_],
    may_exceed: NDArray[np.bool_],
) -> tuple[Int32, Int32, Int32, Int32]:
    """Return opcodes, left slots, right slots (K, longest possible) and lengths (K,).

    Args:
        operators, left, right: int32[K, S], as in `Tokens`.
        opcode_of, binary, smoothed, may_exceed: one entry an operator of the grammar.
    """
    count, steps = operators.shape
    longest = 2 * steps + 1
    codes = np.zeros((count, longest), np.int32)
    lefts = np.zeros((count, longest), np.int32)
    rights = np.zeros((count, longest), np.int32)
    lengths = np.zeros(count, np.int32)
    needed = np.zeros(N_LEAVES + steps, np.bool_)
    slot = np.zeros(N_LEAVES + steps, np.int32)
    slot[0], slot[1], slot[2] = _YHAT, _Y, SLOT_ONE
    for k in range(count):
        needed[:] = False
        needed[N_LEAVES + steps - 1] = True
        for step in range(steps - 1, -1, -1):
            if needed[N_LEAVES + step]:
                needed[left[k, step]] = True
                if binary[operators[k, step]]:
                    needed[right[k, step]] = True
        n = 0
        for step in range(steps):
            if not needed[N_LEAVES + step]:
                continue
            operator = operators[k, step]
            first = slot[left[k, step]]
            if opcode_of[operator] == _IDENTITY:
                slot[N_LEAVES + step] = first
                continue
            codes[k, n] = opcode_of[operator]
            lefts[k, n] = first
            if binary[operator]:
                rights[k, n] = slot[right[k, step]]
            else:
                rights[k, n] = _EPS if smoothed[operator] else first
            n += 1
            if may_exceed[operator]:
                codes[k, n] = _GUARD
                lefts[k, n] = _FIRST_RESULT + n - 1
                rights[k, n] = _FIRST_RESULT + n - 1
                n += 1
            slot[N_LEAVES + step] = _FIRST_RESULT + n - 1
        loss = slot[N_LEAVES + steps - 1]
        if n == 0 or loss != _FIRST_RESULT + n - 1:
            codes[k, n] = _IDENTITY
            lefts[k, n] = loss
            rights[k, n] = loss
            n += 1
        lengths[k] = n
    return codes, lefts, rights, lengths
