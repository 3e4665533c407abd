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
from symloss.plot.measure import fault_of, layout_held, lowest_panel, solids_hidden, thin_ticks
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
    ways = _Ways(builds, size or default, smallest or len(builds))
    found = ways.first_that_fits()
    if found is None:
        raise OptionError(ways.refusal())
    return found


def lay_out(drawn: Figure, height: float | None = None, *, trial: bool = False) -> str | None:
    """Lay a figure out and return what is wrong with it; None where nothing is.

    Args:
        drawn: the figure.
        height: in inches; None keeps the height it has.
        trial: only look for faults that show at once, before surfaces are fitted.
    """
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
    with layout_held(drawn), solids_hidden(drawn):
        fault = fault_of(drawn)
    if trial or fault is not None:
        return fault
    if solid:
        # How far they are zoomed holds for this layout only.
        drawn.set_layout_engine("none")
        fit_surfaces(drawn)
    return fault_of(drawn)


class _Ways:
    """The ways of a figure, each built once and tried in the heights that it may take."""

    def __init__(self, builds: Sequence[Build], wanted: str, smallest: int) -> None:
        self._builds = builds
        self._wanted = wanted
        self._fixed = "," in wanted
        self._smallest = smallest
        self._figures: dict[int, Figure] = {}
        self._faults: dict[int, str | None] = {}

    def first_that_fits(self) -> Figure | None:
        """Return the best figure that fits, or None."""
        high = []
        for number in range(len(self._builds)):
            if number and self._hopeless(number):
                continue
            if not self._fixed and self._figure(number).get_figheight() > PAGE_HEIGHT:
                high.append(number)
            elif self._fault(number) is None:
                return self._figure(number)
        for number in high:
            if self._fault(number) is None:
                return self._figure(number)
        return None

    def refusal(self) -> str:
        """Return why no way fits, and what would."""
        last = len(self._builds) - self._smallest
        if not self._fixed:
            wider = "" if self._wanted == "double" else "--size double, "
            return (
                f"the figure does not fit on a page {PAGE_HEIGHT:g} in high at the width of --size {self._wanted} "
                f"({self._fault(last)}); draw fewer losses at a time, or choose {wider}one --kind, "
                "or a size of your own: --size WIDTH,HEIGHT"
            )
        width, height = figure_size(self._wanted, default=self._wanted, height=1.0)
        least = None
        for number in range(last, len(self._builds)):
            # The next way is of interest only where it is lower than those before.
            least = self._least_height(number, height, least) or least
        told = f"the figure does not fit into {width:g} x {height:g} in ({self._fault(0)})"
        if least is None:
            return (
                f"{told}, and at this width in no height up to {PAGE_HEIGHT:g} in; make it wider, "
                "or draw fewer losses at a time"
            )
        return (
            f"{told}; the least height at this width is {least:g} in: --size {width:g},{least:g}; "
            "or draw fewer losses at a time"
        )

    def _least_height(self, number: int, above: float, below: float | None) -> float | None:
        """Return the least height, in tenths of an inch, at which a way was seen to fit, drawn anew in it."""
        most = round(below * _TENTHS) - 1 if below else math.floor(PAGE_HEIGHT * _TENTHS)
        tenths = _least_tenths(self._figure(number), math.floor(above * _TENTHS), most)
        width = self._wanted.partition(",")[0]
        if tenths is None:
            return None
        for least in (one / _TENTHS for one in range(tenths, min(tenths + _TENTHS, most + 1))):
            if lay_out(self._builds[number](f"{width},{least:g}")) is None:
                return least
        return None

    def _hopeless(self, number: int) -> bool:
        """Return whether a way need not be tried: what takes the least room of the same arrangement fits nowhere."""
        smallest = len(self._builds) - self._smallest + number % self._smallest
        return smallest != number and self._fault(smallest) is not None

    def _figure(self, number: int) -> Figure:
        if number not in self._figures:
            self._figures[number] = self._builds[number](self._wanted)
        return self._figures[number]

    def _fault(self, number: int) -> str | None:
        """Return what is wrong with a way in all heights; where nothing is, it is laid out in the first that fits."""
        if number not in self._faults:
            self._faults[number] = self._tried(self._figure(number))
        return self._faults[number]

    def _tried(self, drawn: Figure) -> str | None:
        if self._fixed:
            return lay_out(drawn)
        natural = float(drawn.get_figheight())
        first, *more = [natural * growth for growth in _GROWTH if natural * growth <= PAGE_HEIGHT] or [
            PAGE_HEIGHT
        ]
        fault = lay_out(drawn, first)
        if fault is None or not more:
            return fault
        # What fits in no height does not fit in the greatest.
        fault = lay_out(drawn, more[-1], trial=True)
        for height in more if fault is None else ():
            fault = lay_out(drawn, height)
            if fault is None:
                return None
        return fault


def _least_tenths(drawn: Figure, below: int, most: int) -> int | None:
    """Return about the least height above `below` and up to `most` at which a figure fits, in tenths of an inch.

    The height that the panels can spare says where to look; from there the steps double until it is passed.
    """
    # Whether the labels of a surface have room shows only where it is fitted.
    trial = all(axes.name != "3d" for axes in drawn.axes)
    if most <= below or lay_out(drawn, most / _TENTHS, trial=trial) is not None:
        return None
    spare, rows = lowest_panel(drawn)
    low, high, step = below, most, 1
    guess = math.ceil(most - spare * rows * _TENTHS)
    while high - low > 1:
        middle = min(max(guess, low + 1), high - 1)
        if lay_out(drawn, middle / _TENTHS, trial=trial) is None:
            high, guess = middle, middle - step
        else:
            low, guess = middle, middle + step
        step *= 2
        if below < low and high < most:
            guess = (low + high) // 2
    return high
