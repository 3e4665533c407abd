"""The step of K matrix factorisations side by side; the mathematics is that of `symloss.models.mf.sgd_kernel`."""

from __future__ import annotations

import torch

from symloss.models.device.batches import Batches
from symloss.models.device.epoch import Epoch
from symloss.models.mf.sgd_kernel import DIMENSION


class MFEpoch(Epoch):
    """An epoch of K matrix factorisations: an embedding and its bias are one row; the global bias is apart."""

    def _step(self, batches: Batches, width: int) -> None:
        table, base = self._population.flat_table(), self._population.trained[1]
        s = self._s.to(torch.float32)[:, None]
        u = table.index_select(0, self._rows(batches.users.rows))
        i = table.index_select(0, self._rows(batches.item_of))
        inner = (u[:, :DIMENSION] * i[:, :DIMENSION]).sum(-1).view(-1, width)
        biases = (u[:, DIMENSION] + i[:, DIMENSION]).view(-1, width)
        c = self._slopes(s * s * inner + s * biases + base[:, None], self._now(batches.labels))
        # The gradient of a row is c times its partner; that of its bias is c.
        for rows in (u, i):
            rows.view(len(c), width, -1).mul_((s * c)[:, :, None])
            rows[:, DIMENSION] = c.view(-1)
        self._update(batches, i, u, [c.sum(1)], width)
