"""Dropout masks that are a function of (seed, row): the same for every population, batch and device.

Each word of splitmix64 at the counter (row, word) gives four decisions of 16 bits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symloss.compile.cpu.jit import njit

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


@njit
def _draw(start: np.uint64, words: NDArray[np.uint64]) -> None:
    for i in range(len(words)):
        z = start + np.uint64(i) * _GOLDEN
        z = (z ^ (z >> np.uint64(30))) * _MIX_1
        z = (z ^ (z >> np.uint64(27))) * _MIX_2
        words[i] = z ^ (z >> np.uint64(31))


@njit
def _decide(parts: NDArray[np.uint16], limit: np.int32, out: NDArray[np.uint8]) -> None:
    for row in range(parts.shape[0]):
        for unit in range(out.shape[1]):
            out[row, unit] = np.int32(parts[row, unit]) < limit


@njit
def fill(
    seeds: NDArray[np.uint64], first_row: int, rows: int, threshold: int, out: NDArray[np.uint8]
) -> None:
    """Write the first `rows` rows of each member's mask; see `masks`, whose `keep` is threshold / 65536."""
    count, width = out.shape[0], out.shape[2]
    words = (width + 3) // 4
    drawn = np.empty(rows * words, np.uint64)
    # On the little-endian machines that there are, the lowest 16 bits come first.
    parts = drawn.view(np.uint16).reshape(rows, 4 * words)
    # Drawing and deciding apart, each over plain rows: both become SIMD code.
    for k in range(count):
        _draw(seeds[k] + np.uint64(first_row * words + 1) * _GOLDEN, drawn)
        _decide(parts, np.int32(threshold), out[k])


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
    fill(seeds, first_row, rows, threshold_of(keep), out)
    return out


def threshold_of(keep: float) -> int:
    """Return how many of 65536 values keep a unit."""
    return round(keep * 65536)
