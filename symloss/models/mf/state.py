"""The parameters of one matrix factorisation: score = <u, i> + b_u + b_i + b (AutoLossGen, section 4.1).

Embeddings of length 64 and both biases start from N(0, 1), the global bias from 0.1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from symloss.models.adam import Moments

GLOBAL_BIAS = 0.1
"""What the global bias starts from."""


def _nothing_yet() -> Moments:
    # Numba, which comes along, is for those who train.
    from symloss.models.adam import Moments

    return Moments()


@dataclass(frozen=True, eq=False)
class MFState:
    """The parameters, all float32.

    Attributes:
        user_embedding: shape (users, 64).
        item_embedding: shape (items, 64).
        user_bias: shape (users,).
        item_bias: shape (items,).
        global_bias: shape (1,).
        moments: what Adam remembers; not a parameter.
    """

    user_embedding: NDArray[np.float32]
    item_embedding: NDArray[np.float32]
    user_bias: NDArray[np.float32]
    item_bias: NDArray[np.float32]
    global_bias: NDArray[np.float32]
    moments: Moments = field(default_factory=_nothing_yet, repr=False)

    def arrays(self) -> tuple[NDArray[np.float32], ...]:
        """Return all parameters in the order of the kernels' arguments."""
        return self.user_embedding, self.item_embedding, self.user_bias, self.item_bias, self.global_bias


def drawn(n_users: int, n_items: int, dimension: int, seed: int) -> MFState:
    """Draw the start of a training, a function of the arguments alone."""
    generator = np.random.Generator(np.random.PCG64(seed))

    def normal(*shape: int) -> NDArray[np.float32]:
        return aligned(generator.standard_normal(shape, dtype=np.float32))

    return MFState(
        user_embedding=normal(n_users, dimension),
        item_embedding=normal(n_items, dimension),
        user_bias=normal(n_users),
        item_bias=normal(n_items),
        global_bias=np.array([GLOBAL_BIAS], np.float32),
    )


def aligned(array: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a copy that starts at a cache line: a row of 64 then takes four of them instead of five."""
    memory = np.empty(array.size + 16, np.float32)
    skipped = -(memory.ctypes.data // 4) % 16
    copy = memory[skipped : skipped + array.size].reshape(array.shape)
    copy[...] = array
    return copy
