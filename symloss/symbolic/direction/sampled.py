"""The published validation check: does a gradient step move yhat towards y at sampled pairs?

AutoLossGen (2022), section 3.3: 1,000 predictions, each with both labels; a loss
passes by its share of pairs where the step goes the right way and is not
smaller than 1e-6. A number to set beside the proofs, not a proof.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symloss.formula.spec import LossSpec
from symloss.signature import Domain, Input, Labels, eps, y, yhat
from symloss.symbolic.arithmetic.float_dual import value_and_slope
from symloss.symbolic.arithmetic.tape import Tape

SMALLEST_STEP = 1e-6
"""A gradient up to this size does not count as a step (AutoLossGen, section 3.3)."""

N_PREDICTIONS = 1_000

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SampledDirection:
    """What the sampled pairs show.

    Attributes:
        positive_rate: share of pairs whose step goes towards y with |gradient| > 1e-6.
        rate_by_label: the same for each label, keyed "0" and "1" ("y" where labels fill an interval).
        wrong: for each label the sampled (yhat, y, gradient) with the largest wrong step, where there is one.
        flat: for each label whether no sampled gradient differs from 0.
        count: number of pairs.
    """

    positive_rate: float
    rate_by_label: dict[str, float]
    wrong: dict[str, tuple[float, float, float]]
    flat: dict[str, bool]
    count: int


def sampled_direction(loss: LossSpec, seed: int = 0, tape: Tape | None = None) -> SampledDirection:
    """Sample 2,000 pairs and look at the gradient of `loss` there.

    Args:
        loss: the loss; open eps is taken as `loss.eps_value`.
        seed: seed of the pairs.
        tape: the loss's expression as a tape, if it is at hand.
    """
    tape = tape or Tape.of(loss.expression)
    groups = _pairs(loss, np.random.default_rng(seed))
    right_total, count = 0, 0
    rates: dict[str, float] = {}
    wrong: dict[str, tuple[float, float, float]] = {}
    flat: dict[str, bool] = {}
    for label, (predictions, labels) in groups.items():
        value, gradient = value_and_slope(tape, {yhat: predictions, y: labels, eps: loss.eps_value}, yhat)
        away = loss.domain.wanted_signs({"yhat": predictions, "y": labels})
        # Where the loss is not a number there is no step, whatever its parts have as slopes.
        toward = np.where(np.isfinite(value), away * gradient, np.nan)
        right = toward > SMALLEST_STEP
        right_total += int(right.sum())
        count += len(predictions)
        rates[label] = float(right.mean())
        flat[label] = bool((gradient == 0).all())
        bad = np.where(np.isfinite(toward), toward, 0.0)
        worst = int(bad.argmin())
        if bad[worst] < 0:
            wrong[label] = (float(predictions[worst]), float(labels[worst]), float(gradient[worst]))
    return SampledDirection(right_total / count, rates, wrong, flat, count)


def positive_labels(generator: np.random.Generator, domain: Domain, predictions: Array) -> Array:
    """Draw labels around the means that predictions stand for, one in ten of them 0; scores are their own means."""
    spread, zero = generator.standard_normal(len(predictions)), generator.random(len(predictions)) < 0.1
    if domain.input is Input.SCORE:
        labels = np.maximum(predictions + 3.0 * spread, 0.0)
    else:
        means = np.exp(predictions) if domain.input is Input.LOG else predictions
        labels = means * np.exp(1.5 * spread)
    return np.where(zero, 0.0, labels)


def _pairs(loss: LossSpec, generator: np.random.Generator) -> dict[str, tuple[Array, Array]]:
    uniform = generator.random(N_PREDICTIONS)
    margin = min(loss.eps_value, 0.1)
    predictions = np.clip(uniform, margin, 1 - margin)
    if loss.domain.input is Input.POSITIVE:
        predictions = predictions / (1 - predictions)
    elif loss.takes_score:
        predictions = np.log(predictions / (1 - predictions))
    values = loss.domain.label_values
    if values is not None:
        return {str(value): (predictions, np.full(N_PREDICTIONS, float(value))) for value in values}
    doubled = np.concatenate([predictions, predictions])
    if loss.domain.labels is Labels.UNIT:
        labels = generator.random(len(doubled))
    elif loss.domain.labels is Labels.POSITIVE:
        labels = positive_labels(generator, loss.domain, doubled)
    else:
        labels = doubled + 3.0 * generator.standard_normal(len(doubled))
    return {"y": (doubled, labels)}
