"""Matrix factorisation on a torch device: all members of a population in every step.

An embedding and its bias are one row of 65; users and items share a table. States
start from the same numbers as those of the CPU kernel.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from symloss.models.device.model import TorchModel
from symloss.models.device.population import Population, TorchState
from symloss.models.device.torch_device import TORCH_CPU
from symloss.models.memory_need import MemoryNeed
from symloss.models.mf.device_epoch import MFEpoch
from symloss.models.mf.sgd_kernel import DIMENSION
from symloss.models.mf.trainer import MatrixFactorisation, MFState
from symloss.models.trainer import StepSettings

WIDTH = DIMENSION + 1

PREDICTIONS_AT_A_TIME = 500_000
"""Limit on members times pairs in `_scores`: its rows take a quarter of a GB."""


class TorchMatrixFactorisation(TorchModel):
    """The torch implementation, for any device."""

    name = "mf"
    epoch_type = MFEpoch

    def __init__(self) -> None:
        """Make a model; states are made by `initial_state`."""
        super().__init__(MatrixFactorisation())

    def memory_need(
        self,
        n_users: int,
        n_items: int,
        n_rows: int,
        settings: StepSettings,
        instructions: int,
        device: str = TORCH_CPU,
    ) -> MemoryNeed:
        """Return what training takes; `instructions` is the length of the longest program."""
        return self._memory_need(
            n_users + n_items, n_rows, settings, instructions,
            table_row=WIDTH * 4,
            # Both sides, sums and those sorted by item.
            step_row=6 * WIDTH * 4,
            dense=4,
            predictions=4 * PREDICTIONS_AT_A_TIME * WIDTH * 4,
        )  # fmt: skip

    def to_device(self, state: MFState, device: torch.device) -> TorchState:
        """Put the kernel's parameters on a device."""
        users = np.column_stack([state.user_embedding, state.user_bias])
        items = np.column_stack([state.item_embedding, state.item_bias])
        table = torch.from_numpy(np.concatenate([users, items])[None]).to(device)
        base = torch.from_numpy(state.global_bias.copy()).to(device)
        return TorchState(Population((table, base), len(users)), 0)

    def to_host(self, state: TorchState) -> MFState:
        """Return a copy as a state of the kernel, without what Adam remembers."""
        population = state.population
        table, base = (part[state.place].cpu().numpy() for part in population.trained)
        users, items = table[: population.n_users], table[population.n_users :]
        return MFState(
            users[:, :DIMENSION].copy(), items[:, :DIMENSION].copy(), users[:, DIMENSION].copy(),
            items[:, DIMENSION].copy(), base.reshape(1).copy(),
        )  # fmt: skip

    def _scores(self, population: Population, users: Tensor, items: Tensor, places: Sequence[int]) -> Tensor:
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
