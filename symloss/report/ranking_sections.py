"""The sections about the losses that took part: the contest with its finalists, and the best rewards of phase I."""

from __future__ import annotations

from collections.abc import Mapping

from symloss.report.facts import Facts
from symloss.report.formula_view import MEDIUM, formula
from symloss.report.markup import DASH, Markup, decimals, element, paragraph, section, short, table


def finalists_section(facts: Facts) -> Markup:
    """Return how the contest went: its rungs, its finalists, and what was left out."""
    contest = facts.contest
    if contest is None:
        return Markup("")
    name = facts.watched.title
    parts = []
    if contest.rungs:
        columns = ["epochs", "learning rate", "losses", "trainings", "losses kept", f"best validation {name}"]
        rungs = [
            [
                one.epochs,
                short(one.learning_rate),
                one.losses,
                one.trials,
                one.losses_kept,
                decimals(one.best_metric),
            ]
            for one in contest.rungs
        ]
        parts.append(table("Successive halving", columns, rungs, right=columns))
    if contest.finalists:
        columns = ["loss", "", "eps", "scale", f"validation {name}", "± over seeds"]
        rows = [
            [
                element("div", _finalist_name(one.loss, one.formula), class_="loss"),
                "baseline" if one.baseline else "found",
                short(one.eps),
                short(one.scale),
                decimals(one.valid),
                decimals(one.deviation),
            ]
            for one in contest.finalists
        ]
        left = f" {contest.finalists_left_out} more are not listed." if contest.finalists_left_out else ""
        caption = f"Finalists: configurations trained to convergence, best first. Their test part stays unread.{left}"
        parts.append(table(caption, columns, rows, right=columns[2:]))
    if contest.same:
        columns = ["left out", "is", "times"]
        same = [[formula(one.formula, room=MEDIUM), one.same_as, one.factor] for one in contest.same]
        parts.append(table("Losses that are another one times a factor did not take part", columns, same))
    if not parts:
        return Markup("")
    return section("finalists", "The contest", _trials(contest.trials), *parts)


def _trials(trials: Mapping[str, int]) -> Markup:
    if not trials:
        return Markup("")
    said = ", ".join(f"{count:,} in {name}" for name, count in trials.items())
    return paragraph(f"Trainings: {said}.")


def _finalist_name(loss: str, text: str) -> Markup:
    return formula(text, room=MEDIUM) if loss == text else element("strong", loss)


def ranked_section(facts: Facts) -> Markup:
    """Return the best losses by reward."""
    if not facts.ranked:
        return Markup("")
    columns = ["loss", "eps", "scale", "reward", "right way", "loop", "check"]
    rows = [
        [
            element("div", formula(one.formula, room=MEDIUM), class_="loss"),
            short(one.eps) if "eps" in one.formula else "",
            short(one.scale),
            decimals(one.reward, sign=True),
            DASH if one.right_way is None else f"{100 * one.right_way:.0f}%",
            one.loop,
            element("span", one.verdict or "not checked", class_=f"still {one.verdict or 'soft'}"),
        ]
        for one in facts.ranked
    ]
    caption = (
        "The best rewards of phase I. “Right way” is the share of sampled predictions that the gradient pushes towards "
        "their label."
    )
    return section("ranked", "Best losses by reward", table(caption, columns, rows, right=columns[1:6]))
