"""The sections about how it was found: checks and proofs, the pictures, and what became of the sampled losses."""

from __future__ import annotations

from symloss.report.facts import Facts
from symloss.report.formula_view import formula
from symloss.report.markup import Markup, element, join, paragraph, section, short, table
from symloss.report.pictures import Picture
from symloss.report.records import Checked, Direction
from symloss.search.candidates.outcome import Outcome


def checks_section(facts: Facts) -> Markup:
    """Return what phase II proved or refuted, label by label."""
    if not facts.checks:
        return section("checks", "Checks and proofs", paragraph("Phase II has checked no loss so far."))
    passed = sum(one.passed for one in facts.checks)
    said = paragraph(
        "Phase II asks of each loss whether its gradient pushes every prediction towards its label. ",
        f"{len(facts.checks)} checks are listed, {passed} of them passed"
        + (f"; {facts.checks_left_out} more are in the archive." if facts.checks_left_out else "."),
    )
    return section("checks", "Checks and proofs", said, *map(_check, facts.checks))


def _check(one: Checked) -> Markup:
    verdict = "valid" if one.passed else one.verdict
    note = " It is an earlier loss times a factor, and did not go on by itself." if one.copy else ""
    parts: list[object] = [
        formula(one.formula),
        paragraph(element("strong", verdict, class_=verdict), ". ", one.sentence, note),
    ]
    if one.directions:
        parts.append(element("ul", *map(_direction, one.directions)))
    if one.passed and one.valid_eps and one.verdict != "valid":
        parts.append(paragraph("Proved for eps = " + ", ".join(map(short, one.valid_eps)) + " only."))
    return element("div", *parts, class_="check")


def _direction(one: Direction) -> Markup:
    label = "any y" if one.label == "y" else f"y = {one.label}"
    details = f" ({'; '.join(one.details)})" if one.details else ""
    return element("li", f"{label}: ", element("span", one.status, class_=one.status), details)


def pictures_section(pictures: list[Picture]) -> Markup:
    """Return the pictures with their captions."""
    if not pictures:
        return section("pictures", "Pictures", paragraph("There is nothing to draw so far."))
    figures = [
        element("figure", Markup(one.svg), element("figcaption", one.caption), id=f"{one.key}-figure")
        for one in pictures
    ]
    return section("pictures", "Pictures", *figures)


def counts_section(facts: Facts) -> Markup:
    """Return how many losses were sampled, what became of them, and the time it took."""
    counts = facts.counts
    parts: list[object] = []
    if facts.loops:
        sampled = counts.get("sampled", 0)
        fresh = facts.options.get("reward") == "fresh"
        reward = "a short training from scratch" if fresh else (
            "one epoch on the current recommender")  # fmt: skip
        parts.append(
            paragraph(
                f"Phase I sampled {sampled:,} losses in {facts.loops:,} loops; {counts.get('distinct', 0):,} "
                f"gradients are distinct. The reward of a loss is what {reward} improves."
            )
        )
        rows = [
            [outcome.key.replace("_", " "), f"{counts[outcome.key]:,}", outcome.value.split(": ", 1)[-1]]
            for outcome in Outcome
            # with fresh rewards no copy ever takes the place of a recommender
            if outcome.key in counts and not (fresh and outcome is Outcome.KEPT)
        ]
        columns = ["outcome", "losses", "what it means"]
        caption = (
            "What became of them. A loss may be counted once at each stage; "
            "“trained” holds those that were kept or diverged."
        )
        parts.append(table(caption, columns, rows, right=["losses"]))
    else:
        parts.append(paragraph("Phase I has done no loop so far."))
    if "checked" in counts:
        parts.append(
            paragraph(
                f"Phase II checked {counts['checked']:,} losses, of which {counts.get('passed', 0):,} passed; "
                f"{counts.get('same_gradient', 0):,} were left out as copies of an earlier one."
            )
        )
    if facts.trials:
        parts.append(paragraph(f"Phase III finished {facts.trials:,} trainings."))
    if facts.seconds:
        named = {"1": "loss search", "2": "validation check", "3": "effectiveness test"}
        said = ", ".join(f"{named[key]} {_duration(value)}" for key, value in facts.seconds.items())
        parts.append(paragraph(f"Time: {said}."))
    return section("counts", "Sampled losses", join(parts))


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
