"""What a strategy is told about the losses it proposed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Feedback:
    """One entry for each loss of the batch, in the order of the batch."""

    #: the reward of each loss
    rewards: NDArray[np.float64]
    #: the number of each loss's gradient, so that equal losses can be told; -1: none
    identities: NDArray[np.intp]
    #: the share of the check points where the loss's gradient points the right way
    right_way: NDArray[np.float64]
