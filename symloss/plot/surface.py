"""The surface of a loss over prediction and label, and its contours."""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter

from symloss.loss import Loss
from symloss.plot.marks import BEYOND as BEYOND_END
from symloss.plot.marks import CARETUP
from symloss.plot.sample import (
    Array,
    display_limits,
    prediction_grid,
    prediction_range,
    prediction_ticks,
    prediction_title,
    value_and_gradient,
)
from symloss.plot.style import line_styles, scientific_ticks
from symloss.signature import Input, Labels

LABEL_REACH = 4.0
"""Real labels are drawn from -4 to 4."""

_FACES = 40
"""Faces of the surface an axis: a vector file of a few hundred kilobytes."""

BEYOND = "cut off: goes on beyond the axis"


def surface(loss: Loss, axes: Any, *, count: int = 81, legend: bool = True) -> Any:
    """Draw f over (yhat, y) on three-dimensional Axes and return them.

    With binary labels the loss is only its two edges, y = 0 and y = 1; they are drawn as lines on the surface. Where
    values go beyond the limits of `display_limits` the surface is cut off, and a grey roof or floor shows it.

    Args:
        loss: the loss; an open eps counts as 1e-6.
        axes: Axes made with projection="3d".
        count: points an axis.
        legend: whether the Axes get a legend.
    """
    predictions, labels, values = _grid(loss, count)
    bottom, top = _limits(loss, values)
    with np.errstate(invalid="ignore"):
        beyond = (values < bottom) | (values > top) | ~np.isfinite(values)
    shown = np.clip(np.nan_to_num(values, nan=top, posinf=top, neginf=bottom), bottom, top)
    colours = _face_colours(shown, beyond, bottom, top)
    stride = max(1, round(count / _FACES))
    axes.plot_surface(
        predictions,
        labels,
        shown,
        facecolors=colours,
        rstride=stride,
        cstride=stride,
        linewidth=0,
        antialiased=True,
        shade=False,
    )
    if loss.domain.labels is Labels.BINARY:
        yhat = predictions[0]
        for label, look in zip((0, 1), line_styles(2), strict=True):
            edge, _ = value_and_gradient(loss, yhat, np.full(len(yhat), float(label)))
            axes.plot(
                yhat,
                np.full(len(yhat), label),
                np.clip(edge, bottom, top),
                label=f"$y = {label}$",
                zorder=10,
                **look,
            )
    _mark_ends(loss, axes, bottom, top)
    if beyond.any():
        axes.add_collection3d(_nowhere(), autolim=False)
    axes.locator_params(axis="z", nbins=4)
    axes.set_xticks(prediction_ticks(loss)[::2])
    if loss.domain.labels in (Labels.BINARY, Labels.UNIT):
        axes.set_yticks([0, 0.5, 1])
    for axis in "xyz":
        axes.tick_params(axis=axis, pad=-3 if axis != "z" else 0)
    axes.set_xlabel(r"$\hat{y}$", labelpad=-5)
    axes.set_ylabel("$y$", labelpad=-5)
    # Beside the axis the name, or a power of ten that matplotlib writes upside down there, would be cut off.
    power = _power_of_ten(bottom, top)
    name = "$f$" if power == 0 else rf"$f \,/\, 10^{{{power}}}$"
    axes.text2D(0.04, 0.9, name, transform=axes.transAxes, ha="left", va="top")
    if power:
        axes.zaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 10.0**power:g}"))
    axes.set_zlim(*_padded(bottom, top))
    axes.view_init(elev=28, azim=-128)
    if legend:
        entries = surface_entries(axes)
        axes.legend(list(entries.values()), list(entries), fontsize="x-small", loc="upper left")
    return axes


def _mark_ends(loss: Loss, axes: Any, bottom: float, top: float) -> None:
    """Mark the corners at which f goes on beyond the limits: the grid ends just before."""
    if loss.domain.input is not Input.PROBABILITY or loss.domain.labels is Labels.REAL:
        return
    # A little more at the very end is no singularity.
    room = 0.25 * (top - bottom)
    for label, look in zip((0, 1), line_styles(2), strict=True):
        ends = np.array([1e-9, 1 - 1e-9])
        values, _ = value_and_gradient(loss, ends, np.full(2, float(label)))
        for end, value in zip((0, 1), values, strict=True):
            if value > top + room or value < bottom - room:
                up = value > top
                axes.plot(
                    [end],
                    [label],
                    [top if up else bottom],
                    marker="^" if up else "v",
                    color=look["color"],
                    linestyle="none",
                    markersize=4,
                    zorder=12,
                    label=f"_{BEYOND_END}",
                )


def surface_entries(axes: Any) -> dict[str, Any]:
    """Return what a legend of a surface holds, by text."""
    handles, texts = axes.get_legend_handles_labels()
    found = dict(zip(texts, handles, strict=True))
    if any(artist.get_label() == f"_{BEYOND}" for artist in axes.collections):
        found[BEYOND] = Rectangle((0, 0), 1, 1, facecolor="0.75", edgecolor="0.5", linewidth=0.4)
    if any(line.get_label() == f"_{BEYOND_END}" for line in axes.lines):
        found[BEYOND_END] = Line2D([], [], marker=CARETUP, markersize=5, color="0.3", linestyle="none")
    return found


