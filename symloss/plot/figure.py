"""Whole figures of losses: panels, titles and one legend for all, at the width of a column or of a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from symloss.errors import OptionError, unknown_name
from symloss.loss import Loss
from symloss.plot import marks
from symloss.plot.arrange import Build, arranged
from symloss.plot.comparison import comparison
from symloss.plot.consistency import consistency
from symloss.plot.curves import curves, gradients, logit_gradients
from symloss.plot.facts import Facts, facts_of
from symloss.plot.formula import checked_losses, title_of
from symloss.plot.measure import MeasuredCanvas
from symloss.plot.style import DOUBLE, SINGLE, figure_size, style_context
from symloss.plot.surface import contour, surface, surface_entries

PANELS = ("surface", "contour", "curves", "gradients", "logit")
"""Kinds that draw one loss a panel."""

JOINT = ("compare", "consistency")
"""Kinds that draw all losses in one picture."""

ALL = ("surface", "curves", "gradients")
"""What `kind="all"` draws side by side."""

LOSS_KINDS = (*PANELS, *JOINT, "all")

WIDE = (DOUBLE + SINGLE) / 2
"""Inches from which a figure counts as one of two columns."""

_COMPARED_HEIGHT = 1.75
_PANEL_HEIGHT = {"surface": 2.1, "contour": 1.75, "curves": 1.75, "gradients": 1.75, "logit": 1.75}
_LINE = 0.16
"""Height of a line of text in inches."""


def figure(
    losses: Sequence[Loss],
    *,
    kind: str = "all",
    size: str | None = None,
    style: str | None = None,
    normalise: str = "mean",
    time_limit: float = 0.5,
) -> Figure:
    """Draw losses as a figure that is ready for a paper.

    Args:
        losses: at least one.
        kind: "surface", "contour", "curves", "gradients", "logit" (a panel a loss); "all" (surface, curves and
            gradients, a row a loss); "compare" or "consistency" (all losses in one picture).
        size: "single" or "double" for the width of one or two columns, or "W,H" in inches. None: one column for
            one panel, else two.
        style: a style sheet on top of the default look: one of matplotlib's names, or a file.
        normalise: of "compare": "mean", "middle" or "none".
        time_limit: seconds for the proofs of each loss; 0 draws none.

    Raises:
        OptionError: the kind, size or style is not one of these, there is no loss, or the figure does not fit.
    """
    if kind not in LOSS_KINDS:
        raise OptionError(unknown_name("kind of plot", kind, LOSS_KINDS, "--kind takes one of these"))
    checked_losses(losses)
    with style_context(style):
        if kind == "compare":
            return _comparison_figure(losses, size, normalise)
        if kind == "consistency":
            return _consistency_figure(losses, size)
        return _panels(losses, ALL if kind == "all" else (kind,), size, time_limit)


def new_figure(size: str | None, default: str, height: float) -> Figure:
    """Return an empty figure whose layout keeps texts apart; see `figure_size` for the size."""
    drawn = Figure(figsize=figure_size(size, default=default, height=height), layout="constrained")
    MeasuredCanvas(drawn)
    engine: Any = drawn.get_layout_engine()
    engine.set(w_pad=0.03, h_pad=0.03, wspace=0.03, hspace=0.03)
    return drawn


def legend_below(drawn: Any, entries: Sequence[dict[str, Any]], size: str | None) -> None:
    """Put one legend for several Axes below them all, in as many columns as fit; the figure grows by its height.

    A figure with a height of its own (`size` is "W,H") stays as it is.
    """
    joined: dict[str, Any] = {}
    for found in entries:
        for text, handle in found.items():
            joined.setdefault(text, handle)
    if joined:
        columns = legend_columns(list(joined), float(drawn.get_figwidth()))
        drawn.legend(
            list(joined.values()), list(joined), loc="outside lower center", ncols=columns, columnspacing=1.2
        )
        if "," not in (size or ""):
            drawn.set_figheight(drawn.get_figheight() + 0.06 + _LINE * -(-len(joined) // columns))


def legend_columns(texts: Sequence[str], width: float) -> int:
    """Return how many columns of a legend fit into `width` inches."""
    import matplotlib
    from matplotlib.font_manager import FontProperties

    from symloss.plot.formula import POINTS_PER_INCH, width_of

    size = FontProperties(size=matplotlib.rcParams["legend.fontsize"]).get_size_in_points()
    widest = max(width_of(text, size) or 0.0 for text in texts)
    # Handle, gap to the text and gap to the next column, in units of the font size.
    column = widest + (matplotlib.rcParams["legend.handlelength"] + 0.8 + 1.2) * size
    return max(1, min(len(texts), int((width * POINTS_PER_INCH - size) / column)))


def _panels(losses: Sequence[Loss], kinds: Sequence[str], size: str | None, time_limit: float) -> Figure:
    """Draw each loss in a block of its own: a title above one panel a kind."""
    several = len(losses) > 1 or len(kinds) > 1
    default = "double" if several else "single"
    wide = figure_size(size, default=default, height=1.0)[0] >= WIDE
    # One kind: blocks side by side. Several: side by side within a block, or one below the other on a narrow page.
    if len(kinds) == 1:
        ways = [(count, "row") for count in ((2, 3, 4, 1) if wide else (1, 2, 3)) if count <= len(losses)]
    else:
        ways = [(1, shape) for shape in (("row", "grid") if wide else ("column", "grid", "row"))]
    proofs = time_limit > 0 and needs_facts(kinds)
    known = [facts_of(loss, time_limit=time_limit) if proofs else {} for loss in losses]

    def way(across: int, shape: str, *, formula: bool = True, strips: bool = True) -> Build:
        shown: Sequence[Facts] = known if strips else [{} for _ in losses]
        return lambda wanted: _blocks(losses, kinds, shown, wanted, across, shape, formula=formula)

    builds = [way(*one) for one in ways]
    if any(loss.name is not None for loss in losses):
        # The name alone takes less room than the formula,
        builds += [way(*one, formula=False) for one in ways]
    if proofs:
        # and so do curves without what is proved of them.
        builds += [way(*one, formula=False, strips=False) for one in ways]
    return arranged(builds, size, default, smallest=len(ways))


def _blocks(
    losses: Sequence[Loss],
    kinds: Sequence[str],
    known: Sequence[Facts],
    size: str,
    across: int,
    shape: str,
    *,
    formula: bool,
) -> Figure:
    """Draw the losses, `across` of them side by side, the panels of each as `shape` says."""
    width = figure_size(size, default=size, height=1.0)[0]
    rows = -(-len(losses) // across)
    titles = [title_of(loss, width / across - 0.15, formula=formula) for loss in losses]
    panels = max(_PANEL_HEIGHT[kind] for kind in kinds) * {"row": 1, "grid": 2, "column": len(kinds)}[shape]
    tallest = [max(titles[row * across : (row + 1) * across], key=_title_height) for row in range(rows)]
    heights = [panels + _title_height(title) for title in tallest]
    drawn = new_figure(size, size, sum(heights))
    blocks = drawn.subfigures(rows, across, squeeze=False, height_ratios=heights)
    entries = []
    for number, (loss, title) in enumerate(zip(losses, titles, strict=True)):
        block = blocks[number // across, number % across]
        block.suptitle(title)
        for kind, place in zip(kinds, _places(block, len(kinds), shape), strict=True):
            axes = block.add_subplot(place, projection="3d" if kind == "surface" else None)
            entries.append(_panel(loss, kind, axes, known[number]))
    legend_below(drawn, entries, size)
    return drawn


def _places(block: Any, count: int, shape: str) -> list[Any]:
    """Return where the panels of a block go; in a grid the first takes the whole of the upper row."""
    if shape == "grid":
        cells = block.add_gridspec(2, count - 1)
        return [cells[0, :], *(cells[1, k] for k in range(count - 1))]
    cells = block.add_gridspec(1, count) if shape == "row" else block.add_gridspec(count, 1)
    return [cells[k] for k in range(count)]


def needs_facts(kinds: Sequence[str]) -> bool:
    """Return whether one of the kinds shows proofs."""
    return any(kind in ("curves", "gradients", "logit") for kind in kinds)


def _title_height(title: str) -> float:
    """Return the height of a title in inches; fractions take two lines."""
    return sum(_LINE * (2.4 if r"frac" in line else 1.1) for line in title.split("\n"))


def _panel(loss: Loss, kind: str, axes: Any, known: Facts) -> dict[str, Any]:
    """Draw one panel and return its entries of the legend."""
    if kind == "surface":
        surface(loss, axes, legend=False)
        return surface_entries(axes)
    if kind == "contour":
        contour(loss, axes)
        return {}
    draw = {"curves": curves, "gradients": gradients, "logit": logit_gradients}[kind]
    return marks.legend_entries(draw(loss, axes, facts=known, legend=False))


def _comparison_figure(losses: Sequence[Loss], size: str | None, normalise: str) -> Figure:
    """Draw f and its gradient for y = 0 and for y = 1."""
    wide = figure_size(size, default="double", height=1.0)[0] >= WIDE

    def way(across: int) -> Build:
        return lambda wanted: _compared(losses, wanted, normalise, across)

    return arranged([way(across) for across in ((2, 4, 1) if wide else (2, 1))], size, "double")


def _compared(losses: Sequence[Loss], size: str, normalise: str, across: int) -> Figure:
    drawn = new_figure(size, size, _COMPARED_HEIGHT * 4 / across)
    entries = []
    places = [(quantity, label) for quantity in ("value", "gradient") for label in (0, 1)]
    for number, (quantity, label) in enumerate(places):
        axes = drawn.add_subplot(4 // across, across, number + 1)
        comparison(losses, axes, label=label, quantity=quantity, normalise=normalise, legend=False)
        axes.set_title(f"$y = {label}$")
        if across == 2:
            # A row has one quantity and a column one label: what the neighbour says is not said again.
            if label == 1:
                axes.set_ylabel("")
            if quantity == "value":
                axes.set_xlabel("")
        entries.append(marks.legend_entries(axes))
    legend_below(drawn, entries, size)
    return drawn


def _consistency_figure(losses: Sequence[Loss], size: str | None) -> Figure:
    def build(wanted: str) -> Figure:
        drawn = new_figure(wanted, wanted, 3.1)
        axes = drawn.add_subplot()
        consistency(losses, axes, legend=False, width=drawn.get_figwidth() - 0.8)
        axes.set_aspect("equal")
        legend_below(drawn, [marks.legend_entries(axes)], wanted)
        return drawn

    return arranged([build], size, "single")
