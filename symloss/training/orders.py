"""The order of interactions in an epoch, a function of (seed, epoch) alone.

So it is the same for every population size and number of threads, and an epoch
can be repeated without the ones before it. Random numbers are the splitmix64
sequence (Steele, Lea and Flood, OOPSLA 2014) from a start that both numbers are
mixed into; the shuffle is Fisher and Yates', from the last place down, with
bounded integers by multiplication (Lemire, 2019; the bias is below n / 2**32).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symloss.compile.cpu.jit import njit

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


@njit
def _mix(z: np.uint64) -> np.uint64:
    """Return splitmix64's finaliser of z: every bit of z changes about half of the bits."""
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    return z ^ (z >> np.uint64(31))


@njit
def _shuffled(start: np.uint64, n: int) -> NDArray[np.int32]:
    order = np.arange(n).astype(np.int32)
    state = start
    for i in range(n - 1, 0, -1):
        state += _GOLDEN
        j = ((_mix(state) >> np.uint64(32)) * np.uint64(i + 1)) >> np.uint64(32)
        order[i], order[j] = order[j], order[i]
    return order


def epoch_seed(seed: int, epoch: int) -> int:
    """Mix a seed and the number of an epoch into one 64-bit seed.

    Args:
        seed: 0 to 2**63 - 1.
        epoch: >= 0.
    """
    mask = 2**64 - 1
    z = seed & mask
    for value in (0x6A09E667F3BCC909, epoch):
        z = (z + value + int(_GOLDEN)) & mask
        z = ((z ^ (z >> 30)) * int(_MIX_1)) & mask
        z = ((z ^ (z >> 27)) * int(_MIX_2)) & mask
        z ^= z >> 31
    return z


def epoch_order(seed: int, epoch: int, n: int) -> NDArray[np.int32]:
    """Return the order in which an epoch visits the training rows.

    Args:
        seed: 0 to 2**63 - 1.
        epoch: >= 0.
        n: number of rows, below 2**31.

    Returns:
        Shape (n,), a permutation of 0 to n - 1.
    """
    order: NDArray[np.int32] = _shuffled(np.uint64(epoch_seed(seed, epoch)), n)
    return order
