"""Values and gradients of a loss on a grid, for drawing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symloss.compile.reference import evaluate
from symloss.domain import Input
from symloss.loss import Loss

SCORE_REACH = 4.0
"""Raw scores are drawn from -4 to 4: probabilities of 0.018 to 0.982."""


def prediction_grid(loss: Loss, count: int) -> NDArray[np.float64]:
    """Return `count` predictions, shape (count,), strictly inside the loss's domain."""
    if loss.domain.input is Input.SCORE:
        return np.linspace(-SCORE_REACH, SCORE_REACH, count)
    return (np.arange(count) + 0.5) / count


def value_and_gradient(
    loss: Loss, yhat: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return f and df/dyhat at broadcast predictions and labels; not-a-number where f is undefined."""
    with np.errstate(all="ignore"):
        return evaluate(loss.program(), yhat, y, loss.eps_value)


def display_limits(values: NDArray[np.float64], *, spread: float = 3.0) -> tuple[float, float]:
    """Return axis limits that show the bulk of `values`: a singular end does not flatten the rest.

    The limits reach `spread` times the range of the middle 90% of the finite values beyond it, where values go further.
    """
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return -1.0, 1.0
    low, high = (float(end) for end in np.percentile(finite, [5, 95]))
    room = max(high - low, 1e-9 * max(1.0, abs(high)))
    return max(float(finite.min()), low - spread * room), min(float(finite.max()), high + spread * room)
