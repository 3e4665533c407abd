"""Curves of a loss and of its gradient against the prediction, one for each label."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from symloss.loss import Loss
from symloss.plot import marks
from symloss.plot.facts import Facts, facts_of
from symloss.plot.sample import (
    SCORE_REACH,
    SCORE_TICKS,
    Array,
    curve_grid,
    logit_gradient_values,
    prediction_range,
    prediction_ticks,
    prediction_title,
    score_grid,
    score_of,
    score_slope,
    score_title,
    shown_labels,
    value_and_gradient,
)
from symloss.plot.style import line_styles


def curves(
    loss: Loss, axes: Any, *, count: int = 801, facts: Facts | None = None, legend: bool = True
) -> Any:
    """Draw f(., y) for each label on `axes` and return them (y = 1/2 as well where labels are not binary).

    Args:
        loss: the loss; an open eps counts as 1e-6.
        axes: where to draw.
        count: points of the even grid.
        facts: the result of `symloss.plot.facts.facts_of`; found here if None; {} to draw nothing that takes proofs.
        legend: whether the Axes get a legend.
    """
    known = facts_of(loss) if facts is None else facts
    axes.set_ylabel("$f$")
    return _draw(loss, axes, count, known, legend, lambda x, y: value_and_gradient(loss, x, y)[0])


def gradients(
    loss: Loss, axes: Any, *, count: int = 801, facts: Facts | None = None, legend: bool = True
) -> Any:
    """Draw df/dyhat for each label on `axes` and return them, with the zero line; arguments as for `curves`."""
    known = facts_of(loss) if facts is None else facts
    _zero_line(axes)
    axes.set_ylabel(r"$\partial f / \partial \hat{y}$")
    return _draw(loss, axes, count, known, legend, lambda x, y: value_and_gradient(loss, x, y)[1])


def logit_gradients(
    loss: Loss, axes: Any, *, count: int = 801, facts: Facts | None = None, legend: bool = True
) -> Any:
    """Draw df/ds for each label against the logit s, from -6 to 6, and return the Axes; arguments as for `curves`.

    A probability is the sigmoid of s; a loss on scores sees s itself. This is the gradient that a model receives.
    """
    known = facts_of(loss) if facts is None else facts
    _zero_line(axes)
    axes.set_ylabel(r"$\partial f / \partial s$")
    labels = shown_labels(loss)
    even = np.linspace(-SCORE_REACH, SCORE_REACH, count)

    def place(yhat: float) -> float:
        if loss.takes_score:
            return yhat
        return float(score_of(loss, np.array(yhat)))

    drawn: list[tuple[Array, Array]] = []
    for label in labels:
        cuts = [place(cut) for cut in known[label].breakpoints] if label in known else []
        grid = score_grid(count, cuts)
        drawn.append((grid, logit_gradient_values(loss, grid, label)))
    plain = np.concatenate([logit_gradient_values(loss, even, label) for label in labels])
    axes.set_xlim(-SCORE_REACH, SCORE_REACH)
    axes.set_xticks(SCORE_TICKS)
    axes.set_xlabel(score_title(loss))
    points = []
    for label in labels:
        if label in known and known[label].witness is not None:
            witness = known[label].witness
            assert witness is not None
            slope = score_slope(loss, witness[0])
            points.append((place(witness[0]), witness[1] * slope))
    _finish(loss, axes, drawn, plain, known, points, place, legend)
    return axes


def _zero_line(axes: Any) -> None:
    axes.axhline(0.0, color="0.6", linewidth=0.6, linestyle="-", zorder=0)


def _draw(
    loss: Loss,
    axes: Any,
    count: int,
    facts: Facts,
    legend: bool,
    values_at: Callable[[Array, Array], Array],
) -> Any:
    labels = shown_labels(loss)
    drawn, points = [], []
    for label in labels:
        known = facts.get(label)
        grid = curve_grid(loss, count, known.breakpoints if known is not None else ())
        drawn.append((grid, values_at(grid, np.full(len(grid), label))))
        if known is not None and known.witness is not None:
            x = known.witness[0]
            points.append((x, float(values_at(np.array([x]), np.array([label]))[0])))
    even = curve_grid(loss, count)
    low, high = loss.domain.yhat_range
    even = even[(even > low + 0.5 / count) & (even < high - 0.5 / count)]
    plain = np.concatenate([values_at(even, np.full(len(even), label)) for label in labels])
    axes.set_xlim(*prediction_range(loss))
    axes.set_xticks(prediction_ticks(loss))
    axes.set_xlabel(prediction_title(loss))
    _finish(loss, axes, drawn, plain, facts, points, lambda x: x, legend)
    return axes


def _finish(
    loss: Loss,
    axes: Any,
    drawn: list[tuple[Array, Array]],
    plain: Array,
    facts: Facts,
    points: list[tuple[float, float]],
    place: Callable[[float], float],
    legend: bool,
) -> None:
    """Set the limits, then draw lines and marks."""
    labels = shown_labels(loss)
    rows = len(labels) if facts else 0
    limits = marks.set_limits(axes, plain, strips=rows)
    looks = line_styles(len(labels))
    for label, look, (grid, values) in zip(labels, looks, drawn, strict=True):
        marks.line(axes, grid, values, limits, label=f"$y = {label:g}$", **look)
    if facts:
        marks.strips(axes, facts, labels, place)
        marks.breakpoints(axes, facts, looks, place, rows)
        marks.witnesses(axes, points, limits)
    if legend:
        marks.add_legend(axes)
