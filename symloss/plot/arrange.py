"""Chooses how the panels of a figure are arranged: the first way in which nothing overlaps, as measured.

A figure may be built in several ways: panels side by side or one below the other, titles with formulas or names alone.
Each is laid out and measured (see `measure`). Where the width alone is given, a figure that is too low grows, up to the
height of a page; where width and height are given, a figure that fits in no way is refused, with the least height that
does.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.figure import Figure

from symloss.errors import OptionError
from symloss.plot.fit import fit_surfaces
from symloss.plot.measure import fault_of, thin_ticks
from symloss.plot.style import figure_size

PAGE_HEIGHT = 9.0
"""Inches of a page that a figure may take where no height is given."""

_GROWTH = (1.0, 1.15, 1.35, 1.6)
_PADS = {"w_pad": 0.03, "h_pad": 0.03, "wspace": 0.03, "hspace": 0.03}
_TENTHS = 10

Build = Callable[[str], Figure]
"""Draws the figure in one of its ways, at a size as `figure_size` takes it."""


def arranged(builds: Sequence[Build], size: str | None, default: str, smallest: int | None = None) -> Figure:
    """Return the figure in the first of several ways that fits.

    Args:
        builds: the ways, the best first.
        size: "single", "double", "W,H" or None, as the user gave it.
        default: the size where none is given.
        smallest: how many ways at the end are those that take the least room; all if None.

    Raises:
        OptionError: it fits in none of them; says what does.
    """
    wanted = size or default
    if "," in wanted:
        return _in_size(builds, wanted, smallest or len(builds))
    high: list[Figure] = []
    faults = []
    for build in builds:
        drawn = build(wanted)
        natural = float(drawn.get_figheight())
        if natural > PAGE_HEIGHT:
            high.append(drawn)
            continue
        for growth in _GROWTH:
            if natural * growth > PAGE_HEIGHT:
                break
            fault = lay_out(drawn, natural * growth)
            if fault is None:
                return drawn
            faults.append(fault)
    for drawn in high:
        fault = lay_out(drawn, PAGE_HEIGHT)
        if fault is None:
            return drawn
        faults.append(fault)
    wider = "" if wanted == "double" else "--size double, "
    raise OptionError(
        f"the figure does not fit on a page {PAGE_HEIGHT:g} in high at the width of --size {wanted} ({faults[-1]}); "
        f"draw fewer losses at a time, or choose {wider}one --kind, or a size of your own: --size WIDTH,HEIGHT"
    )


def lay_out(drawn: Figure, height: float | None = None) -> str | None:
    """Lay a figure out and return what is wrong with it; None where nothing is."""
    if height is not None:
        drawn.set_figheight(height)
    drawn.set_layout_engine("constrained")
    engine: Any = drawn.get_layout_engine()
    engine.set(**_PADS)
    solid: list[Any] = [axes for axes in drawn.axes if axes.name == "3d"]
    for axes in solid:
        axes.set_box_aspect(None, zoom=1)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        engine.execute(drawn)
        thin_ticks(drawn)
    if any("constrained_layout not applied" in str(one.message) for one in said):
        return "its texts leave no room for the panels"
    if solid:
        # How far they are zoomed holds for this layout only.
        drawn.set_layout_engine("none")
        fit_surfaces(drawn)
    return fault_of(drawn)


def _in_size(builds: Sequence[Build], wanted: str, smallest: int) -> Figure:
    width, height = figure_size(wanted, default=wanted, height=1.0)
    made, faults = [], []
    for build in builds:
        drawn = build(wanted)
        fault = lay_out(drawn)
        if fault is None:
            return drawn
        made.append(drawn)
        faults.append(fault)
    least = _least_height(made[-smallest:], height)
    if least is None:
        raise OptionError(
            f"the figure does not fit into {width:g} x {height:g} in ({faults[0]}), and at this width in no height "
            f"up to {PAGE_HEIGHT:g} in; make it wider, or draw fewer losses at a time"
        )
    raise OptionError(
        f"the figure does not fit into {width:g} x {height:g} in ({faults[0]}); the least height at this width is "
        f"{least:g} in: --size {width:g},{least:g}; or draw fewer losses at a time"
    )


def _least_height(made: Sequence[Figure], height: float) -> float | None:
    """Return the least height, in tenths of an inch, at which one of the figures was seen to fit."""
    low, best = math.floor(height * _TENTHS), math.ceil(PAGE_HEIGHT * _TENTHS) + 1
    found = False
    for drawn in made:
        # The next figure is of interest only where it is lower than those before.
        below, fits = low, best - 1
        if fits <= below or lay_out(drawn, fits / _TENTHS) is not None:
            continue
        while fits - below > 1:
            middle = (below + fits) // 2
            if lay_out(drawn, middle / _TENTHS) is None:
                fits = middle
            else:
                below = middle
        best, found = fits, True
    return best / _TENTHS if found else None
