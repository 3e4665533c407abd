"""One epoch of matrix factorisation under any loss program, fused into one call without the GIL.

Parameters are stored divided by a common factor s: a step's L2 decay multiplies
every parameter by (1 - lr l2), which is one multiplication of s instead of a
pass over the tables. With p = s p' and s+ = s (1 - lr l2), the step
p <- p - lr (g + l2 p) becomes p' <- p' - (lr / s+) g, and the factor of the
gradient row q = s q' cancels: lr s / s+ = lr / (1 - lr l2) is constant. After
the epoch (or where s gets small) s is multiplied into the tables.

Every gradient of a batch uses the parameters at its start, also where a row
occurs twice: the user rows of the batch are copied before anything is written,
user rows are updated from untouched item rows, then item rows from the copies.

Clipping each element of a gradient to [-c, c] needs the sums of each row's
gradients. It can't act where sum |dL/dscore| times the largest parameter stays
below c, which a running bound shows for nearly all batches; only the others
take the path with sums.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from symloss.compile.cpu.jit import SUMS, njit
from symloss.compile.cpu.kernel import Interpreter, prepare
from symloss.compile.cpu.slopes import clip32, slopes
from symloss.compile.program import LossRow
from symloss.models.kernel_arguments import Rows, Step

DIMENSION = 64
"""Length of an embedding; a constant, so that a row is a fixed number of SIMD registers."""


class Tables(NamedTuple):
    """The parameters of a member, or numbers of their shapes.

    Attributes:
        users, items: embeddings, shape (users, 64), (items, 64).
        user_bias, item_bias: shape (users,), (items,).
        global_bias: shape (1,).
    """

    users: NDArray[np.float32]
    items: NDArray[np.float32]
    user_bias: NDArray[np.float32]
    item_bias: NDArray[np.float32]
    global_bias: NDArray[np.float32]


@njit(fastmath=SUMS, forceinline=True)
def _dot(a: NDArray[np.float32], i: int, b: NDArray[np.float32], j: int) -> np.float32:
    """Return the inner product of row i of a and row j of b."""
    total = np.float32(0)
    for k in range(DIMENSION):
        total += a[i, k] * b[j, k]
    return total


@njit(forceinline=True)
def _scale(
    source: NDArray[np.float32], i: int, factor: np.float32, target: NDArray[np.float32], j: int
) -> None:
    """Write factor times row i of source to row j of target."""
    for k in range(DIMENSION):
        target[j, k] = factor * source[i, k]


@njit(forceinline=True)
def _subtract(
    target: NDArray[np.float32], i: int, factor: np.float32, source: NDArray[np.float32], j: int
) -> None:
    """Subtract factor times row j of source from row i of target."""
    for k in range(DIMENSION):
        target[i, k] -= factor * source[j, k]


@njit
def _largest(table: NDArray[np.float32]) -> np.float32:
    """Return the largest absolute value, NaN if there is one."""
    # As integers the bits of non-negative floats have the same order, NaN last; that maximum is SIMD code.
    bits = table.ravel().view(np.int32)
    largest = np.int32(0)
    for k in range(len(bits)):
        largest = max(largest, np.int32(bits[k] & np.int32(0x7FFFFFFF)))
    return np.int32(largest).view(np.float32)


@njit
def _rows(count: int) -> NDArray[np.float32]:
    """Return an empty matrix of embeddings that starts at a cache line."""
    memory = np.empty(count * DIMENSION + 16, np.float32)
    skipped = (-(memory.ctypes.data // 4)) % 16
    return memory[skipped : skipped + count * DIMENSION].reshape(count, DIMENSION)


@njit(fastmath=SUMS)
def _rescale(table: NDArray[np.float32], factor: np.float32) -> np.float32:
    """Multiply all by factor; return 0 if every result is finite, else NaN."""
    flat = table.ravel()
    poison = np.float32(0)
    for k in range(len(flat)):
        flat[k] *= factor
        poison += flat[k] * np.float32(0)
    return poison


@njit(fastmath=SUMS)
def _rescale_all(tables: Tables, factor: np.float32) -> float:
    """Multiply all parameters by factor; return 0 if every result is finite, else NaN."""
    poison = _rescale(tables.users, factor) + _rescale(tables.items, factor)
    return float(
        poison
        + _rescale(tables.user_bias, factor)
        + _rescale(tables.item_bias, factor)
        + _rescale(tables.global_bias, factor)
    )


@njit
def _step(tables: Tables, users: NDArray[np.int32], items: NDArray[np.int32], copies: NDArray[np.float32],
          c: NDArray[np.float32], n: int, row_rate: np.float32, bias_rate: np.float32) -> np.float32:  # fmt: skip
    """Update the rows of a batch without clipping; return the gradient of the global bias."""
    user_table, item_table, user_bias, item_bias, _ = tables
    for j in range(n):
        _subtract(user_table, users[j], row_rate * c[j], item_table, items[j])
    total = np.float32(0)
    for j in range(n):
        _subtract(item_table, items[j], c[j], copies, j)
        user_bias[users[j]] -= bias_rate * c[j]
        item_bias[items[j]] -= bias_rate * c[j]
        total += c[j]
    return total


@njit
def _heaviest(
    rows: NDArray[np.int32], c: NDArray[np.float32], n: int, loads: NDArray[np.float32]
) -> np.float32:
    """Return the largest sum of |c| over the occurrences of one row; `loads` is 0 everywhere."""
    heaviest = np.float32(0)
    for j in range(n):
        loads[rows[j]] += abs(c[j])
        heaviest = max(heaviest, loads[rows[j]])
    for j in range(n):
        loads[rows[j]] = np.float32(0)
    return heaviest


@njit
def _clipped_side(table: NDArray[np.float32], bias: NDArray[np.float32], rows: NDArray[np.int32],
                  other: NDArray[np.float32], other_rows: NDArray[np.int32], c: NDArray[np.float32], n: int,
                  s: np.float32, rate: np.float32, bound: np.float32, place: NDArray[np.int32],
                  sums: NDArray[np.float32], bias_sums: NDArray[np.float32]) -> None:  # fmt: skip
    """Update one side's rows of a batch from summed and clipped gradients; `place` is -1 everywhere."""
    for j in range(n):
        first = place[rows[j]]
        if first < 0:
            place[rows[j]] = j
            _scale(other, other_rows[j], s * c[j], sums, j)
            bias_sums[j] = c[j]
        else:
            _subtract(sums, first, -s * c[j], other, other_rows[j])
            bias_sums[first] += c[j]
    for j in range(n):
        row = rows[j]
        if place[row] == j:
            for k in range(DIMENSION):
                table[row, k] -= rate * clip32(sums[j, k], -bound, bound)
            bias[row] -= rate * clip32(bias_sums[j], -bound, bound)
    for j in range(n):
        place[rows[j]] = -1


