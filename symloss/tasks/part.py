"""A part of a task: rows of data."""

from __future__ import annotations

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
