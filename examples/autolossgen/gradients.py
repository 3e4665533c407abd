"""Gradients that a model receives: by the logit of the prediction, or by the score."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symloss.loss import Loss
from symloss.plot import best_predictions
from symloss.plot.sample import logit_gradient_values

Array = NDArray[np.float64]


def by_logit(loss: Loss, scores: Array) -> Array:
    """Return df/ds for both labels, shape (2, n); s is the logit, or the score for losses on scores."""
    return np.array([logit_gradient_values(loss, scores, label) for label in (0.0, 1.0)])


def strength(loss: Loss) -> tuple[float, float]:
    """Return the best prediction for as many positives as negatives, and |df/ds| there.

    At that prediction the gradients of both labels are opposite and equally large: it is what a model that knows
    nothing yet is pushed with, and so what a learning rate has to fit. The sigmoid of a best score is returned.
    """
    best = float(best_predictions(loss, [0.5])[0])
    score = best if loss.takes_score else float(np.log(best) - np.log1p(-best))
    pushes = np.abs(by_logit(loss, np.array([score])))[:, 0]
    return float(1 / (1 + np.exp(-score))), float(pushes.mean())


def largest_by_logit(loss: Loss) -> tuple[float, float]:
    """Return the largest |df/ds| over logits from -30 to 30, for labels 0 and 1."""
    found = np.abs(by_logit(loss, np.linspace(-30.0, 30.0, 60_001))).max(axis=1)
    return float(found[0]), float(found[1])
