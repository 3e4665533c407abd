"""Dropout masks that are a function of (seed, row): the same for every population, batch and device.

Each word of splitmix64 at the counter (row, word) gives four decisions of 16 bits.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


@njit(nogil=True, cache=True)
def _fill(seeds: NDArray[np.uint64], first_row: int, threshold: int, out: NDArray[np.uint8]) -> None:
    count, rows, width = out.shape
    words = (width + 3) // 4
    limit = np.uint64(threshold)
    for k in range(count):
        for row in range(rows):
            for word in range(words):
                z = seeds[k] + np.uint64((first_row + row) * words + word + 1) * _GOLDEN
                z = (z ^ (z >> np.uint64(30))) * _MIX_1
                z = (z ^ (z >> np.uint64(27))) * _MIX_2
                z = z ^ (z >> np.uint64(31))
                for part in range(min(4, width - 4 * word)):
                    kept = (z >> np.uint64(16 * part)) & np.uint64(0xFFFF) < limit
                    out[k, row, 4 * word + part] = kept


def masks(seeds: NDArray[np.uint64], first_row: int, rows: int, width: int, keep: float) -> NDArray[np.uint8]:
    """Return which units to keep.

    Args:
        seeds: shape (K,), one for each member and epoch.
        first_row: position of the batch's first row in the epoch.
        rows: size of the batch.
        width: units in a row.
        keep: probability to keep a unit, rounded to a multiple of 2**-16.

    Returns:
        Shape (K, rows, width): 1 to keep, 0 to drop.
    """
    out = np.empty((len(seeds), rows, width), np.uint8)
    _fill(seeds, first_row, round(keep * 65536), out)
    return out
