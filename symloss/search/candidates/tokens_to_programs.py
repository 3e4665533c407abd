"""Tokens -> padded instructions, compiled: the step between sampling and the proxy test.

Only variables that the last one depends on become instructions; an identity
becomes no instruction unless it is the loss itself; a guard follows each
operator that may exceed 1/xi; a smoothed operator takes eps as second operand.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symloss.compile.cpu.jit import njit
from symloss.ops.opcode import Opcode

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
    leaf_slots: Int32,
    eps_slot: int,
) -> tuple[Int32, Int32, Int32, Int32]:
    """Return opcodes, left slots, right slots (K, longest possible) and lengths (K,).

    Args:
        operators, left, right: int32[K, S], as in `Tokens`.
        opcode_of, binary, smoothed, may_exceed: one entry an operator of the grammar.
        leaf_slots: the slot of each leaf; the last is that of the number 1, the only constant.
        eps_slot: the slot of eps.
    """
    n_leaves = len(leaf_slots)
    first_result = leaf_slots[n_leaves - 1] + 1
    count, steps = operators.shape
    longest = 2 * steps + 1
    codes = np.zeros((count, longest), np.int32)
    lefts = np.zeros((count, longest), np.int32)
    rights = np.zeros((count, longest), np.int32)
    lengths = np.zeros(count, np.int32)
    needed = np.zeros(n_leaves + steps, np.bool_)
    slot = np.zeros(n_leaves + steps, np.int32)
    slot[:n_leaves] = leaf_slots
    for k in range(count):
        needed[:] = False
        needed[n_leaves + steps - 1] = True
        for step in range(steps - 1, -1, -1):
            if needed[n_leaves + step]:
                needed[left[k, step]] = True
                if binary[operators[k, step]]:
                    needed[right[k, step]] = True
        n = 0
        for step in range(steps):
            if not needed[n_leaves + step]:
                continue
            operator = operators[k, step]
            first = slot[left[k, step]]
            if opcode_of[operator] == _IDENTITY:
                slot[n_leaves + step] = first
                continue
            codes[k, n] = opcode_of[operator]
            lefts[k, n] = first
            if binary[operator]:
                rights[k, n] = slot[right[k, step]]
            else:
                rights[k, n] = eps_slot if smoothed[operator] else first
            n += 1
            if may_exceed[operator]:
                codes[k, n] = _GUARD
                lefts[k, n] = first_result + n - 1
                rights[k, n] = first_result + n - 1
                n += 1
            slot[n_leaves + step] = first_result + n - 1
        loss = slot[n_leaves + steps - 1]
        if n == 0 or loss != first_result + n - 1:
            codes[k, n] = _IDENTITY
            lefts[k, n] = loss
            rights[k, n] = loss
            n += 1
        lengths[k] = n
    return codes, lefts, rights, lengths
