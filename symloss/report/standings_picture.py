"""The tested losses side by side: a test metric with its 95% interval over seeds, a point where there was one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from symloss.report.records import Tested
from symloss.tasks.metric import Metric

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW = 0.24
"""Height of a loss in inches."""


def standings_figure(tested: Sequence[Tested], metric: Metric, labels: str) -> Figure | None:
    """Draw each tested loss as a point with its interval; None where no metric is known.

    Args:
        tested: in the order of the table, which is kept from top to bottom.
        metric: the test metric.
        labels: of the data.
    """
    from symloss.plot.figure import new_figure
    from symloss.plot.formula import cut_text, label_of
    from symloss.plot.style import line_styles, style_context
    from symloss.report.formula_view import loss_of

    rows = [one for one in tested if one.measured(metric.name).mean is not None]
    if not rows:
        return None
    with style_context():
        drawn = new_figure(None, "double", 0.7 + _ROW * len(rows))
        axes = drawn.add_subplot()
        found, handcrafted = (look["color"] for look in line_styles(2))
        names = []
        for place, one in enumerate(rows):
            measured = one.measured(metric.name)
            mean = measured.mean
            assert mean is not None
            low, high = measured.interval or (mean, mean)
            own = not one.role.startswith("baseline")
            axes.errorbar(
                [mean],
                [place],
                xerr=[[mean - low], [high - mean]],
                color=found if own else handcrafted,
                marker="o" if own else "s",
                markersize=4.5,
                # At scale 1 a loss is not tuned: its mark is hollow.
                markerfacecolor="white" if one.role.endswith("scale 1") else None,
                capsize=3,
                linestyle="none",
                linewidth=1.2,
            )
            loss = loss_of(one.loss, one.formula, one.eps, labels)
            label = cut_text(one.loss, 130, 7) if loss is None else label_of(loss, 2.3)
            names.append(f"{label}, \N{MULTIPLICATION SIGN} {one.scale:g}")
        axes.set_yticks(range(len(rows)), names)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.grid(axis="x", linewidth=0.4, color="0.85")
        axes.set_axisbelow(True)
        axes.margins(x=0.06)
        axes.set_xlabel(f"test {metric.title}, mean and 95% interval over seeds")
    return drawn
