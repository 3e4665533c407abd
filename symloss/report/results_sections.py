"""The sections about what was found: the best loss, the comparison with handcrafted ones, scale and shape."""

from __future__ import annotations

from symloss.report.contest_facts import NOT_CROWNED, ContestFacts, GainFacts
from symloss.report.facts import Facts
from symloss.report.formula_view import NARROW, formula
from symloss.report.markup import (
    DASH,
    Markup,
    decimals,
    element,
    facts_list,
    join,
    paragraph,
    probability,
    section,
    short,
    span,
    table,
)
from symloss.report.records import Checked, Tested
from symloss.tasks.metrics.registry import in_order


def best_section(facts: Facts) -> Markup:
    """Return the box with the best loss."""
    best = facts.best
    if best is None:
        if not facts.ranked:
            return section("best", "Best loss", paragraph("No loss was found so far."))
        first = facts.ranked[0]
        rows: list[tuple[str, object]] = [
            ("reward in phase I", decimals(first.reward, sign=True)),
            ("eps", short(first.eps) or "none"),
            ("scale", short(first.scale)),
            ("check", first.verdict or "not checked"),
        ]
        said = paragraph(
            "No loss has got through phase III. This one has the best reward of phase I; it was not tested."
        )
        return section(
            "best",
            "Best loss so far",
            element("div", formula(first.formula), facts_list(rows), class_="best"),
            said,
        )
    name = facts.watched.title
    rows = [
        (f"test {name}", _spread(best, facts.metric)),
        (f"validation {name}", decimals(best.valid.mean)),
        ("eps", short(best.eps) or "none"),
        ("scale", "1" if best.scale == 1 else f"{best.scale:g} times the formula"),
        ("seeds", str(best.seeds)),
        ("chosen from", "not known" if best.trials is None else _configurations(best.trials)),
    ]
    return section(
        "best",
        "Best loss" if facts.verdict not in NOT_CROWNED else "Best found loss",
        element(
            "div", formula(best.formula), facts_list(rows), _check_line(facts.best_check, best), class_="best"
        ),
    )


def _configurations(count: int) -> str:
    return "1 configuration" if count == 1 else f"{count:,} configurations"


def _check_line(check: Checked | None, best: Tested) -> Markup:
    """Say what is proved of the best loss at its own eps."""
    if check is None:
        return Markup("")
    at = "" if best.eps is None else f" at eps = {best.eps:g}"
    labels = "; ".join(f"y = {one.label}: {one.status}" for one in check.directions if one.label != "y")
    return paragraph(
        f"Direction of the gradient, checked again{at}: ",
        element("strong", check.verdict, class_=check.verdict),
        f". {check.sentence}" + (f" ({labels})" if labels else ""),
    )


def results_section(facts: Facts) -> Markup:
    """Return the tested losses, the tests between them, and the metrics beside the one that was searched for."""
    if not facts.tested:
        why = f"Phase III has done {facts.trials:,} trainings; none was tested so far." if facts.trials else (
            "Phase III has tested no loss so far.")  # fmt: skip
        return section("results", "Test results", paragraph(why))
    name = facts.watched.title
    columns = [
        "loss",
        "eps",
        "scale",
        f"test {name} ± deviation",
        "95% interval",
        f"validation {name}",
        "seeds",
        "tried",
    ]
    rows = [
        [
            _named(one),
            short(one.eps),
            short(one.scale),
            _spread(one, facts.metric),
            span(one.measured(facts.metric).interval),
            decimals(one.valid.mean),
            one.seeds,
            one.trials,
        ]
        for one in facts.tested
    ]
    rows += [
        [
            element("div", element("span", "no model: ", class_="soft"), name_of, class_="loss"),
            DASH,
            DASH,
            decimals(metrics.get(facts.metric)),
            DASH,
            decimals(valid),
            DASH,
            DASH,
        ]
        for name_of, metrics, valid in facts.references
    ]
    caption = (
        "Each loss at its best eps and scale by validation. The interval is that of the mean over seeds (Student's t); "
        "it says nothing about other test rows."
        if any(one.seeds > 1 for one in facts.tested)
        else "Each loss at its best eps and scale by validation, with one seed."
    )
    parts = [table(caption, columns, rows, right=columns[1:])]
    parts += [element("p", f"Warning: {words}.", class_="warn", role="note") for _, words in facts.warnings]
    if facts.contest is not None:
        called = facts.called
        parts += [_paired(facts.contest, name, called), _gains(facts.contest.gains, name, called)]
    parts.append(_metrics(facts))
    return section("results", "Test results", *parts)


