"""The multilayer perceptron on the CPU, by a fused kernel (AutoLossGen, section 4.1).

It takes the embeddings of user and item, concatenated.

128 -> 64 -> 16 -> 1; each hidden layer is linear, batch norm, ReLU, dropout.
Embeddings start from N(0, 1), the rest as torch does by default.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from symloss.compile.program import ProgramBatch
from symloss.errors import RunError
from symloss.models.kernel_trainer import KernelTrainer
from symloss.models.memory_need import MemoryNeed
from symloss.models.mlp.model import build
from symloss.models.mlp.packing import DENSE, pack_dense, unpack_dense
from symloss.models.mlp.state import DIMENSION, KEEP, WIDTHS, MLPState, drawn
from symloss.models.model import Model
from symloss.models.saved import arrays_of, check_kind, copies, load_moments, save_moments
from symloss.models.trainer import Numbers


class FusedMLP(KernelTrainer[MLPState]):
    """The fused CPU implementation; the noise of an epoch seeds dropout."""

    host_state = MLPState

    @classmethod
    def knows(cls, model: Model) -> bool:
        """Return whether the model is the built-in one."""
        return model.build is build

    def memory(self, instructions: int) -> MemoryNeed:
        """Return what training takes; `instructions` is the length of the longest program."""
        # The trained and the best parameters, for Adam with two moments each and the gradient; a step needs
        # the input, its gradient, each unit three times and two numbers an instruction for each row.
        copies_kept = 2 if self.settings.optimizer == "sgd" else 7
        rows, entities = len(self.task.train), sum(self._users_and_items)
        return MemoryNeed(
            entities=entities,
            by_entity=copies_kept * DIMENSION * 4,
            batch_size=min(self.settings.batch_size, rows),
            by_batch_row=2 * WIDTHS[0] * 4 + 3 * sum(WIDTHS[1:3]) * 4 + 8 * (instructions + 8),
            rows=rows,
            # Its place in the order, and the row itself in that order.
            by_row=16,
            shared=0,
            by_member=(copies_kept + 2) * DENSE * 4,
            state=(entities * DIMENSION + DENSE) * 4,
        )

    def _kernels(self) -> Sequence[Callable[..., Any]]:
        from symloss.models.mlp import kernel

        return kernel.train_epoch, kernel.predict

    def start(self, seed: int) -> MLPState:
        """Draw the start."""
        return drawn(*self._users_and_items, seed)

    def copy(self, state: MLPState) -> MLPState:
        """Return an independent copy."""
        return MLPState.of(
            [tensor.clone() for tensor in state.tensors()], state.n_users, state.moments.copy()
        )

    def epoch(
        self,
        states: Sequence[MLPState],
        losses: ProgramBatch,
        orders: Sequence[NDArray[np.int32]],
        noise: Sequence[int],
        rates: Numbers,
        l2s: Numbers,
    ) -> list[float]:
        """Train one epoch; see `Trainer.epoch`."""
        from symloss.compile.cpu.kernel import interpreter
        from symloss.models.dropout import threshold_of
        from symloss.models.mlp import kernel

        run, found, settings = interpreter(), [], self.settings
        (users, items), labels = self.task.train.inputs, self.task.train.labels
        nothing = [np.empty((0, DIMENSION), np.float32), np.empty(0, np.float32)]
        for k, state in enumerate(states):
            table = state.table.numpy()
            self._check(state, users, items)
            dense, statistics = pack_dense(state)
            adam, moments = settings.optimizer == "adam", state.moments
            if adam:
                moments.begin([table, dense])
            first, second = (moments.first, moments.second) if adam else (nothing, nothing)
            loss = kernel.train_epoch(
                run,
                table,
                dense,
                statistics,
                state.n_users,
                users,
                items,
                labels,
                orders[k],
                np.array([noise[k]], np.uint64),
                threshold_of(KEEP),
                losses.opcodes[k],
                losses.left[k],
                losses.right[k],
                int(losses.lengths[k]),
                losses.constants[k],
                int(losses.n_constants[k]),
                float(losses.eps[k]),
                float(losses.scale[k]),
                bool(losses.takes_score[k]),
                float(rates[k]),
                float(l2s[k]),
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
                moments.steps += -(-len(orders[k]) // settings.batch_size)
            unpack_dense(dense, statistics, state)
            found.append(float(loss))
        return found

    @classmethod
    def sizes_of(cls, state: MLPState) -> tuple[int, int]:
        """Return for how many users and items a state has rows."""
        return state.n_users, len(state.table) - state.n_users

    def _score(
        self, state: MLPState, users: NDArray[np.int32], items: NDArray[np.int32], out: NDArray[np.float32]
    ) -> None:
        """Write raw scores, with running statistics and without dropout."""
        from symloss.models.mlp.kernel import predict

        predict(state.table.numpy(), *pack_dense(state), state.n_users, users, items, out)

    def parameters(self, state: MLPState) -> dict[str, NDArray[np.float32]]:
        """Return what is trained, by name; see `Trainer.parameters`."""
        found = {"table": state.table.numpy()}
        for name, tensors in (
            ("weights", state.weights),
            ("biases", state.biases),
            ("gains", state.gains),
            ("shifts", state.shifts),
        ):
            found |= {f"{name}.{number}": tensor.numpy() for number, tensor in enumerate(tensors)}
        return found

    def save(self, state: MLPState) -> dict[str, Any]:
        """Return a state as plain data."""
        return {
            "kind": "mlp",
            "parameters": copies([tensor.numpy() for tensor in state.tensors()]),
            "n_users": state.n_users,
            "moments": save_moments(state.moments),
        }

    def load(self, saved: dict[str, Any]) -> MLPState:
        """Return the state that `save` was given.

        Raises:
            RunError: it is not one of this model on this task.
        """
        check_kind(saved, "mlp", self.whose)
        n_users, n_items = self._users_and_items
        table, hidden = (n_users + n_items, DIMENSION), WIDTHS[1:-1]
        layers = list(itertools.pairwise(WIDTHS))
        shapes: list[tuple[int, ...]] = [
            table,
            *((after, before) for before, after in layers),
            *((after,) for _, after in layers),
            *((width,) for _ in range(4) for width in hidden),
        ]
        arrays = arrays_of(saved.get("parameters"), shapes, "parameters", self.whose)
        moments = load_moments(saved.get("moments"), (table, (DENSE,)), self.whose)
        if saved.get("n_users") != n_users:
            raise RunError(
                f"the saved state has rows of {saved.get('n_users')} users, and {self.whose} has {n_users}; "
                "go on with the data it was saved with"
            )
        return MLPState.of([torch.from_numpy(array) for array in arrays], n_users, moments)
