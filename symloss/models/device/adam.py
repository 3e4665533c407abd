"""Adam for K members at once, in torch operations that a CUDA graph can hold (see `symloss.models.adam`).

Each member has its own number of steps, learning rate and L2 factor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from symloss.models.adam import BETA_1, BETA_2, EPS


@dataclass(frozen=True, eq=False)
class Moments:
    """What Adam remembers of the steps so far.

    Attributes:
        steps: how many there were, float64 of shape (K,).
        first: running means of gradients, one tensor a parameter, of its shape (K, ...).
        second: running means of their squares, likewise.
    """

    steps: Tensor
    first: tuple[Tensor, ...]
    second: tuple[Tensor, ...]

    @classmethod
    def zeros(cls, parameters: Sequence[Tensor]) -> Moments:
        """Return what there is before the first step."""
        count, device = len(parameters[0]), parameters[0].device
        return cls(
            torch.zeros(count, dtype=torch.float64, device=device),
            tuple(torch.zeros_like(parameter) for parameter in parameters),
            tuple(torch.zeros_like(parameter) for parameter in parameters),
        )

    @classmethod
    def stack(cls, moments: Sequence[Moments], places: Sequence[int]) -> Moments:
        """Put copies of one member of each together."""

        def stacked(columns: Sequence[tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
            return tuple(
                torch.stack([tensor[place] for tensor, place in zip(column, places, strict=True)])
                for column in zip(*columns, strict=True)
            )

        return cls(
            torch.stack([one.steps[place] for one, place in zip(moments, places, strict=True)]),
            stacked([one.first for one in moments]),
            stacked([one.second for one in moments]),
        )

    def select(self, index: Tensor) -> Moments:
        """Return copies of the members with these numbers."""
        return Moments(
            self.steps.index_select(0, index),
            tuple(tensor.index_select(0, index) for tensor in self.first),
            tuple(tensor.index_select(0, index) for tensor in self.second),
        )


def adam_step(
    parameters: Sequence[Tensor], gradients: Sequence[Tensor], moments: Moments, rates: Tensor, l2s: Tensor
) -> None:
    """Update all parameters by one step, and set their gradients to 0.

    Args:
        parameters, gradients: float32, each of shape (K, ...); gradients are clipped already.
        moments: updated.
        rates, l2s: float64 of shape (K,).
    """
    moments.steps.add_(1)
    sizes = (rates / (1 - BETA_1**moments.steps)).to(torch.float32)
    roots = (1 - BETA_2**moments.steps).rsqrt().to(torch.float32)
    decays = l2s.to(torch.float32)
    every = zip(parameters, gradients, moments.first, moments.second, strict=True)
    for parameter, gradient, first, second in every:
        size, root, decay = (one.view(-1, *[1] * (parameter.ndim - 1)) for one in (sizes, roots, decays))
        gradient.addcmul_(parameter, decay)
        first.lerp_(gradient, 1 - BETA_1)
        second.mul_(BETA_2).addcmul_(gradient, gradient, value=1 - BETA_2)
        # The gradient's memory is free from here on.
        below = torch.sqrt(second, out=gradient).mul_(root).add_(EPS)
        parameter.sub_(torch.div(first, below, out=below).mul_(size))
        gradient.zero_()
