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


def progress_metric(
    history: History,
    axes: Any,
    *,
    name: str = "validation AUC",
    higher_is_better: bool = True,
    adopts: bool = True,
    legend: bool = True,
) -> Any:
    """Draw the validation metric over the loops on `axes` and return them.

    Where copies take the recommender's place (`adopts`) the line is the recommender's metric, loops whose copy did so
    are marked on it, and the others are ticks along the bottom, or hollow points at what their best copy reached where
    that is known. Otherwise each loss was trained from scratch: the points are the best of each loop, the line the
    best so far.

    Args:
        history: see `History`.
        axes: where to draw.
        name: of the metric, on the axis.
        higher_is_better: whether a larger metric is better.
        adopts: whether the search replaces its recommender.
        legend: whether the Axes get a legend.

    Raises:
        OptionError: there is no loop.
    """
    loops, metric = _column(history, "loop"), _column(history, "metric")
    tried = np.array([_number(record.get("tried")) for record in history])
    first, second = line_styles(2)
    if adopts:
        adopted = np.array([bool(record.get("adopted", False)) for record in history])
        line, text, points = metric, "recommender", "rejected: best copy of the loop"
    else:
        adopted = np.zeros(len(loops), bool)
        best = np.fmax if higher_is_better else np.fmin
        line, text, points = best.accumulate(tried), "best so far", "best of the loop"
    axes.plot(loops, line, drawstyle="steps-post", color=first["color"], linestyle="-", label=text)
    if adopted.any():
        _points(axes, loops[adopted], metric[adopted], "^", first["color"], 4, "accepted", first["color"])
    if np.isfinite(tried[~adopted]).any():
        _points(axes, loops[~adopted], tried[~adopted], "o", second["color"], 2.5, points, "none")
    elif adopts and (~adopted).any():
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


def _points(
    axes: Any, x: Array, y: Array, marker: str, colour: Any, size: float, label: str, face: Any
) -> None:
    axes.plot(
        x,
        y,
        marker=marker,
        color=colour,
        markerfacecolor=face,
        markersize=size,
        linestyle="none",
        label=label,
    )


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


def progress_curves(
    history: History,
    axes: Any,
    *,
    name: str = "validation AUC",
    higher_is_better: bool = True,
    adopts: bool = True,
    legend: bool = True,
) -> Any:
    """Draw the progress on one Axes (the metric) or on a pair (metric and counts), and return what was given.

    Args:
        history: see `History`.
        axes: Axes, or two of them.
        name, higher_is_better, adopts: as for `progress_metric`.
        legend: whether the Axes get legends.

    Raises:
        OptionError: there is no loop.
    """
    pair = isinstance(axes, Sequence | np.ndarray)
    first = np.ravel(np.asarray(axes, dtype=object))[0] if pair else axes
    progress_metric(
        history, first, name=name, higher_is_better=higher_is_better, adopts=adopts, legend=legend
    )
    if pair:
        progress_counts(history, np.ravel(np.asarray(axes, dtype=object))[1], legend=legend)
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
