"""From scores to the gradient of the mean loss by the scores, for modules: see `symloss.compile.cpu.slopes`."""

from __future__ import annotations

import torch
from torch import Tensor

from symloss.compile.program import ProgramBatch
from symloss.compile.torch.batch import TorchPrograms
from symloss.compile.torch.single import TorchProgram
from symloss.models.device.epoch import HIGHEST, LOWEST


class Slopes:
    """K losses, and their sums over the epoch so far."""

    def __init__(self, losses: ProgramBatch, device: torch.device) -> None:
        """Put the losses on a device, with sums of 0."""
        self._alone = TorchProgram(losses, 0, device) if len(losses) == 1 else None
        self._together = TorchPrograms(losses, device) if len(losses) > 1 else None
        self._scale = torch.from_numpy(losses.scale).to(device)[:, None]
        self._takes_score = torch.from_numpy(losses.takes_score).to(device)[:, None]
        self._all, self._any = bool(losses.takes_score.all()), bool(losses.takes_score.any())
        self._sums = torch.zeros(len(losses), dtype=torch.float64, device=device)
        self._factors: dict[int, Tensor] = {}

    def __call__(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Return d(mean loss)/dscore, shape (K, n), and add up the losses.

        Args:
            scores: float32 of shape (K, n).
            labels: shape (n,) or (K, n).
        """
        seen = scores if self._all else torch.sigmoid(scores).clamp_(LOWEST, HIGHEST)
        if self._any and not self._all:
            seen = torch.where(self._takes_score, scores, seen)
        if self._alone is not None:
            value, slope = self._alone.value_and_slope(seen[0], labels.view(-1))
            values, slopes = value[None], slope[None]
        else:
            assert self._together is not None
            values, slopes = self._together.value_and_slope(seen, labels)
        self._sums += values.sum(1, dtype=torch.float64)
        rows = scores.shape[1]
        if rows not in self._factors:
            self._factors[rows] = (self._scale / rows).to(torch.float32)
        factor = self._factors[rows]
        if self._all:
            return factor * slopes
        # The sigmoid's slope comes first: it tames a large derivative before the product can overflow.
        by_score = (slopes * seen).mul_(factor).mul_(1 - seen)
        return torch.where(self._takes_score, factor * slopes, by_score) if self._any else by_score

    def totals(self) -> list[float]:
        """Return the sum of each loss over all rows so far, K numbers."""
        found: list[float] = (self._sums * self._scale[:, 0]).tolist()
        return found
