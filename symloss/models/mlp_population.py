"""K multilayer perceptrons trained side by side for one epoch, as tensors with a leading axis of length K.

Both embedding tables are one table. It is stored divided by a factor s that
takes up the L2 decay (see `symloss.models.mf_kernel`), so a step touches only
the rows of its batch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symloss.compile.program import ProgramBatch
from symloss.compile.slopes import population_slopes
from symloss.models.mlp_state import DIMENSION, KEEP, MOMENTUM, NORM_EPS, WIDTHS, MLPState
from symloss.models.recommender import StepSettings


class Population:
    """K states as tensors with a leading axis of length K, for one epoch."""

    def __init__(self, states: Sequence[MLPState], settings: StepSettings) -> None:
        """Stack the states (at least one, all of one shape); `write_back` copies the results into them."""
        self.settings = settings
        self.count = len(states)
        self.n_users = states[0].n_users
        self.rows = len(states[0].table)
        self.device = states[0].table.device
        stacked = [
            torch.stack(tensors) for tensors in zip(*(state.tensors() for state in states), strict=True)
        ]
        # Row k * rows + r of the flat table is row r of member k.
        self.table = stacked[0].reshape(-1, DIMENSION)
        self.sums = torch.zeros_like(self.table)
        self.scale = 1.0
        self.dense = [tensor.requires_grad_() for tensor in stacked[1:11]]
        # batch_norm takes K * width channels.
        self.statistics = [tensor.reshape(-1) for tensor in stacked[11:]]
        offsets = np.arange(self.count, dtype=np.int64)[:, None, None] * self.rows
        self.offsets = offsets + np.array([0, self.n_users])

    def step(
        self,
        users: NDArray[np.int32],
        items: NDArray[np.int32],
        labels: NDArray[np.float32],
        kept: NDArray[np.uint8],
        programs: ProgramBatch,
    ) -> NDArray[np.float64]:
        """Train on one batch for each member, arrays of shape (K, n); return the sums of losses, shape (K,)."""
        index = torch.from_numpy((np.stack([users, items], axis=2) + self.offsets).reshape(-1)).to(
            self.device
        )
        stored = self.table[index]
        x = (stored * self.scale).reshape(self.count, users.shape[1], WIDTHS[0]).requires_grad_()
        scores = self._scores(x, torch.from_numpy(kept).to(self.device))
        slopes, losses = population_slopes(programs, scores.detach().cpu().numpy(), labels)
        by_score = torch.from_numpy(slopes).to(self.device)
        gradients = torch.autograd.grad(scores, [x, *self.dense], by_score)
        with torch.no_grad():
            self._update(index, stored, gradients[0].reshape(-1, DIMENSION), gradients[1:])
        return losses

    def _scores(self, x: Tensor, kept: Tensor) -> Tensor:
        """Return scores of shape (K, n) from inputs of shape (K, n, 128), in training mode."""
        weights, biases, gains, shifts = self.dense[:3], self.dense[3:6], self.dense[6:8], self.dense[8:10]
        means, variances = self.statistics[:2], self.statistics[2:]
        count, n = x.shape[0], x.shape[1]
        kept = kept.transpose(0, 1) * (1 / KEEP)
        drops = kept[..., : WIDTHS[1]], kept[..., WIDTHS[1] :]
        for layer in range(2):
            x = torch.baddbmm(biases[layer].unsqueeze(1), x, weights[layer].transpose(1, 2))
            channels = x.transpose(0, 1).reshape(n, -1)
            if n > 1:
                channels = torch.nn.functional.batch_norm(
                    channels, means[layer], variances[layer], gains[layer].reshape(-1), shifts[layer].reshape(-1),
                    training=True, momentum=MOMENTUM, eps=NORM_EPS,
                )  # fmt: skip
            else:
                # One row is its own mean: only the shift is left, and there is no variance to learn from.
                channels = (channels - channels) * gains[layer].reshape(-1) + shifts[layer].reshape(-1)
            x = (torch.relu(channels).reshape(n, count, -1) * drops[layer]).transpose(0, 1)
        return torch.baddbmm(biases[2].unsqueeze(1), x, weights[2].transpose(1, 2)).squeeze(2)

    def _update(self, index: Tensor, stored: Tensor, by_row: Tensor, by_dense: Sequence[Tensor]) -> None:
        rate, bound = self.settings.learning_rate, self.settings.gradient_clip
        decay = 1 - rate * self.settings.l2
        for parameter, gradient in zip(self.dense, by_dense, strict=True):
            parameter.mul_(decay).sub_(gradient.clamp_(-bound, bound), alpha=rate)
        # A row that occurs several times gets the sum of its gradients; writing it several times does no harm.
        self.sums.index_add_(0, index, by_row)
        total = self.sums[index].clamp_(-bound, bound)
        self.sums[index] = 0
        self.scale *= decay
        self.table[index] = stored.sub_(total, alpha=rate / self.scale)
        if self.scale < 1e-3:
            self._rescale()

    def _rescale(self) -> None:
        self.table.mul_(self.scale)
        self.scale = 1.0

    def write_back(self, states: Sequence[MLPState]) -> list[bool]:
        """Copy the parameters back into the states; return for each whether all are finite."""
        with torch.no_grad():
            self._rescale()
            parts = [self.table, *self.dense, *self.statistics]
            finite = torch.stack([torch.isfinite(part.reshape(self.count, -1)).all(1) for part in parts]).all(
                0
            )
            for k, state in enumerate(states):
                for target, part in zip(state.tensors(), parts, strict=True):
                    target.copy_(part.reshape(self.count, *target.shape)[k])
            return [bool(value) for value in finite.cpu()]
