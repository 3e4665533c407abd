"""Values and gradients of a loss on a grid, for drawing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from symloss.compile.reference import evaluate
from symloss.loss import Loss
from symloss.signature import Input, Labels

Array = NDArray[np.float64]

SCORE_REACH = 6.0
"""Raw scores are drawn from -6 to 6: probabilities of 0.0025 to 0.9975."""

SCORE_TICKS = (-6.0, -3.0, 0.0, 3.0, 6.0)

NEAREST = 12
"""Curves come as close as 10**-12 to the ends 0 and 1: what is singular there leaves the axis."""


def prediction_range(loss: Loss) -> tuple[float, float]:
    """Return the ends of what is drawn: of (0, 1) for probabilities, of (0, 6] for means, of [-6, 6] for scores."""
    if loss.domain.input is Input.POSITIVE:
        return 0.0, SCORE_REACH
    return (0.0, 1.0) if loss.domain.input is Input.PROBABILITY else (-SCORE_REACH, SCORE_REACH)


def prediction_title(loss: Loss) -> str:
    """Return what the axis of predictions is called."""
    names = {Input.PROBABILITY: "prediction", Input.POSITIVE: "mean", Input.LOG: "log of the mean,"}
    return rf"{names.get(loss.domain.input, 'score')} $\hat{{y}}$"


def prediction_ticks(loss: Loss) -> tuple[float, ...]:
    """Return five ticks for the axis of predictions."""
    if loss.domain.input is Input.POSITIVE:
        return (0.0, 1.5, 3.0, 4.5, 6.0)
    return (0.0, 0.25, 0.5, 0.75, 1.0) if loss.domain.input is Input.PROBABILITY else SCORE_TICKS


def shown_labels(loss: Loss) -> tuple[float, ...]:
    """Return the labels that curves are drawn for: 0 and 1, and one more where labels fill an interval.

    That is 1/2, for positive labels 3. Where yhat is a logarithm, its goal log(y) should be a rational number: none.
    """
    if loss.domain.labels is Labels.POSITIVE:
        return (0.0, 1.0) if loss.domain.input is Input.LOG else (0.0, 1.0, 3.0)
    return (0.0, 1.0) if loss.domain.labels is Labels.BINARY else (0.0, 1.0, 0.5)


def prediction_grid(loss: Loss, count: int) -> Array:
    """Return `count` predictions, shape (count,), strictly inside the loss's domain."""
    if loss.domain.is_line:
        return np.linspace(-SCORE_REACH, SCORE_REACH, count)
    return prediction_range(loss)[1] * (np.arange(count) + 0.5) / count


def curve_grid(loss: Loss, count: int, cuts: Sequence[float] = ()) -> Array:
    """Return predictions in increasing order that also come close to the ends and to both sides of every cut.

    Args:
        loss: the loss.
        count: points of the even part.
        cuts: places where a curve may jump or bend; a NaN stands in each, so that no line crosses it.
    """
    low, high = prediction_range(loss)
    even = prediction_grid(loss, count)
    parts = [even]
    if loss.domain.input is Input.PROBABILITY:
        near = 10.0 ** -np.arange(3.0, NEAREST + 0.1, 0.25)
        parts += [near, 1 - near]
    elif loss.domain.input is Input.POSITIVE:
        parts.append(10.0 ** -np.arange(3.0, NEAREST + 0.1, 0.25))
    for cut in cuts:
        distance = 1e-9 * max(1.0, abs(cut))
        parts.append(np.array([cut - distance, cut + distance]))
    grid = np.unique(np.concatenate(parts))
    grid = grid[(grid >= low) & (grid <= high) & ~np.isin(grid, np.asarray(cuts, float))]
    inside = [cut for cut in cuts if low < cut < high]
    return np.insert(grid, np.searchsorted(grid, inside), np.nan)


def score_grid(count: int, cuts: Sequence[float] = ()) -> Array:
    """Return scores from -6 to 6 with a NaN at each cut and a point close by on both sides."""
    even = np.linspace(-SCORE_REACH, SCORE_REACH, count)
    inside = sorted(cut for cut in cuts if even[0] < cut < even[-1])
    sides = [cut + side * 1e-9 * max(1.0, abs(cut)) for cut in inside for side in (-1, 1)]
    grid = np.setdiff1d(np.concatenate([even, sides]), np.asarray(inside, float))
    return np.insert(grid, np.searchsorted(grid, inside), np.nan)


def value_and_gradient(loss: Loss, yhat: Array, y: Array) -> tuple[Array, Array]:
    """Return the loss, scale included, and its derivative by yhat; not-a-number where the loss is undefined."""
    with np.errstate(all="ignore"):
        value, gradient = evaluate(loss.program(), yhat, y, loss.eps_value)
        # The rule of a derivative may have a value where the function has none: that of log at -1.
        return loss.scale * value, loss.scale * np.where(np.isnan(value), np.nan, gradient)


def sigmoid(score: Array) -> Array:
    """Return 1 / (1 + e**-score)."""
    small = np.exp(-np.abs(score))
    return np.where(score >= 0, 1.0, small) / (1.0 + small)


def logit(probability: Array) -> Array:
    """Return the score whose sigmoid is `probability`; infinite at 0 and 1."""
    with np.errstate(all="ignore"):
        return np.log(probability) - np.log1p(-probability)


def score_of(loss: Loss, yhat: Array) -> Array:
    """Return the raw scores that predictions are made from: logits of probabilities, logarithms of means."""
    if loss.takes_score:
        return yhat
    return np.log(yhat) if loss.domain.input is Input.POSITIVE else logit(yhat)


def score_slope(loss: Loss, yhat: float) -> float:
    """Return the derivative of a prediction by its raw score."""
    if loss.takes_score:
        return 1.0
    return yhat if loss.domain.input is Input.POSITIVE else yhat * (1 - yhat)


def score_title(loss: Loss) -> str:
    """Return what the axis of raw scores is called."""
    if loss.domain.input is Input.POSITIVE:
        return r"$s$, $\hat{y} = e^s$"
    return "score $s$" if loss.takes_score else r"logit $s$, $\hat{y} = \sigma(s)$"


def logit_gradient_values(loss: Loss, score: Array, label: float) -> Array:
    """Return df/ds at raw scores s, where a probability is the sigmoid of s."""
    if loss.takes_score:
        return value_and_gradient(loss, score, np.full(len(score), label))[1]
    if loss.domain.input is Input.POSITIVE:
        mean = np.exp(score)
        return value_and_gradient(loss, mean, np.full(len(score), label))[1] * mean
    probability = sigmoid(score)
    gradient = value_and_gradient(loss, probability, np.full(len(score), label))[1]
    return gradient * probability * sigmoid(-score)


def display_limits(values: Array, *, spread: float = 1.0) -> tuple[float, float]:
    """Return axis limits that show the bulk of `values`: a singular end does not flatten the rest.

    The limits reach `spread` times the range of the middle 90% of the finite values beyond it, where values go further.
    """
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return -1.0, 1.0
    low, high = (float(end) for end in np.percentile(finite, [5, 95]))
    room = max(high - low, 1e-9 * max(1.0, abs(high)))
    return max(float(finite.min()), low - spread * room), min(float(finite.max()), high + spread * room)
