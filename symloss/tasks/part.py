"""A part of a task: rows of data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Part(Protocol):
    """Rows of a task: what a model is given, and what a loss compares its output with."""

    def __len__(self) -> int:
        """How many rows there are."""
        ...

    @property
    def inputs(self) -> tuple[NDArray[Any], ...]:
        """The arguments of the model, each of shape (rows, ...): (users, items) for ratings."""
        ...

    @property
    def labels(self) -> NDArray[np.float32]:
        """The labels, shape (rows,)."""
        ...


@dataclass(frozen=True, eq=False)
class SomeRows:
    """Rows that are no part of a task of their own: some of a part, or new ones.

    Attributes:
        inputs: the arguments of the model, each of shape (rows, ...).
        labels: shape (rows,).
    """

    inputs: tuple[NDArray[Any], ...]
    labels: NDArray[np.float32]

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.labels)

    @classmethod
    def of(cls, part: Part, rows: NDArray[np.intp]) -> SomeRows:
        """Return copies of rows of a part, by their numbers."""
        return cls(tuple(column[rows] for column in part.inputs), part.labels[rows])

    @classmethod
    def unlabelled(cls, *inputs: NDArray[Any]) -> SomeRows:
        """Return rows that are only scored, with labels 0."""
        return cls(inputs, np.zeros(len(inputs[0]), np.float32))
