"""A common unit for the scale of losses: the factor that makes the gradient on the logit 1 in the mean.

A factor on a loss acts as a learning rate does against the L2 term, so a loss is
only as good as its scale. Formulas come at any scale: a grid of plain factors that
suits the squared error misses a loss a hundred times as steep. Where the same grid
is applied to the losses divided by

    mean over labels and predictions of |df/ds|,    yhat = 1 / (1 + exp(-s)),

it means the same for all of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symloss.compile.program import ProgramBatch
from symloss.compile.reference import evaluate_batch
from symloss.signature import Domain, Input, Labels

PREDICTIONS = 50
"""Predictions at which the mean is taken: the middles of so many equal parts of (0, 1)."""

SMALLEST, LARGEST = 1e-6, 1e6
"""Factors beyond these would only hide a loss that has no gradient, or an infinite one."""


def rounded(scale: float) -> float:
    """Return a scale with three digits, so that a report can be repeated by hand."""
    return float(f"{scale:.3g}")


def unit_factors(programs: ProgramBatch, domain: Domain) -> NDArray[np.float64]:
    """Return for each of K programs, at its eps (scales are left out), the factor that brings it to a unit gradient.

    Labels are 0 and 1; on the unit and the real domain labels are spread over the domain
    as predictions are (scores and real labels over -4 to 4).

    Returns:
        float64[K], between 1e-6 and 1e6; 1 where the gradient is zero, or it or the loss is not finite somewhere.
    """
    middles = (np.arange(PREDICTIONS) + 0.5) / PREDICTIONS
    spread = np.log(middles / (1 - middles))
    score = domain.is_line
    labels = np.array([0.0, 1.0])
    if domain.labels is Labels.UNIT:
        labels = middles
    elif domain.labels is Labels.REAL:
        labels = spread
    elif domain.labels is Labels.POSITIVE:
        labels = np.exp(spread)
    predictions = spread if score else np.exp(spread) if domain.input is Input.POSITIVE else middles
    yhat, y = (grid.ravel() for grid in np.meshgrid(predictions, labels))
    with np.errstate(all="ignore"):
        value, gradient = evaluate_batch(programs, yhat, y)
        by_logit = gradient * yhat if domain.input is Input.POSITIVE else gradient
        by_logit = gradient * yhat * (1 - yhat) if domain.input is Input.PROBABILITY else by_logit
        mean = np.abs(by_logit).mean(axis=1)
        factor = np.clip(1 / mean, SMALLEST, LARGEST)
    usable = np.isfinite(value).all(axis=1) & np.isfinite(mean) & (mean > 0)
    return np.asarray(np.where(usable, factor, 1.0), np.float64)
