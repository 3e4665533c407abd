"""Matrix factorisation on the CPU, by fused kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symloss.compile.program import ProgramBatch
from symloss.models.kernel_trainer import KernelTrainer
from symloss.models.memory_need import MemoryNeed
from symloss.models.mf.model import build
from symloss.models.mf.state import MFState, aligned, drawn
from symloss.models.model import Model
from symloss.models.saved import arrays_of, check_kind, copies, load_moments, save_moments
from symloss.models.trainer import Numbers

_NAMES = ("user_embedding", "item_embedding", "user_bias", "item_bias", "global_bias")


class FusedMF(KernelTrainer[MFState]):
    """The fused CPU implementation; nothing but the order of the rows is random."""

    host_state = MFState

    @classmethod
    def knows(cls, model: Model) -> bool:
        """Return whether the model is the built-in one."""
        return model.build is build

    def memory(self, instructions: int) -> MemoryNeed:
        """Return what training takes; `instructions` is the length of the longest program."""
        from symloss.models.mf.sgd_kernel import DIMENSION

        # An embedding and its bias.
        row = (DIMENSION + 1) * 4
        rows, entities = len(self.task.train), sum(self._users_and_items)
        # The trained and the best parameters, for Adam with two moments each and the gradient; a step needs
        # two rows and two numbers an instruction for each of its interactions.
        return MemoryNeed(
            entities=entities,
            by_entity=(2 if self.settings.optimizer == "sgd" else 7) * row,
            batch_size=min(self.settings.batch_size, rows),
            by_batch_row=2 * row + 8 * (instructions + 8),
            rows=rows,
            by_row=4,
            shared=0,
            state=entities * row,
        )

    def _kernels(self) -> Sequence[Callable[..., Any]]:
        from symloss.models.mf import adam_kernel, sgd_kernel

        trains = adam_kernel if self.settings.optimizer == "adam" else sgd_kernel
        return trains.train_epoch, sgd_kernel.predict

    def start(self, seed: int) -> MFState:
        """Draw the start."""
        from symloss.models.mf.sgd_kernel import DIMENSION

        return drawn(*self._users_and_items, DIMENSION, seed)

    def copy(self, state: MFState) -> MFState:
        """Return an independent copy."""
        users, items, user_bias, item_bias, base = (aligned(array) for array in state.arrays())
        return MFState(users, items, user_bias, item_bias, base, state.moments.copy())

    def epoch(
        self,
        states: Sequence[MFState],
        losses: ProgramBatch,
        orders: Sequence[NDArray[np.int32]],
        noise: Sequence[int],
        rates: Numbers,
        l2s: Numbers,
    ) -> list[float]:
        """Train one epoch; see `Trainer.epoch`."""
        from symloss.compile.cpu.kernel import interpreter
        from symloss.models.mf import adam_kernel, sgd_kernel

        run, found, settings = interpreter(), [], self.settings
        (users, items), labels = self.task.train.inputs, self.task.train.labels
        for k, state in enumerate(states):
            self._check(state, users, items)
            arguments = (
                users,
                items,
                labels,
                orders[k],
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
            )
            if settings.optimizer == "adam":
                moments = state.moments
                moments.begin(state.arrays())
                first, second = tuple(moments.first), tuple(moments.second)
                loss = adam_kernel.train_epoch(run, state.arrays(), first, second, moments.steps, *arguments)
                moments.steps += -(-len(orders[k]) // settings.batch_size)
            else:
                loss = sgd_kernel.train_epoch(run, *state.arrays(), *arguments)
            found.append(float(loss))
        return found

    @classmethod
    def sizes_of(cls, state: MFState) -> tuple[int, int]:
        """Return for how many users and items a state has rows."""
        return len(state.user_bias), len(state.item_bias)

    def _score(
        self, state: MFState, users: NDArray[np.int32], items: NDArray[np.int32], out: NDArray[np.float32]
    ) -> None:
        from symloss.models.mf.sgd_kernel import predict

        predict(*state.arrays(), users, items, out)

    def parameters(self, state: MFState) -> dict[str, NDArray[np.float32]]:
        """Return what is trained, by name; see `Trainer.parameters`."""
        return dict(zip(_NAMES, state.arrays(), strict=True))

    def save(self, state: MFState) -> dict[str, Any]:
        """Return a state as plain data."""
        return {
            "kind": "mf",
            "parameters": copies(state.arrays()),
            "moments": save_moments(state.moments),
        }

    def load(self, saved: dict[str, Any]) -> MFState:
        """Return the state that `save` was given.

        Raises:
            RunError: it is not one of this model on this task.
        """
        from symloss.models.mf.sgd_kernel import DIMENSION

        check_kind(saved, "mf", self.whose)
        n_users, n_items = self._users_and_items
        shapes = ((n_users, DIMENSION), (n_items, DIMENSION), (n_users,), (n_items,), (1,))
        arrays = arrays_of(saved.get("parameters"), shapes, "parameters", self.whose)
        users, items, user_bias, item_bias, base = map(aligned, arrays)
        moments = load_moments(saved.get("moments"), shapes, self.whose)
        return MFState(users, items, user_bias, item_bias, base, moments)
