"""The consistency curve: the prediction that minimises the expected loss, against the share of positives p.

yhat*(p) = argmin over yhat of  p f(yhat, 1) + (1 - p) f(yhat, 0)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from symloss.errors import OptionError
from symloss.loss import Loss
from symloss.plot.formula import checked_losses, label_of
from symloss.plot.marks import add_legend
from symloss.plot.sample import Array, sigmoid, value_and_gradient
from symloss.plot.style import line_styles

_SCORE_LIMIT = 40.0
"""Scores are searched from -40 to 40, where the sigmoid is 0 or 1 to 17 digits."""

_ROUNDS, _ZOOM = 9, 21
_JUMP = 0.01
"""A step of the best prediction that is still larger than this within a millionth of p is drawn as a jump."""


def best_predictions(loss: Loss, shares: ArrayLike) -> Array:
    """Return yhat*(p) for every p, found on a fine grid over the whole domain and refined around its minimum.

    Args:
        loss: the loss; an open eps counts as 1e-6.
        shares: p, shape (n,), in [0, 1].

    Returns:
        Shape (n,): predictions in [0, 1], or scores in [-40, 40] for a loss on scores. Of equally good
        ones the smallest.

    Raises:
        OptionError: a share is not in [0, 1].
    """
    p = np.atleast_1d(np.asarray(shares, np.float64))
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise OptionError("shares of positives must be numbers from 0 to 1, in one dimension")
    grid = _search_grid(loss)
    zero, one = _both(loss, grid)
    best = np.argmin(_expected(p[:, None], zero, one), axis=1)
    low, high = grid[np.maximum(best - 1, 0)], grid[np.minimum(best + 1, len(grid) - 1)]
    found = grid[best]
    steps = np.linspace(0.0, 1.0, _ZOOM)
    rows = np.arange(len(p))
    for _ in range(_ROUNDS):
        # The best point so far stays among the candidates: refining never makes it worse.
        points = np.column_stack([low[:, None] + (high - low)[:, None] * steps, found])
        zero, one = _both(loss, points)
        found = points[rows, np.argmin(_expected(p[:, None], zero, one), axis=1)]
        width = (high - low) / (_ZOOM - 1)
        low, high = np.maximum(found - width, low), np.minimum(found + width, high)
    return found


def consistency(
    losses: Loss | Sequence[Loss], axes: Any, *, count: int = 401, legend: bool = True, width: float = 2.5
) -> Any:
    """Draw yhat*(p) for one or more losses on `axes`, with the line yhat* = p, and return the Axes.

    A loss whose curve is that line is proper; one whose curve increases ranks as well as p does. A jump is dotted. For
    losses on scores the sigmoid of the best score is drawn.

    Args:
        losses: one or more; an open eps counts as 1e-6.
        axes: where to draw.
        count: values of p.
        legend: whether the Axes get a legend.
        width: room for a formula in the legend, in inches.

    Raises:
        OptionError: there is no loss.
    """
    several = [losses] if isinstance(losses, Loss) else list(losses)
    checked_losses(several)
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=0.8, linestyle="-", zorder=0, label=r"$\hat{y}^* = p$")
    for loss, look in zip(several, line_styles(len(several)), strict=True):
        p, best, jumps = consistency_curve(loss, count)
        axes.plot(p, best, label=label_of(loss, width), **look)
        for place, before, after in jumps:
            axes.plot(
                [place, place],
                [before, after],
                color=look["color"],
                linestyle=":",
                linewidth=0.8,
                label="_jump",
            )
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("share of positives $p$")
    scores = {loss.takes_score for loss in several}
    axes.set_ylabel(
        {
            frozenset({False}): r"best prediction $\hat{y}^*(p)$",
            frozenset({True}): r"best prediction $\sigma(\hat{y}^*(p))$",
        }.get(frozenset(scores), r"best prediction $\hat{y}^*(p)$ or $\sigma(\hat{y}^*(p))$")
    )
    if legend:
        add_legend(axes)
    return axes


def consistency_curve(loss: Loss, count: int = 401) -> tuple[Array, Array, list[tuple[float, float, float]]]:
    """Return p, the best predictions (sigmoids of scores) with a NaN at each jump, and the jumps (p, before, after)."""
    p = np.linspace(0.0, 1.0, count)
    best = _as_probability(loss, p)
    jumps: list[tuple[float, float, float]] = []
    for index in np.flatnonzero(np.abs(np.diff(best)) > _JUMP):
        low, high = float(p[index]), float(p[index + 1])
        before, after = float(best[index]), float(best[index + 1])
        while high - low > 1e-6 and abs(after - before) > _JUMP:
            inner = np.linspace(low, high, 33)
            values = _as_probability(loss, inner)
            step = int(np.argmax(np.abs(np.diff(values))))
            low, high = float(inner[step]), float(inner[step + 1])
            before, after = float(values[step]), float(values[step + 1])
        if abs(after - before) > _JUMP:
            jumps.append(((low + high) / 2, before, after))
    for place, before, after in reversed(jumps):
        at = int(np.searchsorted(p, place))
        p = np.insert(p, at, [place, place, place])
        best = np.insert(best, at, [before, np.nan, after])
    return p, best, jumps


def _as_probability(loss: Loss, p: Array) -> Array:
    best = best_predictions(loss, p)
    return sigmoid(best) if loss.takes_score else best


def _search_grid(loss: Loss) -> Array:
    if loss.takes_score:
        return np.linspace(-_SCORE_LIMIT, _SCORE_LIMIT, 4001)
    near = 10.0 ** -np.arange(3.0, 15.0, 0.5)
    return np.unique(np.concatenate([(np.arange(2000) + 0.5) / 2000, near, 1 - near]))


def _both(loss: Loss, points: Array) -> tuple[Array, Array]:
    """Return f at label 0 and at label 1."""
    values = [value_and_gradient(loss, points, np.full(points.shape, float(label)))[0] for label in (0, 1)]
    return values[0], values[1]


def _expected(p: Array, zero: Array, one: Array) -> Array:
    """Return the expected loss; a label that does not occur counts nothing, also where its loss is infinite."""
    with np.errstate(all="ignore"):
        total = np.where(p > 0, p * one, 0.0) + np.where(p < 1, (1 - p) * zero, 0.0)
    return np.where(np.isnan(total), np.inf, total)
