"""One epoch of the multilayer perceptron under any loss program, fused into one call without the GIL.

A batch's activations and all weights fit in the cache next to the core. The
gradient is written out by hand; all of it uses the parameters at the start of
the batch. Dense parameters lie in one vector (`symloss.models.mlp.packing`),
the first matrices transposed, as the forward products take them. The table is
stored divided by a factor that takes up SGD's decay (see
`symloss.models.mf.sgd_kernel`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from symloss.compile.cpu.jit import SUMS, njit
from symloss.compile.cpu.kernel import Interpreter, prepare
from symloss.compile.cpu.slopes import clip32, slopes
from symloss.compile.program import LossRow
from symloss.models.adam import adam_step
from symloss.models.dropout import fill
from symloss.models.kernel_arguments import Rows, Step
from symloss.models.matrix_product import add_product, aligned
from symloss.models.mlp.layers import (
    activate_fixed,
    activate_narrow,
    activate_wide,
    narrow_back,
    normalise_narrow,
    normalise_wide,
    wide_back,
)
from symloss.models.mlp.packing import B1, B2, B3, DENSE, G1, G2, M1, M2, S1, S2, V1, V2, W1, W2, W3
from symloss.models.mlp.state import DIMENSION, WIDTHS

Matrix = NDArray[np.float32]
INPUT, HIDDEN, LAST = WIDTHS[0], WIDTHS[1], WIDTHS[2]
_CHUNK = 128
_ZERO = np.float32(0)


class Parameters(NamedTuple):
    """What a member is made of.

    Attributes:
        table: shape (users + items, 64), the embeddings.
        dense, statistics: as packed by `symloss.models.mlp.packing`.
        n_users: number of users.
    """

    table: Matrix
    dense: NDArray[np.float32]
    statistics: NDArray[np.float32]
    n_users: int


class Moments(NamedTuple):
    """Adam's means of gradients, or of their squares, in the shapes of the parameters; empty for SGD."""

    table: Matrix
    dense: NDArray[np.float32]


@njit(forceinline=True)
def _row(vector: NDArray[np.float32], first: int, width: int) -> Matrix:
    return vector[first : first + width].reshape(1, width)


@njit(forceinline=True)
def _matrix(vector: NDArray[np.float32], first: int, rows: int, columns: int) -> Matrix:
    return vector[first : first + rows * columns].reshape(rows, columns)


@njit(fastmath=SUMS)
def _scores(active: Matrix, weights: Matrix, bias: np.float32, out: NDArray[np.float32], n: int) -> None:
    for j in range(n):
        total = _ZERO
        for k in range(LAST):
            total += active[j, k] * weights[0, k]
        out[j] = total + bias


@njit
def _gather(table: Matrix, users: NDArray[np.int32], items: NDArray[np.int32], n_users: int, factor: np.float32,
            out: Matrix, n: int) -> None:  # fmt: skip
    """Write factor times the rows of user and item, side by side."""
    for j in range(n):
        user, item = users[j], n_users + items[j]
        for k in range(DIMENSION):
            out[j, k] = factor * table[user, k]
        for k in range(DIMENSION):
            out[j, DIMENSION + k] = factor * table[item, k]


@njit
def _transpose(source: Matrix, target: Matrix) -> None:
    rows, columns = source.shape
    for first in range(0, rows, 16):
        for j in range(columns):
            for i in range(16):
                target[j, first + i] = source[first + i, j]


@njit(fastmath=SUMS)
def _poison(values: NDArray[np.float32]) -> float:
    """Return 0 if all values are finite, else NaN."""
    total = _ZERO
    for k in range(len(values)):
        total += values[k] * _ZERO
    return float(total)


@njit
def _largest(x: Matrix, n: int) -> np.float32:
    """Return the largest absolute value of n rows, NaN if there is one."""
    # As integers the bits of non-negative floats have the same order, NaN last; that maximum is SIMD code.
    bits = x.ravel().view(np.int32)
    largest = np.int32(0)
    for k in range(n * x.shape[1]):
        largest = max(largest, np.int32(bits[k] & np.int32(0x7FFFFFFF)))
    return np.int32(largest).view(np.float32)


@njit
def _add_rows(target: Matrix, users: NDArray[np.int32], items: NDArray[np.int32], n_users: int,
              factor: np.float32, by_input: Matrix, n: int) -> None:  # fmt: skip
    """Add factor times each half of row j of by_input to the rows of user and item j."""
    for j in range(n):
        user, item = users[j], n_users + items[j]
        for k in range(DIMENSION):
            target[user, k] += factor * by_input[j, k]
        for k in range(DIMENSION):
            target[item, k] += factor * by_input[j, DIMENSION + k]


