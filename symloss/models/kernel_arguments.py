"""What the fused kernels of all models are given: rows of data, and the settings of a step.

Numba takes a NamedTuple apart when it compiles, so a field costs no more than an argument of its own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Rows(NamedTuple):
    """Interactions, and the order to train them in.

    Attributes:
        users, items: shape (n,).
        labels: shape (n,).
        order: shape (n,), places of the others.
    """

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    labels: NDArray[np.float32]
    order: NDArray[np.int32]


class Step(NamedTuple):
    """The settings of a step of one member.

    Attributes:
        learning_rate, l2: of the optimiser; learning_rate * l2 < 1.
        batch_size: rows of a step.
        bound: gradients are clipped to [-bound, bound], element by element.
    """

    learning_rate: float
    l2: float
    batch_size: int
    bound: float
