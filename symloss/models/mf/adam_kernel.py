"""One epoch of matrix factorisation with Adam under any loss program, fused into one call without the GIL."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symloss.compile.cpu.jit import njit
from symloss.compile.cpu.kernel import Interpreter, prepare
from symloss.compile.cpu.slopes import slopes
from symloss.compile.program import FIRST_CONSTANT_SLOT
from symloss.models.adam import adam_step
from symloss.models.mf.sgd_kernel import DIMENSION, predict

Parameters = tuple[NDArray[np.float32], ...]


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
def train_epoch(run: Interpreter, parameters: Parameters, first: Parameters, second: Parameters, steps: int,
                users: NDArray[np.int32], items: NDArray[np.int32], labels: NDArray[np.float32],
                order: NDArray[np.int32], opcodes: NDArray[np.int32], left: NDArray[np.int32],
                right: NDArray[np.int32], length: int, constants: NDArray[np.float64], n_constants: int,
                eps: float, scale: float, takes_score: bool, learning_rate: float, l2: float,
                batch_size: int, bound: float) -> float:  # fmt: skip
    """Train one epoch in place; see `symloss.models.mf.sgd_kernel.train_epoch`.

    Args:
        run: the loss interpreter.
        parameters: embeddings of users and items, their biases, the global bias.
        first, second: Adam's moments, of the same shapes.
        steps: how many steps Adam has made before.
        users, items, labels, order, opcodes, left, right, length, constants, n_constants, eps, scale,
            takes_score, learning_rate, l2, batch_size, bound: as there.

    Returns:
        The mean loss over the epoch, or NaN or infinity as soon as the loss or a weight became so.
    """
    user_table, item_table, user_bias, item_bias, global_bias = parameters
    width = min(batch_size, len(order))
    n_slots = FIRST_CONSTANT_SLOT + n_constants + length
    values = np.empty((n_slots, width), np.float32)
    derivatives = np.empty((n_slots, width), np.float32)
    depends = np.empty(n_slots, np.int32)
    prepare(run, opcodes, left, right, length, constants, n_constants, eps, values, derivatives, depends)
    batch_users, batch_items = np.empty(width, np.int32), np.empty(width, np.int32)
    batch_labels, scores = np.empty(width, np.float32), np.empty(width, np.float32)
    c = np.empty(width, np.float32)
    by_user, by_item = np.zeros_like(user_table), np.zeros_like(item_table)
    by_user_bias, by_item_bias = np.zeros_like(user_bias), np.zeros_like(item_bias)
    by_base = np.zeros_like(global_bias)

    loss = 0.0
    for start in range(0, len(order), width):
        n = min(width, len(order) - start)
        for j in range(n):
            row = order[start + j]
            batch_users[j], batch_items[j], batch_labels[j] = users[row], items[row], labels[row]
        predict(user_table, item_table, user_bias, item_bias, global_bias, batch_users[:n], batch_items[:n],
                scores)  # fmt: skip
        batch_loss, size = slopes(run, scores, batch_labels, n, opcodes, left, right, length, n_constants, scale,
                                  takes_score, values, derivatives, depends, c)  # fmt: skip
        loss += batch_loss
        if not np.isfinite(batch_loss) or size != size:
            return loss / len(order) if loss != loss or size == size else np.nan
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
    return loss / len(order) + poison