@njit
def _clipped_rows(table: Matrix, rows: NDArray[np.int32], first_row: int, by_input: Matrix, column: int, n: int,
                  rate: np.float32, bound: np.float32, place: NDArray[np.int32]) -> None:  # fmt: skip
    """Update rows of one side from summed and clipped gradients; `place` is -1 everywhere."""
    for j in range(n):
        first = place[rows[j]]
        if first < 0:
            place[rows[j]] = j
        else:
            for k in range(column, column + DIMENSION):
                by_input[first, k] += by_input[j, k]
    for j in range(n):
        if place[rows[j]] == j:
            row = first_row + rows[j]
            for k in range(DIMENSION):
                table[row, k] -= rate * clip32(by_input[j, column + k], -bound, bound)
    for j in range(n):
        place[rows[j]] = -1


@njit
def _descend(parameters: NDArray[np.float32], gradients: NDArray[np.float32], decay: np.float32,
             rate: np.float32, bound: np.float32) -> None:  # fmt: skip
    for k in range(len(parameters)):
        parameters[k] = decay * parameters[k] - rate * clip32(gradients[k], -bound, bound)


@njit
def train_epoch(run: Interpreter, parameters: Parameters, rows: Rows, noise: NDArray[np.uint64], keep: int,
                loss: LossRow, step: Step, adam: bool, steps: int, first: Moments,
                second: Moments) -> float:  # fmt: skip
    """Train one epoch in place.

    Args:
        run: the loss interpreter.
        parameters: what is trained.
        rows: the interactions in their order.
        noise: shape (1,), the seed of dropout.
        keep: probability to keep a unit, times 65536.
        loss: what is trained with.
        step: of the optimiser.
        adam: True for Adam, False for SGD.
        steps: how many steps Adam has made before.
        first, second: Adam's moments.

    Returns:
        The mean loss over the epoch, or NaN or infinity as soon as the loss or a weight became so.
    """
    table, dense, statistics, n_users = parameters
    users, items, labels, order = rows
    learning_rate, l2, batch_size, bound = step
    width = min(batch_size, len(order))
    work = prepare(run, loss, width)
    # All at once, so that their cache misses overlap.
    ordered_users, ordered_items, ordered_labels = users[order], items[order], labels[order]
    scores = np.empty(width, np.float32)
    c = np.empty((width, 1), np.float32)
    x, by_x = aligned(width, INPUT), aligned(width, INPUT)
    z1, a1, by_1 = aligned(width, HIDDEN), aligned(width, HIDDEN), aligned(width, HIDDEN)
    z2, a2, by_2 = aligned(width, LAST), aligned(width, LAST), aligned(width, LAST)
    inverse1, inverse2 = aligned(1, HIDDEN), aligned(1, LAST)
    work1, work2 = aligned(2, HIDDEN), aligned(2, LAST)
    turned1, turned2 = aligned(HIDDEN, INPUT), aligned(LAST, HIDDEN)
    kept = np.empty((1, width, HIDDEN + LAST), np.uint8)
    gradients = aligned(1, DENSE).ravel()
    nothing = aligned(1, INPUT)
    w1, b1 = _matrix(dense, W1, INPUT, HIDDEN), _row(dense, B1, HIDDEN)
    w2, b2 = _matrix(dense, W2, HIDDEN, LAST), _row(dense, B2, LAST)
    g1, s1, g2, s2 = (
        _row(dense, G1, HIDDEN),
        _row(dense, S1, HIDDEN),
        _row(dense, G2, LAST),
        _row(dense, S2, LAST),
    )
    w3 = _row(dense, W3, LAST)
    by_w1, by_w2 = _matrix(gradients, W1, INPUT, HIDDEN), _matrix(gradients, W2, HIDDEN, LAST)
    m1, v1 = _row(statistics, M1, HIDDEN), _row(statistics, V1, HIDDEN)
    m2, v2 = _row(statistics, M2, LAST), _row(statistics, V2, LAST)
    n_items = len(table) - n_users
    user_place, item_place = np.full(n_users, -1, np.int32), np.full(n_items, -1, np.int32)
    sums = np.zeros_like(first.table)

    decay = 1.0 - learning_rate * l2
    s = 1.0
    losses = 0.0
    for start in range(0, len(order), width):
        n = min(width, len(order) - start)
        batch_users, batch_items = ordered_users[start : start + n], ordered_items[start : start + n]
        _gather(table, batch_users, batch_items, n_users, np.float32(s), x, n)
        fill(noise, start, n, keep, kept)

        add_product(x, INPUT, 1, w1, b1, 0, z1, n, HIDDEN, INPUT)
        normalise_wide(z1, inverse1, m1, v1, work1, n)
        activate_wide(z1, g1, s1, kept[0], a1, n)
        add_product(a1, HIDDEN, 1, w2, b2, 0, z2, n, LAST, HIDDEN)
        normalise_narrow(z2, inverse2, m2, v2, work2, n)
        activate_narrow(z2, g2, s2, kept[0], a2, n)
        _scores(a2, w3, dense[B3], scores, n)
        batch_loss, size = slopes(run, scores, ordered_labels[start : start + n], n, loss, work, c.ravel())
        losses += batch_loss
        if not np.isfinite(batch_loss) or size != size:
            return losses / len(order) if losses != losses or size == size else np.nan

        by_w3 = _row(gradients, W3, LAST)
        by_w3[:] = _ZERO
        gradients[B3] = _ZERO
        for j in range(n):
            gradients[B3] += c[j, 0]
            for k in range(LAST):
                by_w3[0, k] += c[j, 0] * a2[j, k]
        for j in range(n):
            for k in range(LAST):
                by_2[j, k] = c[j, 0] * w3[0, k]
        narrow_back(by_2, a2, z2, g2, inverse2, _row(gradients, G2, LAST), _row(gradients, S2, LAST),
                    _row(gradients, B2, LAST), n)  # fmt: skip
        add_product(a1, 1, HIDDEN, by_2, nothing, 0, by_w2, HIDDEN, LAST, n)
        _transpose(w2, turned2)
        add_product(by_2, LAST, 1, turned2, nothing, 0, by_1, n, HIDDEN, LAST)
        wide_back(by_1, a1, z1, g1, inverse1, _row(gradients, G1, HIDDEN), _row(gradients, S1, HIDDEN),
                  _row(gradients, B1, HIDDEN), n)  # fmt: skip
        add_product(x, 1, INPUT, by_1, nothing, 0, by_w1, INPUT, HIDDEN, n)
        _transpose(w1, turned1)
        add_product(by_1, HIDDEN, 1, turned1, nothing, 0, by_x, n, INPUT, HIDDEN)

        if adam:
            steps += 1
            _add_rows(sums, batch_users, batch_items, n_users, np.float32(1), by_x, n)
            adam_step(table, sums, first.table, second.table, steps, learning_rate, l2, bound)
            adam_step(dense, gradients, first.dense, second.dense, steps, learning_rate, l2, bound)
            continue
        _descend(dense, gradients, np.float32(decay), np.float32(learning_rate), np.float32(bound))
        s *= decay
        rate = np.float32(learning_rate / s)
        # No sum of n gradients exceeds the bound; the margin covers their rounding.
        if _largest(by_x, n) * n * 1.001 <= bound:
            _add_rows(table, batch_users, batch_items, n_users, -rate, by_x, n)
        else:
            limit = np.float32(bound)
            _clipped_rows(table, batch_users, 0, by_x, 0, n, rate, limit, user_place)
            _clipped_rows(table, batch_items, n_users, by_x, DIMENSION, n, rate, limit, item_place)
        if s < 1e-3:
            table *= np.float32(s)
            s = 1.0
    if not adam:
        table *= np.float32(s)
    return losses / len(order) + _poison(table.ravel()) + _poison(dense) + _poison(statistics)


