"""Matrix factorisation: score = <u, i> + b_u + b_i + b (AutoLossGen, section 4.1).

Embeddings of length 64 and both biases start from N(0, 1), the global bias from 0.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from symloss.compile.cpu.kernel import interpreter
from symloss.compile.program import ProgramBatch
from symloss.models.adam import Moments
from symloss.models.kernel_arguments import Rows, Step
from symloss.models.memory_need import MemoryNeed
from symloss.models.mf import adam_kernel as mf_adam
from symloss.models.mf import sgd_kernel as mf_kernel
from symloss.models.mf.sgd_kernel import Tables
from symloss.models.trainer import Numbers, StepSettings, check_indices, rates_or

if TYPE_CHECKING:
    from symloss.data.dataset import Interactions

GLOBAL_BIAS = 0.1
"""What the global bias starts from."""
_ROW = (mf_kernel.DIMENSION + 1) * 4
"""Bytes of an embedding and its bias."""


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
    moments: Moments = field(default_factory=Moments, repr=False)

    def arrays(self) -> Tables:
        """Return all parameters, as the kernels take them."""
        return Tables(
            self.user_embedding, self.item_embedding, self.user_bias, self.item_bias, self.global_bias
        )


class MatrixFactorisation:
    """The fused CPU implementation: one member a core, a whole epoch a call, without the GIL."""

    name = "mf"

    def group_size(self, members: int, threads: int, device: str = "cpu") -> int:
        """Return 1: a member's parameters stay in the cache of its core."""
        return 1

    def memory_need(
        self,
        n_users: int,
        n_items: int,
        n_rows: int,
        settings: StepSettings,
        instructions: int,
        device: str = "cpu",
    ) -> MemoryNeed:
        """Return what training takes; `instructions` is the length of the longest program."""
        # The trained and the best parameters, for Adam with two moments each and the gradient; a step needs
        # two rows and two numbers an instruction for each of its interactions.
        return MemoryNeed(
            entities=n_users + n_items,
            by_entity=(2 if settings.optimizer == "sgd" else 7) * _ROW,
            batch_size=min(settings.batch_size, n_rows),
            by_batch_row=2 * _ROW + 8 * (instructions + 8),
            rows=n_rows,
            by_row=4,
            shared=0,
        )

    def initial_state(self, n_users: int, n_items: int, seed: int, device: str = "cpu") -> MFState:
        """Draw the start; `device` has no effect."""
        generator = np.random.Generator(np.random.PCG64(seed))

        def normal(*shape: int) -> NDArray[np.float32]:
            return _aligned(generator.standard_normal(shape, dtype=np.float32))

        return MFState(
            user_embedding=normal(n_users, mf_kernel.DIMENSION),
            item_embedding=normal(n_items, mf_kernel.DIMENSION),
            user_bias=normal(n_users),
            item_bias=normal(n_items),
            global_bias=np.array([GLOBAL_BIAS], np.float32),
        )

    def copy(self, state: MFState) -> MFState:
        """Return an independent copy."""
        users, items, user_bias, item_bias, base = (_aligned(array) for array in state.arrays())
        return MFState(users, items, user_bias, item_bias, base, state.moments.copy())

    def train_epoch(
        self,
        states: Sequence[MFState],
        programs: ProgramBatch,
        orders: Sequence[NDArray[np.int32]],
        noise: Sequence[int],
        train: Interactions,
        settings: StepSettings,
        rates: Numbers | None = None,
        l2s: Numbers | None = None,
    ) -> list[float]:
        """Train one epoch; see `Recommender.train_epoch`. Nothing but the order is random."""
        run, losses = interpreter(), []
        rates, l2s = rates_or(settings, len(states), rates, l2s)
        for k, state in enumerate(states):
            check_indices(train.users, train.items, len(state.user_bias), len(state.item_bias))
            rows = Rows(train.users, train.items, train.labels, orders[k])
            step = Step(
                float(rates[k]), float(l2s[k]), int(settings.batch_size), float(settings.gradient_clip)
            )
            if settings.optimizer == "adam":
                moments = state.moments
                moments.begin(state.arrays())
                first, second = Tables(*moments.first), Tables(*moments.second)
                loss = mf_adam.train_epoch(
                    run, state.arrays(), first, second, moments.steps, rows, programs.row(k), step
                )
                moments.steps += -(-len(orders[k]) // settings.batch_size)
            else:
                loss = mf_kernel.train_epoch(run, state.arrays(), rows, programs.row(k), step)
            losses.append(float(loss))
        return losses

    def predict(
        self, state: MFState, users: NDArray[np.int32], items: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        """Return the raw scores of n pairs, shape (n,)."""
        check_indices(users, items, len(state.user_bias), len(state.item_bias))
        scores = np.empty(len(users), np.float32)
        mf_kernel.predict(state.arrays(), users, items, scores)
        return scores


def _aligned(array: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a copy that starts at a cache line: a row of 64 then takes four of them instead of five."""
    memory = np.empty(array.size + 16, np.float32)
    skipped = -(memory.ctypes.data // 4) % 16
    copy = memory[skipped : skipped + array.size].reshape(array.shape)
    copy[...] = array
    return copy
