"""From scores to the gradient of the mean loss by the scores: the part of training that knows the loss.

A probability loss sees the sigmoid clipped into [2**-126, 1 - 2**-24], and the
chain factor yhat (1 - yhat) uses that too, so a saturated cross entropy keeps
its gradient. A score loss sees the score itself, with chain factor 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symloss.compile.cpu.jit import SUMS, njit
from symloss.compile.cpu.kernel import Interpreter, Workspace, interpret
from symloss.compile.cpu.vector_math import sigmoid32
from symloss.compile.program import SLOT_Y, SLOT_YHAT, LossRow

_LOWEST = np.float32(2.0**-126)
_HIGHEST = np.float32(1 - 2.0**-24)


@njit
def clip32(x: np.float32, low: np.float32, high: np.float32) -> np.float32:
    """Return x within [low, high]; NaN stays NaN."""
    x = low if x < low else x
    return high if x > high else x


@njit(fastmath=SUMS)
def slopes(run: Interpreter, scores: NDArray[np.float32], labels: NDArray[np.float32], n: int, loss: LossRow,
           work: Workspace, out: NDArray[np.float32]) -> tuple[float, float]:  # fmt: skip
    """Write d(mean loss)/dscore of a batch to `out`; return the sum of losses and the sum of |out|.

    Args:
        run: the interpreter.
        scores, labels: shape (at least n,).
        n: size of the batch, at most the width of the workspace.
        loss: what is trained.
        work: of `prepare`.
        out: shape (at least n,), written.
    """
    values, derivatives = work.values, work.derivatives
    last = len(work.depends) - 1
    for j in range(n):
        values[SLOT_Y, j] = labels[j]
    if loss.takes_score:
        for j in range(n):
            values[SLOT_YHAT, j] = scores[j]
    else:
        for j in range(n):
            values[SLOT_YHAT, j] = clip32(sigmoid32(scores[j]), _LOWEST, _HIGHEST)
    interpret(run, loss, work, False, n)
    factor = np.float32(loss.scale / n)
    if loss.takes_score:
        for j in range(n):
            out[j] = factor * derivatives[last, j]
    else:
        for j in range(n):
            yhat = values[SLOT_YHAT, j]
            # The sigmoid's slope comes first: it tames a large derivative before the product can overflow.
            out[j] = factor * (derivatives[last, j] * yhat) * (np.float32(1) - yhat)
    total = np.float32(0)
    for j in range(n):
        total += values[last, j]
    size = np.float32(0)
    for j in range(n):
        size += abs(out[j])
    return loss.scale * float(total), float(size)
