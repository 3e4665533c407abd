"""The pictures of a report: each with a caption and a text that stands for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from symloss.loss import Loss
from symloss.report.facts import Facts
from symloss.report.formula_view import loss_of
from symloss.report.svg import inline_svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_LOSSES = 4
"""Losses in the picture that compares them."""

PROOF_SECONDS = 0.5


@dataclass(frozen=True)
class Picture:
    """A picture on the page.

    Attributes:
        key: its id.
        svg: the element.
        caption: what it shows and how to read it.
    """

    key: str
    svg: str
    caption: str


def pictures(facts: Facts) -> tuple[list[Picture], list[str]]:
    """Draw what a run holds.

    Returns:
        The pictures, and sentences about those that could not be drawn.
    """
    made: list[Picture] = []
    failed: list[str] = []
    for key, title, draw, caption in _planned(facts):
        try:
            drawn = draw()
            if drawn is not None:
                made.append(Picture(key, inline_svg(drawn, key, title), caption))
        except Exception as error:
            # A picture is a comment on the numbers: the report is written without it, and says so.
            failed.append(f"The picture “{title}” could not be drawn ({type(error).__name__}: {error}).")
    return made, failed


def best_losses(facts: Facts) -> tuple[Loss | None, list[Loss]]:
    """Return the best loss, and with it the next best ones and the best handcrafted one, each at its eps."""
    rows = [(one.loss, one.formula, one.eps) for one in facts.tested if one.role in ("winner", "found")]
    if facts.contest is not None:
        rows += [(one.loss, one.formula, one.eps) for one in facts.contest.finalists if not one.baseline]
    rows += [(one.formula, one.formula, one.eps) for one in facts.ranked]
    losses: list[Loss] = []
    for name, formula, eps in rows:
        loss = loss_of(name, formula, eps, facts.labels)
        if loss is not None and all(loss.formula != other.formula for other in losses):
            losses.append(loss)
        if len(losses) == MOST_LOSSES - 1:
            break
    named = facts.baselines[:1]
    known = [loss_of(one.loss, one.formula, one.eps, facts.labels) for one in named]
    return (losses[0] if losses else None), [*losses, *(loss for loss in known if loss is not None)]


def _planned(facts: Facts) -> list[tuple[str, str, Callable[[], Figure | None], str]]:
    """Return for each picture its id, its title, how to draw it, and its caption."""
    best, losses = best_losses(facts)
    planned: list[tuple[str, str, Callable[[], Figure | None], str]] = []
    name = facts.watched.title
    if facts.tested:
        planned.append(
            (
                "p-standings",
                f"Test {name} of the best losses and of handcrafted ones",
                lambda: _standings(facts),
                "Round: the loss found; square: handcrafted losses; hollow: at scale 1. Bars are 95% intervals of the "
                "mean over seeds, where there were several; they do not tell how sure the test part is.",
            )
        )
    if best is not None:
        first = best
        planned.append(
            (
                "p-best",
                f"The best loss, {first}: its surface, its values and its gradient for each label",
                lambda: _figure([first], "all"),
                "The best loss over prediction and label, its values, and its gradient by the prediction. "
                "The strips tell what is proved of the gradient's sign.",
            )
        )
    if len(losses) > 1:
        planned.append(
            (
                "p-compare",
                "The best losses and the best handcrafted one: values and gradients",
                lambda: _figure(losses, "compare"),
                "Each loss is scaled to a mean gradient of 1, so that shapes are compared, not sizes.",
            )
        )
        planned.append(
            (
                "p-consistency",
                "The prediction that each of these losses wants, against the share of positives",
                lambda: _figure(losses, "consistency"),
                "What a loss asks for where a share p of the labels is positive. A loss on the diagonal wants the "
                "probability itself; one that rises ranks as the probability does.",
            )
        )
    if facts.history.records:
        group = facts.history.grouped
        planned.append(
            (
                "p-progress",
                f"The progress of phase I: validation {name} by loop, and losses sampled, dropped and trained by time",
                lambda: _progress(facts),
                "Left: the validation metric over the loops. Right: what became of the sampled losses."
                + (f" Each point stands for {group} loops." if group > 1 else ""),
            )
        )
    return planned


def _figure(losses: list[Loss], kind: str) -> Figure:
    from symloss.plot.figure import figure

    return figure(
        losses, kind=kind, size="double" if kind != "consistency" else None, time_limit=PROOF_SECONDS
    )


def _standings(facts: Facts) -> Figure | None:
    from symloss.report.standings_picture import standings_figure

    return standings_figure(facts.tested, facts.watched, facts.labels)


def _progress(facts: Facts) -> Figure:
    from symloss.plot.training_figure import progress_figure

    history = facts.history
    return progress_figure(
        history.records,
        name=f"validation {history.metric.title}",
        higher_is_better=history.metric.higher_is_better,
        adopts=history.adopts,
    )