@njit
def train_epoch(run: Interpreter, tables: Tables, rows: Rows, loss: LossRow, step: Step) -> float:
    """Train one epoch in place.

    Args:
        run: the loss interpreter.
        tables: the parameters.
        rows: the interactions in their order.
        loss: what is trained.
        step: of SGD.

    Returns:
        The mean loss over the epoch, or NaN or infinity as soon as the loss or a weight became so.
    """
    user_table, item_table, user_bias, item_bias, global_bias = tables
    users, items, labels, order = rows
    learning_rate, l2, batch_size, bound = step
    width = min(batch_size, len(order))
    work = prepare(run, loss, width)
    batch_users = np.empty(width, np.int32)
    batch_items = np.empty(width, np.int32)
    batch_labels = np.empty(width, np.float32)
    scores = np.empty(width, np.float32)
    c = np.empty(width, np.float32)
    copies = _rows(width)
    sums = _rows(width)
    bias_sums = np.empty(width, np.float32)
    user_place = np.full(len(user_bias), -1, np.int32)
    item_place = np.full(len(item_bias), -1, np.int32)
    loads = np.zeros(max(len(user_bias), len(item_bias)), np.float32)

    decay = 1.0 - learning_rate * l2
    row_rate = np.float32(learning_rate / decay)
    s = 1.0
    largest = float(max(_largest(user_table), _largest(item_table)))
    age = 0
    # A pass over large tables costs as much as many batches.
    wait = 16 + (len(user_bias) + len(item_bias)) // (4 * width)
    losses = 0.0
    for start in range(0, len(order), width):
        n = min(width, len(order) - start)
        square, single, base = np.float32(s * s), np.float32(s), global_bias[0]
        # Three short loops, so that their cache misses overlap.
        for j in range(n):
            batch_users[j] = users[order[start + j]]
        for j in range(n):
            batch_items[j] = items[order[start + j]]
        for j in range(n):
            batch_labels[j] = labels[order[start + j]]
        for j in range(n):
            u, i = batch_users[j], batch_items[j]
            scores[j] = square * _dot(user_table, u, item_table, i) + single * (
                user_bias[u] + item_bias[i] + base
            )
            _scale(user_table, u, row_rate, copies, j)
        batch_loss, size = slopes(run, scores, batch_labels, n, loss, work, c)
        losses += batch_loss
        if not np.isfinite(batch_loss) or size != size:
            return losses / len(order) if losses != losses or size == size else np.nan
        after = s * decay
        rate = np.float32(learning_rate / after)
        # The margin covers the rounding of sums in float32.
        safe = size * max(largest, 1.0) * 1.001 <= bound
        if not safe:
            heaviest = max(_heaviest(batch_users, c, n, loads), _heaviest(batch_items, c, n, loads))
            safe = heaviest * max(largest, 1.0) * 1.001 <= bound
            if not safe and age >= wait:
                largest = s * float(max(_largest(user_table), _largest(item_table)))
                age = 0
                safe = heaviest * max(largest, 1.0) * 1.001 <= bound
        if safe:
            total = _step(tables, batch_users, batch_items, copies, c, n, row_rate, rate)
            global_bias[0] -= rate * clip32(total, np.float32(-bound), np.float32(bound))
        else:
            _clipped_side(user_table, user_bias, batch_users, item_table, batch_items, c, n, single, rate,
                          np.float32(bound), user_place, sums, bias_sums)  # fmt: skip
            total = np.float32(0)
            for j in range(n):
                total += c[j]
                batch_users[j] = j
            _clipped_side(item_table, item_bias, batch_items, copies, batch_users, c, n, single / row_rate, rate,
                          np.float32(bound), item_place, sums, bias_sums)  # fmt: skip
            global_bias[0] -= rate * clip32(total, np.float32(-bound), np.float32(bound))
        largest += learning_rate * min(bound, size * max(largest, 1.0))
        age += 1
        s = after
        if s < 1e-3:
            _rescale_all(tables, np.float32(s))
            s = 1.0
    poison = _rescale_all(tables, np.float32(s))
    return losses / len(order) + poison


@njit
def predict(tables: Tables, users: NDArray[np.int32], items: NDArray[np.int32],
            scores: NDArray[np.float32]) -> None:  # fmt: skip
    """Write the score of each pair: <u, i> + b_u + b_i + b."""
    user_table, item_table, user_bias, item_bias, global_bias = tables
    base = global_bias[0]
    for j in range(len(users)):
        u, i = users[j], items[j]
        scores[j] = _dot(user_table, u, item_table, i) + (user_bias[u] + item_bias[i] + base)
