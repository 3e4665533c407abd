"""In which order to run the instructions of many programs, so that few and large groups come out.

A back end that runs one operation on many rows at once wants all instructions
with one opcode together, whatever their members and positions. Any order works
that computes operands first, so the shortest list of opcodes is wanted of which
every program's order is a subsequence: the shortest common supersequence. That
is NP-hard; a greedy rule comes close (weighted majority merge: Branke, Middendorf
and Schneider, 1998): of the opcodes that could run now, take the one whose ready
instructions have the most work behind them.

Results are numbered so that those of a group are neighbours; a back end gathers
operands, and writes a slice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symloss.compile.program import EPS, ProgramBatch
from symloss.ops.opcode import Opcode

Indices = NDArray[np.int64]

ZERO_ROW, ONE_ROW = 0, 1
"""Rows of the derivatives: all 0 (of what has no gradient), and from 1 on those of the inputs that the gradient is
taken by: 1 in the plane of that input, 0 in the others."""

_FIXED, _AT_POINTS, _WITH_GRADIENT = 0, 1, 2
"""What a result depends on: on numbers only, on points (a label), on what the gradient is taken by (a prediction)."""


@dataclass(frozen=True, eq=False)
class Group:
    """Instructions with one opcode, those that have a gradient first.

    Attributes:
        opcode: of all.
        left, right: shape (size,), rows of the operands' values.
        start: row of the first result; the others follow.
        by_left, by_right: shape (dependent,), rows of the operands' derivatives.
        by_start: row of the first result's derivative; the others follow.
    """

    opcode: Opcode
    left: Indices
    right: Indices
    start: int
    by_left: Indices
    by_right: Indices
    by_start: int


@dataclass(frozen=True, eq=False)
class Schedule:
    """Rows and groups of K programs.

    Rows of values: K of each input but eps (yhat, then y), the numbers, then
    results. Rows of derivatives, the same in the plane of each input that the
    gradient is taken by: one of 0, one for each of these inputs, then the
    results that depend on one.

    Attributes:
        numbers: shape (m,), constants and values of eps, each once.
        fixed: groups that depend on numbers only.
        groups: all others.
        rows, by_rows: how many rows of values and of derivatives there are.
        value, derivative: shape (K,), the rows of each program's result.
    """

    numbers: NDArray[np.float64]
    fixed: tuple[Group, ...]
    groups: tuple[Group, ...]
    rows: int
    by_rows: int
    value: Indices
    derivative: Indices


@dataclass(frozen=True, eq=False)
class _Nodes:
    """All instructions of all programs; nodes are K leaves for each input, the numbers, then the instructions."""

    opcode: Indices
    left: Indices
    right: Indices
    kind: Indices
    weight: NDArray[np.float64]
    first: int


def schedule(batch: ProgramBatch) -> Schedule:
    """Order the instructions of K programs, K >= 1."""
    count = len(batch)
    numbers, offsets, nodes = _collect(batch)
    row = np.full(nodes.first + len(nodes.opcode), -1, np.int64)
    row[: nodes.first] = np.arange(nodes.first)
    by_row = np.full(len(row), ZERO_ROW, np.int64)
    for plane, name in enumerate(batch.by):
        start = count * batch.points.index(name)
        by_row[start : start + count] = ONE_ROW + plane
    counters = [nodes.first, ONE_ROW + len(batch.by)]
    fixed = _groups(nodes, np.flatnonzero(nodes.kind == _FIXED), row, by_row, counters)
    groups = _groups(nodes, np.flatnonzero(nodes.kind != _FIXED), row, by_row, counters)
    last = nodes.first + offsets + batch.lengths - 1
    return Schedule(numbers, fixed, groups, counters[0], counters[1], row[last], by_row[last])


def _collect(batch: ProgramBatch) -> tuple[NDArray[np.float64], Indices, _Nodes]:
    """Number the operands of all programs in one go; return numbers, first instructions and nodes."""
    count, longest = batch.opcodes.shape
    lengths = batch.lengths.astype(np.int64)
    offsets = np.cumsum(lengths) - lengths
    n_constants = batch.n_constants.astype(np.int64)
    numbers, where = np.unique(np.concatenate([batch.eps, batch.constants.ravel()]), return_inverse=True)
    where = where.reshape(-1)
    n_leaves = len(batch.points) * count
    first = n_leaves + len(numbers)
    # The node of each slot of each program.
    n_slots = batch.n_inputs + batch.constants.shape[1] + longest
    slots = np.arange(n_slots)[None, :]
    result = slots - batch.n_inputs - n_constants[:, None]
    node = first + offsets[:, None] + result
    constant = np.clip(slots - batch.n_inputs, 0, batch.constants.shape[1] - 1)
    by_constant = (
        n_leaves
        + where[count:].reshape(batch.constants.shape)[
            np.arange(count)[:, None], np.broadcast_to(constant, node.shape)
        ]
    )
    node = np.where(result < 0, by_constant, node)
    kinds = np.zeros(n_leaves, np.int64)
    for slot, name in enumerate(batch.inputs):
        if name == EPS:
            node[:, slot] = n_leaves + where[:count]
            continue
        start = count * batch.points.index(name)
        node[:, slot] = start + np.arange(count)
        kinds[start : start + count] = _WITH_GRADIENT if name in batch.by else _AT_POINTS

    total = int(lengths.sum())
    opcode, left, right = (np.zeros(total, np.int64) for _ in range(3))
    kind = np.zeros(first + total, np.int64)
    kind[:n_leaves] = kinds
    for i in range(longest):
        k = np.flatnonzero(lengths > i)
        at = offsets[k] + i
        opcode[at] = batch.opcodes[k, i]
        left[at], right[at] = node[k, batch.left[k, i]], node[k, batch.right[k, i]]
        kind[first + at] = np.maximum(kind[left[at]], kind[right[at]])
    weight = np.ones(first + total)
    for i in range(longest - 1, -1, -1):
        at = offsets[lengths > i] + i
        for operand in (left[at], right[at]):
            np.maximum.at(weight, operand, weight[first + at] + 1)
    return numbers, offsets, _Nodes(opcode, left, right, kind[first:], weight[first:], first)


def _groups(
    nodes: _Nodes, waiting: Indices, row: Indices, by_row: Indices, counters: list[int]
) -> tuple[Group, ...]:
    """Order the instructions `waiting`; write the rows of their results and count them in `counters`."""
    groups = []
    while len(waiting):
        ready = waiting[(row[nodes.left[waiting]] >= 0) & (row[nodes.right[waiting]] >= 0)]
        gain = np.bincount(nodes.opcode[ready], nodes.weight[ready], len(Opcode))
        opcode = int(np.argmax(gain))
        chosen = ready[nodes.opcode[ready] == opcode]
        dependent = nodes.kind[chosen] == _WITH_GRADIENT
        chosen = np.concatenate([chosen[dependent], chosen[~dependent]])
        size, size_by = len(chosen), int(dependent.sum())
        left, right = nodes.left[chosen], nodes.right[chosen]
        groups.append(
            Group(
                Opcode(opcode),
                row[left],
                row[right],
                counters[0],
                by_row[left[:size_by]],
                by_row[right[:size_by]],
                counters[1],
            )
        )
        row[nodes.first + chosen] = counters[0] + np.arange(size)
        by_row[nodes.first + chosen[:size_by]] = counters[1] + np.arange(size_by)
        counters[0] += size
        counters[1] += size_by
        waiting = waiting[row[nodes.first + waiting] < 0]
    return tuple(groups)
