"""The parameters of one multilayer perceptron, and the numbers that fix its shape (see
`symloss.models.mlp.trainer`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

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
