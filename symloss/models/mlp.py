"""A multilayer perceptron on the concatenated embeddings of user and item (AutoLossGen, section 4.1).

128 -> 64 -> 16 -> 1; each hidden layer is linear, batch norm, ReLU, dropout. On
the CPU a member is trained alone, by one fused kernel (`mlp_kernel`). On other
devices all members of a population are trained side by side (`mlp_population`):
every tensor has a leading axis of length K, and torch sees one large operation
where it would see K small ones.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symloss.compile.kernel import interpreter
from symloss.compile.program import ProgramBatch
from symloss.errors import OptionError
from symloss.models import mlp_kernel
from symloss.models.dropout import masks, threshold_of
from symloss.models.mlp_packing import pack_dense, unpack_dense
from symloss.models.mlp_population import Population
from symloss.models.mlp_state import DIMENSION, KEEP, LARGEST_GROUP, NORM_EPS, WIDTHS, MLPState
from symloss.models.recommender import StepSettings, check_indices
from symloss.models.single_thread import SingleThread

if TYPE_CHECKING:
    from symloss.data.dataset import Interactions


class MultilayerPerceptron:
    """Fused on the CPU, torch elsewhere.

    On the CPU numbers depend neither on the size of the population nor on the
    number of threads. On other devices sums may be taken in another order each time.
    """

    name = "mlp"

    def __init__(self, *, fused: bool = True) -> None:
        """Make a model; states are made by `initial_state`. Without `fused`, torch is used on the CPU too."""
        self._fused = fused
        self._single_thread = SingleThread()

    def group_size(self, members: int, threads: int, device: str = "cpu") -> int:
        """Return 1 for the fused kernel, an equal share for each core, or a population for a device."""
        if device != "cpu":
            return min(members, LARGEST_GROUP)
        return 1 if self._fused else min(-(-members // threads), LARGEST_GROUP)

    def initial_state(self, n_users: int, n_items: int, seed: int, device: str = "cpu") -> MLPState:
        """Draw the start: embeddings from N(0, 1), the rest as torch does by default.

        Raises:
            OptionError: torch does not know or can't use the device.
        """
        target = _device(device)
        generator = np.random.Generator(np.random.PCG64(seed))

        def uniform(fan_in: int, *shape: int) -> Tensor:
            bound = fan_in**-0.5
            return torch.from_numpy(generator.uniform(-bound, bound, shape).astype(np.float32)).to(target)

        table = torch.from_numpy(generator.standard_normal((n_users + n_items, DIMENSION), dtype=np.float32))
        layers = list(itertools.pairwise(WIDTHS))
        hidden = WIDTHS[1:-1]
        return MLPState(
            table=table.to(target),
            weights=tuple(uniform(before, after, before) for before, after in layers),
            biases=tuple(uniform(before, after) for before, after in layers),
            gains=tuple(torch.ones(width, device=target) for width in hidden),
            shifts=tuple(torch.zeros(width, device=target) for width in hidden),
            means=tuple(torch.zeros(width, device=target) for width in hidden),
            variances=tuple(torch.ones(width, device=target) for width in hidden),
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
    ) -> list[float]:
        """Train one epoch; see `Recommender.train_epoch`. `noise` seeds dropout.

        Raises:
            OptionError: Adam is wanted on another device than the CPU.
        """
        if self._is_fused(states[0]):
            members = zip(states, orders, noise, strict=True)
            return [
                self._fused_epoch(state, programs, k, order, seed, train, settings)
                for k, (state, order, seed) in enumerate(members)
            ]
        if settings.optimizer != "sgd":
            raise OptionError(
                f"optimizer {str(settings.optimizer)!r} trains an mlp on the CPU only; use --device cpu or sgd"
            )
        if len(states) % 2:
            # torch multiplies a single matrix, and treats channels beyond a multiple of its SIMD width, in
            # another way, with other roundings; an even number of members has neither.
            twin = [*range(len(states)), 0]
            every = [*states, self.copy(states[0])]
            twice = ProgramBatch(*(array[twin] for array in vars(programs).values()))
            orders, noise = [orders[k] for k in twin], [noise[k] for k in twin]
            return self.train_epoch(every, twice, orders, noise, train, settings)[:-1]
        with self._single_thread():
            return self._train_epoch(states, programs, orders, noise, train, settings)

    def _is_fused(self, state: MLPState) -> bool:
        return self._fused and state.table.device.type == "cpu"

    def _fused_epoch(
        self,
        state: MLPState,
        programs: ProgramBatch,
        k: int,
        order: NDArray[np.int32],
        seed: int,
        train: Interactions,
        settings: StepSettings,
    ) -> float:
        """Train one member in place with program k; return its mean loss."""
        table = state.table.numpy()
        check_indices(train.users, train.items, state.n_users, len(table) - state.n_users)
        dense, statistics = pack_dense(state)
        adam, moments = settings.optimizer == "adam", state.moments
        if adam:
            moments.begin([table, dense])
        nothing = [np.empty((0, DIMENSION), np.float32), np.empty(0, np.float32)]
        first, second = (moments.first, moments.second) if adam else (nothing, nothing)
        loss = mlp_kernel.train_epoch(
            interpreter(),
            table,
            dense,
            statistics,
            state.n_users,
            train.users,
            train.items,
            train.labels,
            order,
            np.array([seed], np.uint64),
            threshold_of(KEEP),
            programs.opcodes[k],
            programs.left[k],
            programs.right[k],
            int(programs.lengths[k]),
            programs.constants[k],
            int(programs.n_constants[k]),
            float(programs.eps[k]),
            float(programs.scale[k]),
            bool(programs.takes_score[k]),
            float(settings.learning_rate),
            float(settings.l2),
            int(settings.batch_size),
            float(settings.gradient_clip),
            adam,
            int(moments.steps),
            first[0],
            second[0],
            first[1],
            second[1],
        )
        if adam:
            moments.steps += -(-len(order) // settings.batch_size)
        unpack_dense(dense, statistics, state)
        return float(loss)

    def _train_epoch(
        self,
        states: Sequence[MLPState],
        programs: ProgramBatch,
        orders: Sequence[NDArray[np.int32]],
        noise: Sequence[int],
        train: Interactions,
        settings: StepSettings,
    ) -> list[float]:
        n_users = states[0].n_users
        check_indices(train.users, train.items, n_users, len(states[0].table) - n_users)
        population = Population(states, settings)
        order = np.stack(orders)
        users, items = train.users[order], train.items[order]
        labels = train.labels[order]
        seeds = np.array(noise, np.uint64)
        losses = np.zeros(len(states))
        for start in range(0, order.shape[1], settings.batch_size):
            part = slice(start, start + settings.batch_size)
            kept = masks(seeds, start, users[:, part].shape[1], WIDTHS[1] + WIDTHS[2], KEEP)
            losses += population.step(users[:, part], items[:, part], labels[:, part], kept, programs)
            if not np.isfinite(losses).any():
                break
        finite = population.write_back(states)
        return [
            float(loss / order.shape[1]) if is_finite or not np.isfinite(loss) else float("nan")
            for loss, is_finite in zip(losses, finite, strict=True)
        ]

    def predict(
        self, state: MLPState, users: NDArray[np.int32], items: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        """Return the raw scores of n pairs, shape (n,), with running statistics and without dropout."""
        check_indices(users, items, state.n_users, len(state.table) - state.n_users)
        if self._is_fused(state):
            found = np.empty(len(users), np.float32)
            mlp_kernel.predict(state.table.numpy(), *pack_dense(state), state.n_users, users, items, found)
            return found
        with torch.no_grad(), self._single_thread():
            device = state.table.device
            rows = np.stack([users.astype(np.int64), items.astype(np.int64) + state.n_users], axis=1)
            x = state.table[torch.from_numpy(rows).to(device)].reshape(len(users), WIDTHS[0])
            for layer in range(2):
                x = torch.nn.functional.linear(x, state.weights[layer], state.biases[layer])
                x = torch.nn.functional.batch_norm(
                    x, state.means[layer], state.variances[layer], state.gains[layer], state.shifts[layer],
                    eps=NORM_EPS,
                )  # fmt: skip
                x = torch.relu(x)
            scores: NDArray[np.float32] = (x @ state.weights[2][0] + state.biases[2]).cpu().numpy()
            return scores


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0][:200]
        raise OptionError(f"device {name!r} can't be used: {reason}; --device cpu always can") from error
    return device
