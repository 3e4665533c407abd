"""Matrix factorisation on a torch device: all members of a population in every step.

An embedding and its bias are one row of 65; users and items share a table. States
start from the same numbers as those of the CPU kernel.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from symloss.models.device.population import Population, TorchState
from symloss.models.device.trainer import DeviceTrainer
from symloss.models.memory_need import MemoryNeed
from symloss.models.mf.device_epoch import MFEpoch
from symloss.models.mf.sgd_kernel import DIMENSION
from symloss.models.mf.state import MFState
from symloss.models.mf.trainer import FusedMF

WIDTH = DIMENSION + 1

PREDICTIONS_AT_A_TIME = 500_000
"""Limit on members times pairs in `_score`: its rows take a quarter of a GB."""


class DeviceMF(DeviceTrainer):
    """The torch implementation, for any device."""

    epoch_type = MFEpoch
    kernel_type = FusedMF

    def memory(self, instructions: int) -> MemoryNeed:
        """Return what training takes; `instructions` is the length of the longest program."""
        return self._memory(
            instructions,
            table_row=WIDTH * 4,
            # Both sides, sums and those sorted by item.
            step_row=6 * WIDTH * 4,
            dense=4,
            predictions=4 * PREDICTIONS_AT_A_TIME * WIDTH * 4,
        )  # fmt: skip

    @property
    def shapes(self) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
        """The shapes of what is trained and of the statistics, of one member."""
        sizes = self.task.sizes
        return [(sizes["users"] + sizes["items"], WIDTH), ()], []

    def to_device(self, state: MFState) -> TorchState:
        """Put the parameters of a state on the host on the device."""
        users = np.column_stack([state.user_embedding, state.user_bias])
        items = np.column_stack([state.item_embedding, state.item_bias])
        table = torch.from_numpy(np.concatenate([users, items])[None]).to(self.device)
        base = torch.from_numpy(state.global_bias.copy()).to(self.device)
        return TorchState(Population((table, base), len(users)), 0)

    def _to_host(self, state: TorchState) -> MFState:
        """Return a copy as a state of the kernel, without what Adam remembers."""
        population = state.population
        table, base = (part[state.place].cpu().numpy() for part in population.trained)
        users, items = table[: population.n_users], table[population.n_users :]
        return MFState(
            users[:, :DIMENSION].copy(), items[:, :DIMENSION].copy(), users[:, DIMENSION].copy(),
            items[:, DIMENSION].copy(), base.reshape(1).copy(),
        )  # fmt: skip

    def _score(self, population: Population, users: Tensor, items: Tensor, places: Sequence[int]) -> Tensor:
        index = torch.tensor(places, device=population.device)
        flat, base = population.flat_table(), population.trained[1][index][:, None]
        first = (index * population.n_rows)[:, None]
        out = torch.empty((len(places), len(users)), device=population.device)
        step = max(1, PREDICTIONS_AT_A_TIME // max(1, len(places)))
        for start in range(0, len(users), step):
            part = slice(start, start + step)
            u, i = flat[first + users[part]], flat[first + (items[part] + population.n_users)]
            inner = (u[..., :DIMENSION] * i[..., :DIMENSION]).sum(-1)
            out[:, part] = inner + (u[..., DIMENSION] + i[..., DIMENSION] + base)
        return out
