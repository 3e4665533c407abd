"""The step of K perceptrons side by side; the mathematics is that of `symloss.models.mlp.kernel`."""

from __future__ import annotations

from typing import Any

import torch

from symloss.models.device.batches import Batches
from symloss.models.device.dropout import kept
from symloss.models.device.epoch import Epoch
from symloss.models.mlp.device_layers import Dense, Running, backward, forward, score
from symloss.models.mlp.state import DIMENSION, KEEP, WIDTHS

_HIDDEN, _LAST = WIDTHS[1:3]


class MLPEpoch(Epoch):
    """An epoch of K perceptrons; dropout's masks are drawn on the device."""

    def __init__(self, *arguments: Any) -> None:
        """See `Epoch`."""
        super().__init__(*arguments)
        dense = self._population.trained[1]
        self._dense, self._by_dense = Dense.of(dense), torch.zeros_like(dense)
        self._gradients = Dense.of(self._by_dense)
        self._running = Running.both(self._population.statistics[0])

    def _step(self, batches: Batches, width: int) -> None:
        table, dense, gradients = self._population.flat_table(), self._dense, self._gradients
        u = table.index_select(0, self._rows(batches.users.rows))
        i = table.index_select(0, self._rows(batches.item_of))
        x = torch.cat([u, i], 1).view(-1, width, 2 * DIMENSION).mul_(self._s.to(torch.float32)[:, None, None])
        mask = kept(self._noise, self._start + self._now(batches.place), _HIDDEN + _LAST, KEEP)
        first = forward(dense.hidden[0], self._running[0], x, mask[..., :_HIDDEN])
        second = forward(dense.hidden[1], self._running[1], first.left, mask[..., _HIDDEN:])
        c = self._slopes(score(dense, second.left), self._now(batches.labels))

        torch.sum(c, 1, keepdim=True, out=gradients.bias)
        gradients.weight.copy_((c[:, :, None] * second.left).sum(1, keepdim=True))
        by_first = backward(dense.hidden[1], second, c[:, :, None] * dense.weight, gradients.hidden[1])
        by_x = backward(dense.hidden[0], first, by_first, gradients.hidden[0]).view(-1, 2 * DIMENSION)
        by_users, by_items = by_x[:, :DIMENSION].contiguous(), by_x[:, DIMENSION:]
        self._update(batches, by_users, by_items, [self._by_dense], width)
