"""The parameters of one multilayer perceptron, and the numbers that fix its shape (see
`symloss.models.mlp.trainer`)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from symloss.models.adam import Moments

DIMENSION = 64
WIDTHS = (2 * DIMENSION, 64, 16, 1)
KEEP = 0.8
"""One minus the dropout probability."""
MOMENTUM = 0.1
"""Weight of a batch in the running statistics of batch norm, as in torch."""
NORM_EPS = 1e-5
"""Added to the variance in batch norm, as in torch."""


@dataclass(frozen=True, eq=False)
class MLPState:
    """The parameters and running statistics of one member, all float32.

    Attributes:
        table: shape (users + items, 64), embeddings of users, then of items.
        weights: three matrices, shape (out, in).
        biases: three vectors, shape (out,).
        gains, shifts: of batch norm, two vectors each.
        means, variances: running statistics of batch norm, two vectors each.
        n_users: number of users.
        moments: what Adam remembers; not a parameter.
    """

    table: Tensor
    weights: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]
    gains: tuple[Tensor, ...]
    shifts: tuple[Tensor, ...]
    means: tuple[Tensor, ...]
    variances: tuple[Tensor, ...]
    n_users: int
    moments: Moments = field(default_factory=Moments, repr=False)

    def tensors(self) -> list[Tensor]:
        """Return all tensors, the table first, then trained ones, then statistics."""
        return [
            self.table,
            *self.weights,
            *self.biases,
            *self.gains,
            *self.shifts,
            *self.means,
            *self.variances,
        ]

    @staticmethod
    def of(tensors: Sequence[Tensor], n_users: int, moments: Moments | None = None) -> MLPState:
        """Build a state from the list that `tensors` gives."""
        weights, biases, gains, shifts, means, variances = (
            tuple(tensors[start:stop])
            for start, stop in ((1, 4), (4, 7), (7, 9), (9, 11), (11, 13), (13, 15))
        )
        return MLPState(
            tensors[0], weights, biases, gains, shifts, means, variances, n_users, moments or Moments()
        )


def drawn(n_users: int, n_items: int, seed: int) -> MLPState:
    """Draw the start of a training, a function of the arguments alone."""
    generator = np.random.Generator(np.random.PCG64(seed))

    def uniform(fan_in: int, *shape: int) -> Tensor:
        bound = fan_in**-0.5
        return torch.from_numpy(generator.uniform(-bound, bound, shape).astype(np.float32))

    table = torch.from_numpy(generator.standard_normal((n_users + n_items, DIMENSION), dtype=np.float32))
    layers = list(itertools.pairwise(WIDTHS))
    hidden = WIDTHS[1:-1]
    return MLPState(
        table=table,
        weights=tuple(uniform(before, after, before) for before, after in layers),
        biases=tuple(uniform(before, after) for before, after in layers),
        gains=tuple(torch.ones(width) for width in hidden),
        shifts=tuple(torch.zeros(width) for width in hidden),
        means=tuple(torch.zeros(width) for width in hidden),
        variances=tuple(torch.ones(width) for width in hidden),
        n_users=n_users,
    )