def contour(loss: Loss, axes: Any, *, count: int = 161, levels: int = 9, colourbar: bool = True) -> Any:
    """Draw the contours of f over (yhat, y) and return the Axes; arguments as for `surface`.

    Where values go beyond the limits of `display_limits` the map is hatched and the colour bar ends in a point.

    Args:
        loss: the loss; an open eps counts as 1e-6.
        axes: where to draw.
        count: points an axis.
        levels: about so many contours.
        colourbar: whether the figure gets a colour bar beside the Axes.
    """
    from matplotlib.ticker import MaxNLocator

    predictions, labels, values = _grid(loss, count, ends=True)
    # The columns at the very ends may be singular: they show that, and don't set limits.
    inner = values if loss.takes_score else values[:, 1:-1]
    bottom, top = _widened(display_limits(inner), values)
    if top - bottom < 1e-9 * max(1.0, abs(top)):
        bottom, top = bottom - 0.5, top + 0.5
    with np.errstate(invalid="ignore"):
        over, under = bool(np.any(values > top)), bool(np.any(values < bottom))
    extend = {(True, True): "both", (True, False): "max", (False, True): "min"}.get((over, under), "neither")
    steps = np.asarray(MaxNLocator(levels).tick_values(bottom, top))
    # Ticks just inside of the limits; the rest is "beyond".
    inside = steps[(steps >= bottom - 1e-12) & (steps <= top + 1e-12)]
    edges = np.unique([*([] if under else [bottom]), *inside, *([] if over else [top])])
    safe = np.ma.masked_invalid(np.clip(values, -1e300, 1e300))
    filled = axes.contourf(
        predictions, labels, safe, edges, extend=extend, cmap=matplotlib.rcParams["image.cmap"]
    )
    lines = axes.contour(predictions, labels, safe, inside, colors="white", linewidths=0.5)
    lines.set_linestyle("-")
    axes.set_facecolor("0.8")
    if over or under:
        outside = (
            np.where(np.nan_to_num(values, nan=np.inf) > edges[-1], 1.0, 0.0)
            if over
            else np.zeros_like(values)
        )
        if under:
            outside = np.maximum(outside, np.where(values < edges[0], 1.0, 0.0))
        axes.contourf(predictions, labels, outside, [0.5, 1.5], colors="none", hatches=["////"])
    if colourbar:
        bar = axes.figure.colorbar(filled, ax=axes, ticks=inside[:: max(1, len(inside) // 5)], pad=0.03)
        bar.set_label("$f$" + (" (hatched: beyond)" if over or under else ""))
        scientific_ticks(bar.formatter, bottom, top)
        bar.outline.set_linewidth(0.4)
    axes.set_xlabel(prediction_title(loss))
    axes.set_ylabel("label $y$")
    axes.set_xlim(*prediction_range(loss))
    axes.set_xticks(prediction_ticks(loss))
    return axes


def _widened(limits: tuple[float, float], values: Array) -> tuple[float, float]:
    """Return limits that take in all values where that makes them only a little wider."""
    bottom, top = limits
    finite = values[np.isfinite(values)]
    if not finite.size:
        return limits
    room = 0.1 * (top - bottom)
    low, high = float(finite.min()), float(finite.max())
    return (low if low > bottom - room else bottom), (high if high < top + room else top)


def _limits(loss: Loss, values: Array) -> tuple[float, float]:
    """Return the limits of f; with binary labels the two edges, which are the loss, get their room as well."""
    bottom, top = display_limits(values)
    if loss.domain.labels is Labels.BINARY:
        low, high = display_limits(values[[0, -1]])
        bottom, top = min(bottom, low), max(top, high)
    return bottom, top


def _grid(loss: Loss, count: int, *, ends: bool = False) -> tuple[Array, Array, Array]:
    """Return predictions, labels and values, each of shape (count, count); `ends` adds columns at the very ends."""
    low, high = (max(loss.domain.y_range[0], -LABEL_REACH), min(loss.domain.y_range[1], LABEL_REACH))
    row = prediction_grid(loss, count)
    if ends and loss.domain.input is Input.PROBABILITY:
        row = np.concatenate([[1e-9], row, [1 - 1e-9]])
    predictions, labels = np.meshgrid(row, np.linspace(low, high, count))
    return predictions, labels, value_and_gradient(loss, predictions, labels)[0]


def _face_colours(shown: Array, beyond: Any, bottom: float, top: float) -> Any:
    share = (shown - bottom) / max(top - bottom, 1e-300)
    colours = matplotlib.colormaps[matplotlib.rcParams["image.cmap"]](share)
    colours[beyond] = (0.75, 0.75, 0.75, 1.0)
    return colours


def _power_of_ten(low: float, high: float) -> int:
    """Return the power of ten to take out of the numbers on an axis, 0 where they are short as they are."""
    size = max(abs(low), abs(high))
    return int(np.floor(np.log10(size))) if size >= 1e4 or 0 < size < 1e-2 else 0


def _padded(bottom: float, top: float) -> tuple[float, float]:
    room = max(top - bottom, 1e-9 * max(1.0, abs(top)))
    return bottom - 0.02 * room, top + 0.02 * room


def _nowhere() -> Any:
    """Return an artist that is not seen but tells the legend that the surface is cut off."""
    from mpl_toolkits.mplot3d.art3d import Line3DCollection  # type: ignore[import-untyped]

    found = Line3DCollection([])
    found.set_label(f"_{BEYOND}")
    return found
