"""Tokens: what a controller decides, as integer arrays.

A loss is a set of variables. The first ones are its leaves: the arguments of the
grammar's signature, and the number 1 (yhat, y and 1 of a pointwise loss; pos, neg
and 1 of a pairwise one). Each step adds a variable: an operator of the grammar,
applied to one or two earlier ones. The last variable is the loss (AutoLossGen,
section 3.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Tokens:
    """K losses of S steps each; after L leaves, step s makes variable L + s.

    Attributes:
        operators: int32[K, S], index into the operators of the grammar.
        left: int32[K, S], the first operand, below L + s.
        right: int32[K, S], the second operand, below L + s; equal to `left` for unary operators.
    """

    operators: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]

    def __len__(self) -> int:
        """Return the number of losses."""
        return len(self.operators)

    @property
    def n_steps(self) -> int:
        """Return the number of steps of each loss."""
        return int(self.operators.shape[1])

    def parts(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        """Return operators, left and right."""
        return self.operators, self.left, self.right

    def take(self, rows: NDArray[np.integer] | slice | Sequence[int]) -> Tokens:
        """Return the losses at `rows` (indices, a mask or a slice)."""
        return Tokens(self.operators[rows], self.left[rows], self.right[rows])

    def row(self, k: int) -> list[list[int]]:
        """Return loss k as [operator, left, right] for each step, ready for JSON."""
        return np.stack([self.operators[k], self.left[k], self.right[k]], axis=1).tolist()

    @classmethod
    def joined(cls, batches: Sequence[Tokens]) -> Tokens:
        """Return the losses of all batches (one at least, all with the same number of steps), in order."""
        return cls(*(np.concatenate(parts) for parts in zip(*(b.parts() for b in batches), strict=True)))

    @classmethod
    def from_rows(cls, rows: Sequence[Sequence[Sequence[int]]]) -> Tokens:
        """Build tokens from what `row` gives, one entry a loss."""
        array = np.asarray(rows, np.int32)
        return cls(*(np.ascontiguousarray(array[:, :, part]) for part in range(3)))
