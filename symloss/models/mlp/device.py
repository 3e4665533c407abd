"""The multilayer perceptron on a torch device: all members of a population in every step."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from symloss.models.device.population import Population, TorchState
from symloss.models.device.trainer import DeviceTrainer
from symloss.models.memory_need import MemoryNeed
from symloss.models.mlp.device_epoch import MLPEpoch
from symloss.models.mlp.device_layers import Dense, Running, fixed, score
from symloss.models.mlp.packing import DENSE, STATISTICS, pack_dense, unpack
from symloss.models.mlp.state import DIMENSION, WIDTHS, MLPState
from symloss.models.mlp.trainer import FusedMLP

PREDICTIONS_AT_A_TIME = 500_000
"""Limit on members times pairs in `_score`: what goes into the first layer takes a quarter of a GB."""


class DeviceMLP(DeviceTrainer):
    """The torch implementation, for any device."""

    epoch_type = MLPEpoch
    kernel_type = FusedMLP

    def memory(self, instructions: int) -> MemoryNeed:
        """Return what training takes; `instructions` is the length of the longest program."""
        hidden = sum(WIDTHS[1:3])
        return self._memory(
            instructions,
            table_row=DIMENSION * 4,
            # The input, its halves, its gradient and that sorted by item; then each unit forwards and back,
            # and a decision in 64 bits, with what is in between.
            step_row=5 * WIDTHS[0] * 4 + 10 * hidden * 4 + 3 * hidden * 8,
            dense=4 * (DENSE + STATISTICS),
            predictions=4 * PREDICTIONS_AT_A_TIME * WIDTHS[0] * 4,
        )  # fmt: skip

    @property
    def shapes(self) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
        """The shapes of what is trained and of the statistics, of one member."""
        sizes = self.task.sizes
        return [(sizes["users"] + sizes["items"], DIMENSION), (DENSE,)], [(STATISTICS,)]

    def to_device(self, state: MLPState) -> TorchState:
        """Put the parameters of a state on the host on the device."""
        dense, statistics = (
            torch.from_numpy(vector.copy())[None].to(self.device) for vector in pack_dense(state)
        )
        table = state.table.clone()[None].to(self.device)
        return TorchState(Population((table, dense), state.n_users, (statistics,)), 0)

    def _to_host(self, state: TorchState) -> MLPState:
        """Return a copy as a state of the kernel, without what Adam remembers."""
        population = state.population
        tensors = (*population.trained, *population.statistics)
        table, dense, statistics = (tensor[state.place].to("cpu", copy=True) for tensor in tensors)
        return unpack(table, dense.numpy(), statistics.numpy(), population.n_users)

    def _score(self, population: Population, users: Tensor, items: Tensor, places: Sequence[int]) -> Tensor:
        index = torch.tensor(places, device=population.device)
        table = population.flat_table()
        dense = Dense.of(population.trained[1][index])
        running = Running.both(population.statistics[0][index])
        first = (index * population.n_rows)[:, None]
        pairs = torch.stack([users, items + population.n_users], 1).view(-1)
        out = torch.empty((len(places), len(users)), device=population.device)
        step = max(1, PREDICTIONS_AT_A_TIME // max(1, len(places)))
        for start in range(0, len(users), step):
            stop = min(start + step, len(users))
            x = table[first + pairs[2 * start : 2 * stop]].view(len(places), stop - start, -1)
            for layer, statistics in zip(dense.hidden, running, strict=True):
                x = fixed(layer, statistics, x)
            out[:, start:stop] = score(dense, x)
        return out
