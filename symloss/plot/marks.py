"""Marks on curves: where a line leaves the axis, breakpoints, witnesses, and the strip of proved signs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
from matplotlib import markers
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from symloss.plot.facts import Facts, Sign
from symloss.plot.sample import Array, display_limits
from symloss.plot.style import scientific_ticks

STRIP_HEIGHT = 0.068
"""Of one label, as a share of the axis; the curves stay above the strips."""

CARETUP, CARETDOWN = cast(Any, markers.CARETUP), cast(Any, markers.CARETDOWN)
"""Triangles with the tip at the point."""

MARGIN = 0.05
"""Between the curves and the frame, as a share of their range."""

_LOOKS: dict[Sign, dict[str, Any]] = {
    Sign.RIGHT: {"facecolor": "#56B4E9", "edgecolor": "#0072B2", "hatch": ""},
    Sign.WRONG: {"facecolor": "#E69F00", "edgecolor": "black", "hatch": "//////"},
    Sign.ZERO: {"facecolor": "0.9", "edgecolor": "0.4", "hatch": ""},
    Sign.UNDEFINED: {"facecolor": "0.35", "edgecolor": "0.35", "hatch": ""},
    Sign.OPEN: {"facecolor": "white", "edgecolor": "0.4", "hatch": "....."},
}
"""Colours and hatches that differ in grey as well."""

BEYOND = "goes on beyond the axis"
BREAKPOINT = "breakpoint"
WITNESS = "witness of a wrong sign"


def set_limits(
    axes: Any, values: Array, *, strips: int = 0, tight: Array | None = None
) -> tuple[float, float]:
    """Set the vertical limits, with room for strips at the bottom; return the range that curves may fill.

    Args:
        axes: where.
        values: all values of the even part of the grid, which set the limits.
        strips: how many strips of signs will be drawn.
        tight: values that must be inside where they are not far beyond the rest.
    """
    bottom, top = display_limits(values if tight is None else np.concatenate([values, tight]))
    if top - bottom < 1e-9 * max(1.0, abs(top)):
        half = 0.5 * max(1.0, abs(top))
        bottom, top = bottom - half, top + half
    room = top - bottom
    share = strips * STRIP_HEIGHT
    height = room * (1 + 2 * MARGIN) / (1 - share)
    axes.set_ylim(top + MARGIN * room - height, top + MARGIN * room)
    axes.yaxis.set_major_locator(_TicksAbove(bottom - MARGIN * room))
    scientific_ticks(axes.yaxis.get_major_formatter(), bottom, top)
    return bottom - MARGIN * room, top + MARGIN * room


class _TicksAbove(MaxNLocator):
    """Ticks where curves can be, none beside the strips."""

    def __init__(self, lowest: float) -> None:
        super().__init__("auto", steps=[1, 2, 2.5, 5, 10])
        self.lowest = lowest

    def tick_values(self, vmin: float, vmax: float) -> Any:
        ticks = np.asarray(super().tick_values(vmin, vmax))
        return ticks[ticks >= self.lowest]


def line(axes: Any, x: Array, values: Array, limits: tuple[float, float], **look: Any) -> None:
    """Draw a curve up to the limits and mark each place where it goes on beyond them."""
    low, high = limits
    with np.errstate(invalid="ignore"):
        shown = np.where(np.isfinite(values), values, np.nan)
        above, below = values > high, values < low
    shown = np.where(above | below, np.nan, shown)
    xs, ys, marks = [x], [shown], []
    # Where a line leaves the range it is drawn to the very edge.
    for over, edge, marker in ((above, high, CARETUP), (below, low, CARETDOWN)):
        for index in np.flatnonzero(over[1:] != over[:-1]):
            inside, outside = (index, index + 1) if over[index + 1] else (index + 1, index)
            if not np.isfinite(shown[inside]):
                continue
            step = values[outside] - values[inside]
            share = (edge - values[inside]) / step if np.isfinite(step) and step != 0 else 1.0
            place = x[inside] + share * (x[outside] - x[inside])
            xs.append(np.array([place]))
            ys.append(np.array([edge]))
            marks.append((place, edge, marker))
    order = np.argsort(np.concatenate([_filled(x), *xs[1:]]), kind="stable")
    axes.plot(np.concatenate(xs)[order], np.concatenate(ys)[order], **look)
    colour = axes.lines[-1].get_color()
    for place, edge, marker in marks:
        axes.plot(
            [place],
            [edge],
            marker=marker,
            linestyle="none",
            color=colour,
            markersize=5,
            clip_on=False,
            zorder=5,
            label=f"_{BEYOND}",
        )


def _filled(x: Array) -> Array:
    """Return x with each NaN at the middle of its neighbours, for sorting."""
    known = np.isfinite(x)
    return np.asarray(np.interp(np.arange(len(x)), np.flatnonzero(known), x[known]))


def breakpoints(
    axes: Any, facts: Facts, looks: Sequence[dict[str, Any]], place: Callable[[float], float], strips: int
) -> None:
    """Draw a short tick above the strips at every breakpoint, in the colour of its label."""
    for number, known in enumerate(facts.values()):
        for point in known.breakpoints:
            start = strips * STRIP_HEIGHT
            axes.plot(
                [place(point)] * 2,
                [start, start + 0.06],
                color=looks[number]["color"],
                linestyle="-",
                linewidth=1.4,
                transform=axes.get_xaxis_transform(),
                label=f"_{BREAKPOINT}",
                zorder=4,
            )


def witnesses(axes: Any, points: Sequence[tuple[float, float]], limits: tuple[float, float]) -> None:
    """Mark points (x, value) on a curve as witnesses; one beyond the limits is marked at the edge."""
    for x, value in points:
        axes.plot(
            [x],
            [min(max(value, limits[0]), limits[1])],
            "X",
            color="black",
            markersize=5.5,
            markeredgecolor="white",
            markeredgewidth=0.5,
            zorder=6,
            label=f"_{WITNESS}",
        )


def strips(axes: Any, facts: Facts, labels: Sequence[float], place: Callable[[float], float]) -> None:
    """Draw along the bottom, for each label, what is proved of the sign of its gradient."""
    count = len(labels)
    low, high = axes.get_xlim()
    for row, label in enumerate(labels):
        bottom = (count - 1 - row) * STRIP_HEIGHT
        known = facts.get(label)
        cells = known.cells if known is not None else ()
        parts = [(place(cell.low), place(cell.high), cell.sign) for cell in cells] or [(low, high, Sign.OPEN)]
        for start, end, sign in parts:
            start, end = max(start, low), min(end, high)
            if end > start:
                patch = Rectangle(
                    (start, bottom + 0.08 * STRIP_HEIGHT),
                    end - start,
                    0.84 * STRIP_HEIGHT,
                    transform=axes.get_xaxis_transform(),
                    linewidth=0.4,
                    zorder=3,
                    label=f"_{sign.value}",
                    **_LOOKS[sign],
                )
                axes.add_patch(patch)
        axes.annotate(
            f"$y={label:g}$",
            (1.015, bottom + STRIP_HEIGHT / 2),
            xycoords="axes fraction",
            ha="left",
            va="center",
            fontsize="x-small",
            annotation_clip=False,
        )


def legend_entries(axes: Any) -> dict[str, Any]:
    """Return what a legend of these Axes holds, by text: lines first, then the marks that occur."""
    from matplotlib.lines import Line2D

    found: dict[str, Any] = {}
    handles, texts = axes.get_legend_handles_labels()
    for handle, text in zip(handles, texts, strict=True):
        found.setdefault(text, handle)
    used = {artist.get_label() for artist in (*axes.lines, *axes.patches)}
    for sign, look in _LOOKS.items():
        if f"_{sign.value}" in used:
            found[sign.value] = Rectangle((0, 0), 1, 1, linewidth=0.4, **look)
    grey: dict[str, Any] = {"color": "0.3", "linestyle": "none"}
    if f"_{BREAKPOINT}" in used:
        found[BREAKPOINT] = Line2D([], [], marker="|", markersize=6, markeredgewidth=1.4, **grey)
    if f"_{WITNESS}" in used:
        found[WITNESS] = Line2D([], [], marker="X", markersize=5.5, **(grey | {"color": "black"}))
    if f"_{BEYOND}" in used:
        found[BEYOND] = Line2D([], [], marker=CARETUP, markersize=5, **grey)
    return found


def add_legend(axes: Any) -> None:
    """Give the Axes a legend of their own, where it covers least."""
    entries = legend_entries(axes)
    axes.legend(list(entries.values()), list(entries), fontsize="x-small")
