"""Whole figures of trained models and of searches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from symloss.errors import OptionError
from symloss.plot import marks
from symloss.plot.arrange import Build, arranged
from symloss.plot.figure import WIDE, legend_below, new_figure
from symloss.plot.formula import cut_text
from symloss.plot.landscape import Landscape, landscape
from symloss.plot.progress import History, progress_curves
from symloss.plot.reliability import Reliability, prediction_histogram, reliability
from symloss.plot.style import figure_size, style_context

TRAINED = ("reliability", "landscape")
"""Kinds that train a model by each loss."""

KINDS = (*TRAINED, "progress")


def reliability_figure(
    found: Mapping[str, Reliability], *, title: str = "", size: str | None = None, style: str | None = None
) -> Figure:
    """Draw the reliability of one or more models, and below how their predictions are spread.

    Args:
        found: results of `reliability_bins` by what the legend calls them.
        title: above the picture.
        size: see `symloss.plot.figure`; one column if None.
        style: likewise.

    Raises:
        OptionError: there is no model, or the size or style is not known.
    """
    if not found:
        raise OptionError("there is no model to draw; give at least one")

    def build(wanted: str) -> Figure:
        drawn = new_figure(wanted, wanted, 3.6)
        upper, lower = drawn.subplots(2, 1, height_ratios=[3.2, 1], sharex=True)
        for number, (label, bins) in enumerate(found.items()):
            reliability(bins, upper, label=label, legend=False, number=number)
            prediction_histogram(bins, lower, number=number)
        upper.set_xlabel("")
        lower.set_xlabel("predicted probability")
        if title:
            upper.set_title(cut_text(title, (drawn.get_figwidth() - 0.8) * 72, 8.0))
        legend_below(drawn, [marks.legend_entries(upper)], wanted)
        return drawn

    with style_context(style):
        return arranged([build], size, "single")


def landscape_figure(
    found: Mapping[str, Landscape], *, size: str | None = None, style: str | None = None
) -> Figure:
    """Draw the loss landscapes of one or more models side by side.

    Args:
        found: results of `landscape_grid` by their titles.
        size: see `symloss.plot.figure`; one column for one landscape, else two.
        style: likewise.

    Raises:
        OptionError: there is no landscape, or the size or style is not known.
    """
    if not found:
        raise OptionError("there is no landscape to draw; give at least one")
    default = "single" if len(found) == 1 else "double"

    def way(across: int) -> Build:
        return lambda wanted: _landscapes(found, wanted, across)

    with style_context(style):
        wide = figure_size(size, default=default, height=1.0)[0] >= WIDE
        counts = [count for count in ((2, 3, 1) if wide else (1, 2, 3)) if count <= len(found)]
        return arranged([way(count) for count in counts], size, default)


def _landscapes(found: Mapping[str, Landscape], size: str, across: int) -> Figure:
    rows = -(-len(found) // across)
    drawn = new_figure(size, size, 2.7 * rows)
    width = float(drawn.get_figwidth())
    entries = []
    for number, (title, grid) in enumerate(found.items(), start=1):
        axes = drawn.add_subplot(rows, across, number)
        landscape(grid, axes)
        axes.set_title(cut_text(title, (width / across - 0.9) * 72, 8.0) if "$" not in title else title)
        entries.append(marks.legend_entries(axes))
    legend_below(drawn, entries, size)
    return drawn


def progress_figure(
    history: History,
    *,
    name: str = "validation AUC",
    higher_is_better: bool = True,
    adopts: bool = True,
    title: str = "",
    size: str | None = None,
    style: str | None = None,
) -> Figure:
    """Draw the progress of a search: the validation metric over loops, and the fate of losses over time.

    Args:
        history: see `symloss.plot.progress.History`.
        name, higher_is_better, adopts: as for `progress_metric`.
        title: above the picture.
        size: see `symloss.plot.figure`; two columns if None.
        style: likewise.

    Raises:
        OptionError: there is no loop, or the size or style is not known.
    """

    def way(side_by_side: bool) -> Build:
        def build(wanted: str) -> Figure:
            drawn = new_figure(wanted, wanted, 2.1 if side_by_side else 3.6)
            panels: Any = drawn.subplots(1, 2) if side_by_side else drawn.subplots(2, 1)
            progress_curves(
                history, panels, name=name, higher_is_better=higher_is_better, adopts=adopts, legend=False
            )
            if title:
                drawn.suptitle(cut_text(title, (float(drawn.get_figwidth()) - 0.3) * 72, 8.0))
            legend_below(drawn, [_entries(axes) for axes in panels], wanted)
            return drawn

        return build

    with style_context(style):
        wide = figure_size(size, default="double", height=1.0)[0] >= WIDE
        return arranged([way(wide), way(not wide)], size, "double")


def _entries(axes: Any) -> dict[str, Any]:
    handles, texts = axes.get_legend_handles_labels()
    return dict(zip(texts, handles, strict=True))
