"""One scale for the rewards of all losses, trained or not.

Most losses of a batch are never trained, and all of these have the reward -1.
Yet some are nearer to a loss that learns than others: what they lack shows in
the share of sampled predictions that they push towards their label.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symloss.search.strategies.strategy import Feedback

WORST_REWARD = -1.0
"""The reward of a loss that was not trained, or made the recommender worse."""

USELESS = -3.0
"""The value of a loss without a gradient: zero, or not finite."""


def shaped(feedback: Feedback) -> NDArray[np.float64]:
    """Return a value for each loss that orders all of them, float64[K].

    The reward, where it is above -1; otherwise -2 + the share of predictions that
    the loss pushes the right way, so in [-2, -1]; -3 where it has no gradient.
    """
    untrained = np.where(feedback.identities >= 0, WORST_REWARD - 1.0 + feedback.right_way, USELESS)
    return np.where(feedback.rewards > WORST_REWARD, feedback.rewards, untrained)
