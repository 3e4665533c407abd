"""One epoch of matrix factorisation with Adam under any loss program, fused into one call without the GIL."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symloss.compile.cpu.jit import njit
from symloss.compile.cpu.kernel import Interpreter, prepare
from symloss.compile.cpu.slopes import slopes
from symloss.compile.program import LossRow
from symloss.models.adam import adam_step
from symloss.models.kernel_arguments import Rows, Step
from symloss.models.mf.sgd_kernel import DIMENSION, Tables, predict


@njit
def _add_gradients(user_table: NDArray[np.float32], item_table: NDArray[np.float32],
                   users: NDArray[np.int32], items: NDArray[np.int32], c: NDArray[np.float32], n: int,
                   by_user: NDArray[np.float32], by_item: NDArray[np.float32]) -> None:  # fmt: skip
    """Add the gradients of a batch to those of both tables; c is the gradient by score."""
    for j in range(n):
        u, i = users[j], items[j]
        for k in range(DIMENSION):
            by_user[u, k] += c[j] * item_table[i, k]
        for k in range(DIMENSION):
            by_item[i, k] += c[j] * user_table[u, k]


@njit
def train_epoch(run: Interpreter, tables: Tables, first: Tables, second: Tables, steps: int, rows: Rows,
                loss: LossRow, step: Step) -> float:  # fmt: skip
    """Train one epoch in place; see `symloss.models.mf.sgd_kernel.train_epoch`.

    Args:
        run: the loss interpreter.
        tables: the parameters.
        first, second: Adam's moments.
        steps: how many steps Adam has made before.
        rows, loss, step: as there.

    Returns:
        The mean loss over the epoch, or NaN or infinity as soon as the loss or a weight became so.
    """
    user_table, item_table, user_bias, item_bias, global_bias = tables
    users, items, labels, order = rows
    learning_rate, l2, batch_size, bound = step
    width = min(batch_size, len(order))
    work = prepare(run, loss, width)
    batch_users, batch_items = np.empty(width, np.int32), np.empty(width, np.int32)
    batch_labels, scores = np.empty(width, np.float32), np.empty(width, np.float32)
    c = np.empty(width, np.float32)
    by_user, by_item = np.zeros_like(user_table), np.zeros_like(item_table)
    by_user_bias, by_item_bias = np.zeros_like(user_bias), np.zeros_like(item_bias)
    by_base = np.zeros_like(global_bias)

    losses = 0.0
    for start in range(0, len(order), width):
        n = min(width, len(order) - start)
        for j in range(n):
            row = order[start + j]
            batch_users[j], batch_items[j], batch_labels[j] = users[row], items[row], labels[row]
        predict(tables, batch_users[:n], batch_items[:n], scores)
        batch_loss, size = slopes(run, scores, batch_labels, n, loss, work, c)
        losses += batch_loss
        if not np.isfinite(batch_loss) or size != size:
            return losses / len(order) if losses != losses or size == size else np.nan
        _add_gradients(user_table, item_table, batch_users, batch_items, c, n, by_user, by_item)
        for j in range(n):
            by_user_bias[batch_users[j]] += c[j]
            by_item_bias[batch_items[j]] += c[j]
            by_base[0] += c[j]
        steps += 1
        adam_step(user_table, by_user, first[0], second[0], steps, learning_rate, l2, bound)
        adam_step(item_table, by_item, first[1], second[1], steps, learning_rate, l2, bound)
        adam_step(user_bias, by_user_bias, first[2], second[2], steps, learning_rate, l2, bound)
        adam_step(item_bias, by_item_bias, first[3], second[3], steps, learning_rate, l2, bound)
        adam_step(global_bias, by_base, first[4], second[4], steps, learning_rate, l2, bound)
    poison = 0.0
    for table in (user_table, item_table):
        poison += float((table.ravel() * np.float32(0)).sum())
    for bias in (user_bias, item_bias, global_bias):
        poison += float((bias * np.float32(0)).sum())
    return losses / len(order) + poison
