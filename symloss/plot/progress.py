"""The progress of a search: the recommender's validation metric over loops, and what became of sampled losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symloss.errors import OptionError
from symloss.plot.sample import Array
from symloss.plot.style import line_styles

History = Sequence[Mapping[str, Any]]
"""One record a loop: `loop`, `seconds` since the search began, `metric` of the recommender after the loop, `adopted`
(whether a copy took its place), and so far, in total, `sampled`, `trained`, `zero_gradient`, `duplicate` and
`wrong_direction`. A record may lack counts; those are not drawn. `tried`, the metric of the best copy of the loop, is
drawn where it is given."""

COUNTS = {
    "sampled": "sampled",
    "zero_gradient": "dropped: zero gradient",
    "wrong_direction": "dropped: wrong direction",
    "duplicate": "dropped: duplicate",
    "trained": "trained",
}
"""Counts that are drawn, and what the legend calls them."""


def progress_metric(history: History, axes: Any, *, name: str = "validation AUC", legend: bool = True) -> Any:
    """Draw the recommender's validation metric over the loops on `axes` and return them.

    Loops whose copy took the recommender's place are marked on the line; the others are ticks along the bottom, or
    hollow points at what their best copy reached where that is known.

    Args:
        history: see `History`.
        axes: where to draw.
        name: of the metric, on the axis.
        legend: whether the Axes get a legend.

    Raises:
        OptionError: there is no loop.
    """
    loops, metric = _column(history, "loop"), _column(history, "metric")
    adopted = np.array([bool(record.get("adopted", False)) for record in history])
    first, second = line_styles(2)
    axes.plot(loops, metric, drawstyle="steps-post", color=first["color"], linestyle="-", label="recommender")
    axes.plot(
        loops[adopted],
        metric[adopted],
        "^",
        color=first["color"],
        markersize=4,
        linestyle="none",
        label="accepted",
    )
    tried = np.array([_number(record.get("tried")) for record in history])
    if np.isfinite(tried[~adopted]).any():
        axes.plot(
            loops[~adopted],
            tried[~adopted],
            "o",
            markerfacecolor="none",
            markeredgecolor=second["color"],
            markersize=2.5,
            linestyle="none",
            label="rejected: best copy of the loop",
        )
    elif (~adopted).any():
        axes.plot(
            loops[~adopted],
            np.full(int((~adopted).sum()), 0.02),
            "|",
            color=second["color"],
            markersize=5,
            linestyle="none",
            transform=axes.get_xaxis_transform(),
            label="rejected",
        )
    axes.margins(x=0.02, y=0.12)
    _whole_numbers(axes)
    axes.set_xlabel("loop")
    axes.set_ylabel(name)
    if legend:
        axes.legend(fontsize="x-small")
    return axes


def progress_counts(history: History, axes: Any, *, legend: bool = True) -> Any:
    """Draw how many losses were sampled, dropped for each reason and trained over time, and return the Axes.

    Args:
        history: see `History`.
        axes: where to draw.
        legend: whether the Axes get a legend.

    Raises:
        OptionError: there is no loop.
    """
    seconds = _column(history, "seconds")
    present = [key for key in COUNTS if any(record.get(key) is not None for record in history)]
    smallest, largest = np.inf, 1.0
    for key, look in zip(present, line_styles(len(present)), strict=True):
        numbers = np.array([_number(record.get(key)) for record in history])
        if not np.nanmax(numbers, initial=0) > 0:
            continue
        smallest = min(smallest, float(np.nanmin(numbers[numbers > 0])))
        largest = max(largest, float(np.nanmax(numbers)))
        # A count of nothing has no place on a logarithmic axis.
        axes.plot(seconds, np.where(numbers > 0, numbers, np.nan), label=COUNTS[key], **look)
    axes.set_yscale("log")
    axes.set_ylim(0.6 * min(smallest, largest), 2 * largest)
    axes.set_xlabel("seconds")
    axes.set_ylabel("losses so far")
    axes.margins(x=0.02)
    if legend:
        axes.legend(fontsize="x-small")
    return axes


def progress_curves(history: History, axes: Any, *, name: str = "validation AUC", legend: bool = True) -> Any:
    """Draw the progress on one Axes (the metric) or on a pair (metric and counts), and return what was given.

    Args:
        history: see `History`.
        axes: Axes, or two of them.
        name: of the metric, on the axis.
        legend: whether the Axes get legends.

    Raises:
        OptionError: there is no loop.
    """
    if isinstance(axes, Sequence | np.ndarray):
        first, second = np.ravel(np.asarray(axes, dtype=object))[:2]
        progress_metric(history, first, name=name, legend=legend)
        progress_counts(history, second, legend=legend)
    else:
        progress_metric(history, axes, name=name, legend=legend)
    return axes


def _column(history: History, key: str) -> Array:
    if not len(history):
        raise OptionError("the search has done no loop yet; there is nothing to draw")
    return np.array([_number(record.get(key)) for record in history])


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _whole_numbers(axes: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
