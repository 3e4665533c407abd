"""The surface of a loss over prediction and label."""

from __future__ import annotations

from typing import Any

import numpy as np

from symloss.domain import Labels
from symloss.loss import Loss
from symloss.plot.sample import display_limits, prediction_grid, value_and_gradient


def surface(loss: Loss, axes: Any, *, count: int = 81) -> Any:
    """Draw f over (yhat, y) on three-dimensional Axes and return them.

    With binary labels the loss is only its two edges, y = 0 and y = 1; they are drawn as lines on the surface. Values
    beyond the limits of `display_limits` are clipped, and a mark says so.

    Args:
        loss: the loss; eps where open is 1e-6.
        axes: Axes made with projection="3d".
        count: points an axis.
    """
    yhat = prediction_grid(loss, count)
    low, high = (-4.0, 4.0) if loss.domain.labels is Labels.REAL else (0.0, 1.0)
    y = np.linspace(low, high, count)
    predictions, labels = np.meshgrid(yhat, y)
    values, _ = value_and_gradient(loss, predictions, labels)
    bottom, top = display_limits(values, spread=1.0)
    clipped = bool(np.any((values < bottom) | (values > top) | ~np.isfinite(values)))
    shown = np.clip(values, bottom, top)
    axes.plot_surface(predictions, labels, shown, cmap="viridis", linewidth=0, antialiased=True, alpha=0.9)
    if loss.domain.labels is Labels.BINARY:
        for label, style in ((0, "-"), (1, "--")):
            edge, _ = value_and_gradient(loss, yhat, np.full(count, float(label)))
            axes.plot(
                yhat,
                np.full(count, label),
                np.clip(edge, bottom, top),
                style,
                color="black",
                label=f"y = {label}",
            )
        axes.legend(loc="upper left", frameon=False)
    axes.locator_params(axis="x", nbins=3)
    axes.locator_params(axis="y", nbins=3)
    axes.locator_params(axis="z", nbins=4)
    axes.set_xlabel(r"$\hat{y}$")
    axes.set_ylabel("$y$")
    axes.set_zlabel("$f$" + (" (clipped)" if clipped else ""))
    axes.view_init(elev=28, azim=-128)
    return axes
