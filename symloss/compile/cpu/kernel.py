"""The interpreter on the CPU: any loss program over a chunk of predictions, value and derivative.

Slots become rows of two matrices of float32, one of values and one of
derivatives by yhat (forward mode). An instruction runs over a whole row before
the next one starts. What can't change between chunks is done once, by
`prepare`: constants, instructions on constants only, and zero derivatives.

The interpreter is large. It is compiled once, as a C function, and kernels get
its address as an argument; called as an ordinary Numba function, it would be
compiled into each of them again.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numba import carray, types
from numpy.typing import NDArray

from symloss.compile.cpu.instructions import write_derivatives, write_values
from symloss.compile.cpu.jit import cfunc, njit
from symloss.compile.program import (
    FIRST_CONSTANT_SLOT,
    SLOT_EPS,
    SLOT_Y,
    SLOT_YHAT,
    LossRow,
    Program,
    ProgramBatch,
)

Interpreter: TypeAlias = Any
"""A compiled `_run`; Numba's function objects have no useful static type."""

_FIXED, _BY_LABEL, _BY_PREDICTION = 0, 1, 2
"""What a slot depends on: on neither, on y only, on yhat (and so has a derivative)."""


def _run(opcodes: Any, left: Any, right: Any, length: int, n_constants: int, values: Any, derivatives: Any,
         depends: Any, width: int, fixed: bool, n: int) -> None:  # fmt: skip
    """Run the instructions of a prepared program over the first n places of the rows.

    With `fixed`, those on constants only; without, all others. Pointers are to
    the arrays of a `Workspace`.
    """
    shape = (FIRST_CONSTANT_SLOT + n_constants + length, width)
    x = carray(values, shape)
    d = carray(derivatives, shape)
    for i in range(length):
        out = FIRST_CONSTANT_SLOT + n_constants + i
        kind, a, b = depends[out], left[i], right[i]
        if (kind == _FIXED) != fixed:
            continue
        one_b = depends[b] == _FIXED
        write_values(opcodes[i], x, a, b, one_b, out, n)
        if kind == _BY_PREDICTION:
            write_derivatives(opcodes[i], x, d, a, b, one_b, out, n)


@cache
def interpreter() -> Interpreter:
    """Return the compiled interpreter, from Numba's cache on disk where it has been compiled before."""
    integers, floats = types.CPointer(types.int32), types.CPointer(types.float32)
    signature = types.void(
        integers, integers, integers, types.int64, types.int64, floats, floats, integers, types.int64,
        types.boolean, types.int64,
    )  # fmt: skip
    return cfunc(signature, _run)


class Workspace(NamedTuple):
    """What an interpreter works on: rows for all slots of one loss.

    Attributes:
        values: shape (slots, width); predictions go to row 0, labels to row 1, the loss is in the last.
        derivatives: shape (slots, width); the derivative of the loss by yhat is in the last.
        depends: shape (slots,), what each slot depends on.
    """

    values: NDArray[np.float32]
    derivatives: NDArray[np.float32]
    depends: NDArray[np.int32]


@njit
def prepare(run: Interpreter, loss: LossRow, width: int) -> Workspace:
    """Return a workspace in which all that is the same for all chunks of a loss is done.

    Args:
        run: the interpreter.
        loss: what is to be interpreted.
        width: most points of a chunk.
    """
    n_slots = FIRST_CONSTANT_SLOT + loss.n_constants + loss.length
    values = np.empty((n_slots, width), np.float32)
    derivatives = np.empty((n_slots, width), np.float32)
    depends = np.empty(n_slots, np.int32)
    derivatives[:] = np.float32(0)
    derivatives[SLOT_YHAT, :] = np.float32(1)
    depends[:] = _FIXED
    depends[SLOT_YHAT] = _BY_PREDICTION
    depends[SLOT_Y] = _BY_LABEL
    values[SLOT_EPS, :] = np.float32(loss.eps)
    for i in range(loss.n_constants):
        values[FIRST_CONSTANT_SLOT + i, :] = np.float32(loss.constants[i])
    for i in range(loss.length):
        kind = max(depends[loss.left[i]], depends[loss.right[i]])
        depends[FIRST_CONSTANT_SLOT + loss.n_constants + i] = kind
    work = Workspace(values, derivatives, depends)
    interpret(run, loss, work, True, width)
    return work


@njit(forceinline=True)
def interpret(run: Interpreter, loss: LossRow, work: Workspace, fixed: bool, n: int) -> None:
    """Run the instructions of a loss over the first n places; see `_run`."""
    run(loss.opcodes.ctypes, loss.left.ctypes, loss.right.ctypes, loss.length, loss.n_constants,
        work.values.ctypes, work.derivatives.ctypes, work.depends.ctypes, work.values.shape[1], fixed, n)  # fmt: skip


@njit
def _evaluate(run: Interpreter, loss: LossRow, yhat: NDArray[np.float32], y: NDArray[np.float32],
              width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:  # fmt: skip
    work = prepare(run, loss, width)
    last = len(work.depends) - 1
    value = np.empty(len(yhat), np.float32)
    derivative = np.empty(len(yhat), np.float32)
    for start in range(0, len(yhat), width):
        n = min(width, len(yhat) - start)
        for j in range(n):
            work.values[SLOT_YHAT, j] = yhat[start + j]
            work.values[SLOT_Y, j] = y[start + j]
        interpret(run, loss, work, False, n)
        for j in range(n):
            value[start + j] = work.values[last, j]
            derivative[start + j] = work.derivatives[last, j]
    return value, derivative


def evaluate(
    program: Program, yhat: NDArray[np.float32], y: NDArray[np.float32], eps: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Evaluate a loss and its derivative by yhat in float32.

    Args:
        program: the loss.
        yhat: shape (n,), predictions.
        y: shape (n,), labels.
        eps: the smoothing.

    Returns:
        The values and the derivatives, each of shape (n,).

    Raises:
        OptionError: the loss is not pointwise.
    """
    result: tuple[NDArray[np.float32], NDArray[np.float32]] = _evaluate(
        interpreter(),
        ProgramBatch.pack([program], [eps]).row(0),
        np.ascontiguousarray(yhat, np.float32),
        np.ascontiguousarray(y, np.float32),
        256,
    )
    return result
