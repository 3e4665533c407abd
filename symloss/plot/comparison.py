"""Several losses in one picture, with a common normalisation: a factor on a loss only scales the learning rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symloss.errors import OptionError, unknown_name
from symloss.loss import Loss
from symloss.plot import marks
from symloss.plot.facts import breakpoints_of
from symloss.plot.formula import checked_losses, label_of
from symloss.plot.sample import (
    SCORE_REACH,
    SCORE_TICKS,
    Array,
    curve_grid,
    logit_gradient_values,
    prediction_range,
    prediction_ticks,
    score_grid,
    sigmoid,
    value_and_gradient,
)
from symloss.plot.sample import logit as to_score
from symloss.plot.style import line_styles

NORMALISATIONS = ("mean", "middle", "none")
"""Mean |gradient| over the drawn range and both labels is 1; |gradient| in the middle is 1, averaged over both labels;
or the losses as they are."""

QUANTITIES = ("value", "gradient")


def comparison(
    losses: Sequence[Loss],
    axes: Any,
    *,
    label: int = 1,
    quantity: str = "gradient",
    normalise: str = "mean",
    logit: bool | None = None,
    count: int = 801,
    legend: bool = True,
) -> Any:
    """Draw one curve a loss for one label on `axes` and return them.

    Args:
        losses: at least one; an open eps counts as 1e-6.
        axes: where to draw.
        label: 0 or 1.
        quantity: "gradient", or "value": f without its smallest value in the picture.
        normalise: "mean", "middle" or "none"; see `NORMALISATIONS`. Both labels of a loss share one factor.
        logit: draw against the logit (gradients are then by the logit); None does so where some losses take scores.
        count: points a curve.
        legend: whether the Axes get a legend.

    Raises:
        OptionError: there is no loss, or an option is not one of these.
    """
    checked_losses(losses)
    for value, allowed, name in (
        (normalise, NORMALISATIONS, "normalisation"),
        (quantity, QUANTITIES, "quantity"),
    ):
        if value not in allowed:
            raise OptionError(unknown_name(name, value, allowed, f"the {name} is one of these"))
    if label not in (0, 1):
        raise OptionError(f"the label is {label!r}; a comparison is drawn for label 0 or 1")
    on_logit = any(loss.takes_score for loss in losses) if logit is None else logit
    curves = [_curve(loss, label, quantity, normalise, on_logit, count) for loss in losses]
    # The even part sets the limits, not the points close to the ends.
    middle = [
        values[(grid > 0.5 / count) & (grid < 1 - 0.5 / count)] if not on_logit else values
        for grid, values in curves
    ]
    limits = marks.set_limits(axes, np.concatenate(middle))
    if quantity == "gradient":
        axes.axhline(0.0, color="0.6", linewidth=0.6, linestyle="-", zorder=0)
    width = float(axes.figure.get_figwidth()) / 2
    for loss, look, (grid, values) in zip(losses, line_styles(len(losses)), curves, strict=True):
        marks.line(axes, grid, values, limits, label=label_of(loss, width), **look)
    if on_logit:
        axes.set_xlim(-SCORE_REACH, SCORE_REACH)
        axes.set_xticks(SCORE_TICKS)
        axes.set_xlabel(r"logit $s$, $\hat{y} = \sigma(s)$")
    else:
        axes.set_xlim(*prediction_range(losses[0]))
        axes.set_xticks(prediction_ticks(losses[0]))
        axes.set_xlabel(r"prediction $\hat{y}$")
    axes.set_ylabel(_axis_text(quantity, normalise, on_logit))
    if legend:
        marks.add_legend(axes)
    return axes


def normalisation(loss: Loss, normalise: str, *, logit: bool, count: int = 801) -> float:
    """Return the factor that a loss is drawn with; NaN where its gradient is zero or undefined all over.

    Args:
        loss: the loss.
        normalise: one of `NORMALISATIONS`.
        logit: whether gradients are by the logit.
        count: points of the grid.
    """
    if normalise == "none":
        return 1.0
    low, high = (-SCORE_REACH, SCORE_REACH) if logit else prediction_range(loss)
    if normalise == "middle":
        grid = np.array([(low + high) / 2])
    else:
        grid = low + (high - low) * (np.arange(count) + 0.5) / count
    sizes = np.abs([_gradient(loss, grid, label, logit) for label in (0, 1)])
    finite = sizes[np.isfinite(sizes)]
    size = float(finite.mean()) if finite.size else 0.0
    return 1 / size if size > 0 else float("nan")


def _gradient(loss: Loss, grid: Array, label: int, logit: bool) -> Array:
    if logit:
        return logit_gradient_values(loss, grid, label)
    return value_and_gradient(loss, grid, np.full(len(grid), float(label)))[1]


def _curve(
    loss: Loss, label: int, quantity: str, normalise: str, logit: bool, count: int
) -> tuple[Array, Array]:
    cuts = breakpoints_of(loss, label)
    if logit:
        scores = cuts if loss.takes_score else [float(cut) for cut in to_score(np.array(cuts))]
        grid = score_grid(count, scores)
    else:
        grid = curve_grid(loss, count, cuts)
    factor = normalisation(loss, normalise, logit=logit, count=count)
    if not np.isfinite(factor):
        factor = 1.0
    if quantity == "gradient":
        return grid, factor * _gradient(loss, grid, label, logit)
    at = grid if loss.takes_score or not logit else sigmoid(grid)
    values = value_and_gradient(loss, at, np.full(len(grid), float(label)))[0]
    finite = values[np.isfinite(values)]
    return grid, factor * (values - (finite.min() if finite.size else 0.0))


def _axis_text(quantity: str, normalise: str, logit: bool) -> str:
    variable = "s" if logit else r"\hat{y}"
    gradient = rf"\partial f / \partial {variable}"
    what = f"${gradient}$" if quantity == "gradient" else r"$f - \min f$"
    if normalise == "none":
        return what
    place = "" if normalise == "mean" else f" at ${variable} = {0 if logit else 0.5:g}$"
    size = f"mean $|{gradient}|${place} = 1"
    return f"{what}\n({size})"