@njit
def predict(parameters: Parameters, users: NDArray[np.int32], items: NDArray[np.int32],
            scores: NDArray[np.float32]) -> None:  # fmt: skip
    """Write the score of each pair, with running statistics and without dropout."""
    table, dense, statistics, n_users = parameters
    x, z1, z2 = aligned(_CHUNK, INPUT), aligned(_CHUNK, HIDDEN), aligned(_CHUNK, LAST)
    for start in range(0, len(users), _CHUNK):
        n = min(_CHUNK, len(users) - start)
        _gather(table, users[start:], items[start:], n_users, np.float32(1), x, n)
        add_product(x, INPUT, 1, _matrix(dense, W1, INPUT, HIDDEN), _row(dense, B1, HIDDEN), 0, z1, n, HIDDEN,
                    INPUT)  # fmt: skip
        activate_fixed(z1, _row(statistics, M1, HIDDEN), _row(statistics, V1, HIDDEN), _row(dense, G1, HIDDEN),
                       _row(dense, S1, HIDDEN), n, HIDDEN)  # fmt: skip
        add_product(z1, HIDDEN, 1, _matrix(dense, W2, HIDDEN, LAST), _row(dense, B2, LAST), 0, z2, n, LAST,
                    HIDDEN)  # fmt: skip
        activate_fixed(z2, _row(statistics, M2, LAST), _row(statistics, V2, LAST), _row(dense, G2, LAST),
                       _row(dense, S2, LAST), n, LAST)  # fmt: skip
        _scores(z2, _row(dense, W3, LAST), dense[B3], scores[start:], n)
