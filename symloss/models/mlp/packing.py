"""The perceptron's dense parameters in one vector, as the kernel takes them, and back.

Each part starts at a multiple of 16 numbers. The two matrices are transposed, to shape (in, out).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symloss.models.mlp.state import WIDTHS, MLPState

_IN, _HIDDEN, _LAST = WIDTHS[:3]
W1 = 0
B1 = W1 + _IN * _HIDDEN
G1 = B1 + _HIDDEN
S1 = G1 + _HIDDEN
W2 = S1 + _HIDDEN
B2 = W2 + _HIDDEN * _LAST
G2 = B2 + _LAST
S2 = G2 + _LAST
W3 = S2 + _LAST
B3 = W3 + _LAST
DENSE = B3 + 16
"""Length of the vector of parameters: weights, biases, gains and shifts; the rest of the last part is 0."""

M1 = 0
M2 = M1 + _HIDDEN
V1 = M2 + _LAST
V2 = V1 + _HIDDEN
STATISTICS = V2 + _LAST
"""Length of the vector of running statistics: means, then variances."""

_DENSE_STARTS = (W1, W2, W3, B1, B2, B3, G1, G2, S1, S2)
_STATISTICS_STARTS = (M1, M2, V1, V2)

Vector = NDArray[np.float32]


def pack_dense(state: MLPState) -> tuple[Vector, Vector]:
    """Return the parameters, shape (DENSE,), and the statistics, shape (STATISTICS,), of a state on the CPU."""
    arrays = [tensor.numpy() for tensor in state.tensors()[1:]]
    return _filled(DENSE, _DENSE_STARTS, arrays[:10]), _filled(STATISTICS, _STATISTICS_STARTS, arrays[10:])


def unpack_dense(dense: Vector, statistics: Vector, state: MLPState) -> None:
    """Write both vectors back into the state."""
    arrays = [tensor.numpy() for tensor in state.tensors()[1:]]
    starts = [
        *((dense, start) for start in _DENSE_STARTS),
        *((statistics, start) for start in _STATISTICS_STARTS),
    ]
    for array, (vector, start) in zip(arrays, starts, strict=True):
        array.T[...] = vector[start : start + array.size].reshape(array.T.shape)


def unpack(table: Tensor, dense: Vector, statistics: Vector, n_users: int) -> MLPState:
    """Return a state with this table, shape (users + items, 64), and copies of both vectors' parts."""
    layers, hidden = list(itertools.pairwise(WIDTHS)), WIDTHS[1:-1]
    shapes = [
        *((after, before) for before, after in layers),
        *((after,) for _, after in layers),
        *((width,) for _ in range(4) for width in hidden),
    ]
    state = MLPState.of([table, *(torch.empty(shape) for shape in shapes)], n_users)
    unpack_dense(dense, statistics, state)
    return state


def _filled(length: int, starts: Sequence[int], arrays: Sequence[Vector]) -> Vector:
    memory = np.zeros(length + 16, np.float32)
    skipped = -(memory.ctypes.data // 4) % 16
    vector = memory[skipped : skipped + length]
    for start, array in zip(starts, arrays, strict=True):
        vector[start : start + array.size] = array.T.ravel()
    return vector
