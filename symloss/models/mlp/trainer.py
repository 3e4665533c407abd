"""A multilayer perceptron on the concatenated embeddings of user and item (AutoLossGen, section 4.1).

128 -> 64 -> 16 -> 1; each hidden layer is linear, batch norm, ReLU, dropout.
Embeddings start from N(0, 1), the rest as torch does by default.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symloss.compile.cpu.kernel import interpreter
from symloss.compile.program import ProgramBatch
from symloss.models.dropout import threshold_of
from symloss.models.kernel_arguments import Rows, Step
from symloss.models.memory_need import MemoryNeed
from symloss.models.mlp import kernel as mlp_kernel
from symloss.models.mlp.kernel import Moments, Parameters
from symloss.models.mlp.packing import DENSE, pack_dense, unpack_dense
from symloss.models.mlp.state import DIMENSION, KEEP, WIDTHS, MLPState
from symloss.models.trainer import Numbers, StepSettings, check_indices, rates_or

if TYPE_CHECKING:
    from symloss.data.dataset import Interactions


class MultilayerPerceptron:
    """The fused CPU implementation: one member a core, a whole epoch a call, without the GIL."""

    name = "mlp"

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
        # the input, its gradient, each unit three times and two numbers an instruction for each row.
        copies = 2 if settings.optimizer == "sgd" else 7
        return MemoryNeed(
            entities=n_users + n_items,
            by_entity=copies * DIMENSION * 4,
            batch_size=min(settings.batch_size, n_rows),
            by_batch_row=2 * WIDTHS[0] * 4 + 3 * sum(WIDTHS[1:3]) * 4 + 8 * (instructions + 8),
            rows=n_rows,
            # Its place in the order, and the row itself in that order.
            by_row=16,
            shared=0,
            by_member=(copies + 2) * DENSE * 4,
        )

    def initial_state(self, n_users: int, n_items: int, seed: int, device: str = "cpu") -> MLPState:
        """Draw the start; `device` has no effect."""
        generator = np.random.Generator(np.random.PCG64(seed))

        def uniform(fan_in: int, *shape: int) -> Tensor:
            bound = fan_in**-0.5
            return torch.from_numpy(generator.uniform(-bound, bound, shape).astype(np.float32))

        table = torch.from_numpy(generator.standard_normal((n_users + n_items, DIMENSION), dtype=np.float32))
        layers = list(itertools.pairwise(WIDTHS))
        hidden = WIDTHS[1:-1]
        return MLPState(
            table=table,
            weights=tuple(uniform(before, after, before) for before, after in layers),
            biases=tuple(uniform(before, after) for before, after in layers),
            gains=tuple(torch.ones(width) for width in hidden),
            shifts=tuple(torch.zeros(width) for width in hidden),
            means=tuple(torch.zeros(width) for width in hidden),
            variances=tuple(torch.ones(width) for width in hidden),
            n_users=n_users,
        )

    def copy(self, state: MLPState) -> MLPState:
        """Return an independent copy."""
        return MLPState.of(
            [tensor.clone() for tensor in state.tensors()], state.n_users, state.moments.copy()
        )

    def train_epoch(
        self,
        states: Sequence[MLPState],
        programs: ProgramBatch,
        orders: Sequence[NDArray[np.int32]],
        noise: Sequence[int],
        train: Interactions,
        settings: StepSettings,
        rates: Numbers | None = None,
        l2s: Numbers | None = None,
    ) -> list[float]:
        """Train one epoch; see `Recommender.train_epoch`. `noise` seeds dropout."""
        rates, l2s = rates_or(settings, len(states), rates, l2s)
        run, losses = interpreter(), []
        nothing = Moments(np.empty((0, DIMENSION), np.float32), np.empty(0, np.float32))
        for k, state in enumerate(states):
            table = state.table.numpy()
            check_indices(train.users, train.items, state.n_users, len(table) - state.n_users)
            dense, statistics = pack_dense(state)
            adam, moments = settings.optimizer == "adam", state.moments
            if adam:
                moments.begin([table, dense])
            first, second = (
                (Moments(*moments.first), Moments(*moments.second)) if adam else (nothing, nothing)
            )
            loss = mlp_kernel.train_epoch(
                run,
                Parameters(table, dense, statistics, state.n_users),
                Rows(train.users, train.items, train.labels, orders[k]),
                np.array([noise[k]], np.uint64),
                threshold_of(KEEP),
                programs.row(k),
                Step(float(rates[k]), float(l2s[k]), int(settings.batch_size), float(settings.gradient_clip)),
                adam,
                int(moments.steps),
                first,
                second,
            )
            if adam:
                moments.steps += -(-len(orders[k]) // settings.batch_size)
            unpack_dense(dense, statistics, state)
            losses.append(float(loss))
        return losses

    def predict(
        self, state: MLPState, users: NDArray[np.int32], items: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        """Return the raw scores of n pairs, shape (n,), with running statistics and without dropout."""
        check_indices(users, items, state.n_users, len(state.table) - state.n_users)
        scores = np.empty(len(users), np.float32)
        parameters = Parameters(state.table.numpy(), *pack_dense(state), state.n_users)
        mlp_kernel.predict(parameters, users, items, scores)
        return scores