def _named(one: Tested) -> Markup:
    """Return what a loss is: its part, its name and its formula."""
    role = element("span", f"{one.role}: " if one.loss != one.formula else one.role, class_="soft")
    name = element("strong", one.loss) if one.loss != one.formula else ""
    # The formulas of losses at scale 1 stand above already.
    typeset = "" if one.role.endswith("scale 1") else formula(one.formula, room=NARROW)
    return element("div", element("div", role, name), typeset, class_="loss")


def _spread(one: Tested, name: str) -> str:
    found = one.measured(name)
    return decimals(found.mean) + ("" if found.deviation is None else f" ± {found.deviation:.4f}")


def _paired(contest: ContestFacts, name: str, called: str) -> Markup:
    if not contest.paired:
        return Markup("")
    columns = [
        f"the {called} against",
        "seeds",
        "difference",
        "95% interval",
        "p, paired t",
        "p, Wilcoxon",
        "p, after Holm",
    ]
    rows = [
        [
            one.other,
            one.seeds,
            decimals(one.difference, sign=True),
            span(one.interval, sign=True),
            probability(one.t_p),
            probability(one.wilcoxon_p),
            probability(one.adjusted_p),
        ]
        for one in contest.paired
    ]
    caption = (
        f"Differences in test {name}, paired by seed; above 0 the {called} is better. Wilcoxon's signed-rank test is "
        f"exact; Holm's correction is for {len(rows)} tests."
    )
    parts = [table(caption, columns, rows, right=columns[1:])]
    known = contest.rows
    if known is not None and known.interval is not None and known.rows is not None:
        low, high = known.interval
        settled = (
            "does not hold 0"
            if low > 0 or high < 0
            else "holds 0: on other rows the order could be the other way round"
        )
        parts.append(
            paragraph(
                f"All seeds share one test part. Over its {known.rows:,} rows the 95% interval of the difference to "
                f"the best baseline is {span(known.interval, sign=True)} ({known.method}), which {settled}."
            )
        )
    return join(parts)


def _gains(gains: tuple[GainFacts, ...], name: str, called: str) -> Markup:
    if not gains:
        return Markup("")
    columns = ["part", "total", "of it scale", "of it shape", "best baseline, scale 1", "best baseline",
               f"{called}, scale 1", called]  # fmt: skip
    rows = [
        [
            one.part,
            *(decimals(value, sign=True) for value in (one.total, one.scale, one.shape)),
            *(
                decimals(value)
                for value in (one.baseline_unscaled, one.baseline, one.winner_unscaled, one.winner)
            ),
        ]
        for one in gains
    ]
    explained = paragraph(
        f"The total is what the {called} gains on the best handcrafted loss as it is printed in papers. ",
        element("strong", "Scale"),
        " is what that loss gains by a factor alone, for which no new loss is needed. ",
        element("strong", "Shape"),
        f" is what is left: the {called} against it, each at its best factor.",
    )
    heading = element("h3", "Scale and shape")
    return join(
        [heading, table(f"Gains in {name}; above 0 is good.", columns, rows, right=columns[1:]), explained]
    )


def _metrics(facts: Facts) -> Markup:
    # what no loss has does not apply to these labels
    known = (
        facts.metric,
        *in_order(name for one in facts.tested for name in one.test if name != facts.metric),
    )
    names = [name for name in known if any(one.measured(name).mean is not None for one in facts.tested)]
    columns = ["loss", "scale", *(facts.title_of(name) for name in names), "best epoch"]

    rows = [
        [
            f"{_short_name(one)}{' (scale 1)' if one.role.endswith('scale 1') else ''}",
            short(one.scale),
            *(_spread(one, name) for name in names),
            DASH if one.epochs[0] is None else f"{one.epochs[0]} of {one.epochs[1]}",
        ]
        for one in facts.tested
    ]
    rows += [
        [name_of, DASH, *(decimals(metrics.get(name)) for name in names), DASH]
        for name_of, metrics, _ in facts.references
    ]
    heading = element("h3", "All test metrics")
    caption = "Means ± standard deviation over seeds; epochs are those of the first seed."
    return join([heading, table(caption, columns, rows, right=columns[1:]), _endings(facts)])


def _endings(facts: Facts) -> Markup:
    """Say how trainings ended: one that was still improving might do better with more epochs."""
    endings: dict[str, list[str]] = {}
    for one in facts.tested:
        if one.outcome and not one.role.endswith("scale 1"):
            endings.setdefault(one.outcome, []).append(_short_name(one))
    said = [f"{outcome[0].upper()}{outcome[1:]}: {', '.join(names)}." for outcome, names in endings.items()]
    return paragraph(" ".join(said), class_="soft") if said else Markup("")


def _short_name(one: Tested) -> str:
    if one.loss != one.formula:
        return one.loss
    return "winner" if one.role.startswith("winner") else one.formula
