"""Curves of a loss and of its gradient against the prediction, one for each label."""

from __future__ import annotations

from typing import Any

import numpy as np

from symloss.domain import Input, Labels
from symloss.loss import Loss
from symloss.plot.sample import display_limits, prediction_grid, value_and_gradient

# Okabe and Ito's colours for label 0 and label 1, told apart by line style in grey.
LABEL_STYLES = ((0.0, "#0072B2", "-"), (1.0, "#D55E00", "--"), (0.5, "#009E73", ":"))


def curves(loss: Loss, axes: Any, *, count: int = 801) -> Any:
    """Draw f(., y) for each label on `axes` and return them (y = 1/2 as well where labels are not binary)."""
    return _draw(loss, axes, count, gradient=False)


def gradients(loss: Loss, axes: Any, *, count: int = 801) -> Any:
    """Draw df/dyhat for each label on `axes` and return them, with the zero line."""
    axes.axhline(0.0, color="0.6", linewidth=0.8, zorder=0)
    return _draw(loss, axes, count, gradient=True)


def _draw(loss: Loss, axes: Any, count: int, *, gradient: bool) -> Any:
    yhat = prediction_grid(loss, count)
    styles = LABEL_STYLES[:2] if loss.domain.labels is Labels.BINARY else LABEL_STYLES
    drawn = []
    for label, colour, style in styles:
        values = value_and_gradient(loss, yhat, np.full(count, label))[1 if gradient else 0]
        drawn.append(values)
        axes.plot(
            yhat, np.where(np.isfinite(values), values, np.nan), style, color=colour, label=f"y = {label:g}"
        )
    everything = np.concatenate(drawn)
    bottom, top = display_limits(everything)
    margin = 0.06 * max(top - bottom, 1e-9)
    axes.set_ylim(bottom - margin, top + margin)
    if np.any((everything < bottom) | (everything > top) | ~np.isfinite(everything)):
        axes.annotate(
            "axis clipped",
            (0.99, 0.02),
            xycoords="axes fraction",
            ha="right",
            va="bottom",
            fontsize=7,
            color="0.4",
        )
    axes.set_xlim(float(yhat[0]), float(yhat[-1]))
    axes.set_xlabel(r"$\hat{y}$" if loss.domain.input is Input.PROBABILITY else r"score $\hat{y}$")
    axes.set_ylabel(r"$\partial f / \partial \hat{y}$" if gradient else "$f$")
    axes.legend(frameon=False)
    return axes
