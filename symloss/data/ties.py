"""The order of equal time stamps in the files that the AutoLossGen paper published.

Half of the time stamps of ml-100k are shared by several ratings of one user, so the split depends on how
ties are broken. The paper's files were sorted by an unstable sort, and its order of ties is not random:
it is that of numpy's scalar introsort (as in numpy 1.24; later releases pick a vectorised sort by
processor). Here is that order, as an algorithm of its own that depends on no release and no
processor, so that the paper's three files come out row for row.

The algorithm: quicksort of positions by key, the pivot the median of the first, middle and last key;
ranges of at most 16 are sorted by insertion. Quicksort deeper than twice the binary logarithm of the
length falls back to a stable sort of the range (ml-100k never gets there).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SMALL = 16


class Ties(StrEnum):
    """How rows of the same time are ordered."""

    STABLE = "stable"
    """As in the file."""
    PUBLISHED = "published"
    """As in the paper's files."""


def published_order(times: NDArray[Any]) -> NDArray[np.int64]:
    """Return the rows in the order of time with ties as in the paper's files.

    Args:
        times: number[n]; 100,000 of them take about half a second.
    """
    key = times.tolist()
    row = list(range(len(key)))
    pending = [(0, len(key) - 1, 2 * (len(key).bit_length() - 1))] if key else []
    while pending:
        low, high, depth = pending.pop()
        while high - low >= _SMALL and depth >= 0:
            middle = _partition(key, row, low, high)
            depth -= 1
            # The order of ties does not depend on which side is sorted first; the stack stays short so.
            if middle - low < high - middle:
                pending.append((middle + 1, high, depth))
                high = middle - 1
            else:
                pending.append((low, middle - 1, depth))
                low = middle + 1
        if high - low >= _SMALL:
            row[low : high + 1] = sorted(row[low : high + 1], key=key.__getitem__)
        else:
            _insert(key, row, low, high)
    return np.array(row, dtype=np.int64)


def _partition(key: list[float], row: list[int], low: int, high: int) -> int:
    """Move keys below the median of three to the left of its place, which is returned."""
    centre = low + (high - low) // 2
    for left, right in ((low, centre), (centre, high), (low, centre)):
        if key[row[right]] < key[row[left]]:
            row[left], row[right] = row[right], row[left]
    pivot = key[row[centre]]
    # The pivot waits next to the end, which already holds a key that is not smaller.
    row[centre], row[high - 1] = row[high - 1], row[centre]
    left, right = low, high - 1
    while True:
        left += 1
        while key[row[left]] < pivot:
            left += 1
        right -= 1
        while pivot < key[row[right]]:
            right -= 1
        if left >= right:
            break
        row[left], row[right] = row[right], row[left]
    row[left], row[high - 1] = row[high - 1], row[left]
    return left


def _insert(key: list[float], row: list[int], low: int, high: int) -> None:
    """Sort a short range by insertion, which keeps the order of ties within it."""
    for end in range(low + 1, high + 1):
        moving = row[end]
        value = key[moving]
        place = end
        while place > low and value < key[row[place - 1]]:
            row[place] = row[place - 1]
            place -= 1
        row[place] = moving
