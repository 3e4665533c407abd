"""The result of a search without a contest, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symloss.report.contest_facts import NOT_CROWNED

if TYPE_CHECKING:
    from symloss.report.facts import Facts


def sentence_of(facts: Facts) -> str:
    """Return what was found, in one paragraph."""
    name = facts.metric.upper()
    best = facts.best
    if best is None:
        if not facts.ranked:
            return "No loss has been trained to a reward yet." if not facts.loops else "No loss got a reward."
        first = facts.ranked[0]
        return (
            f"No loss has got through phase III. The best reward of phase I, {first.reward or 0:+.4f}, is that of "
            f"{first.formula}; it was not tested."
        )
    eps = "" if best.eps is None else f" at eps {best.eps:g}"
    scale = "" if best.scale == 1 else f", times {best.scale:g}"
    verdict = [facts.verdict_sentence] if facts.verdict in NOT_CROWNED and facts.verdict_sentence else []
    parts = [*verdict,
             f"The best loss found is {best.formula}{eps}{scale}: validation {name} {_number(best.valid.mean)}, "
             f"test {name} {_number(best.test[facts.metric].mean)} with one seed."]  # fmt: skip
    if facts.baselines:
        named = ", ".join(
            f"{one.loss} {_number(one.test[facts.metric].mean)} (validation {_number(one.valid.mean)})"
            for one in facts.baselines
        )
        parts.append(f"Under the same settings the test {name} of handcrafted losses is: {named}.")
    parts.append("One seed gives no interval and no p-value; a contest (--effectiveness contest) does.")
    return " ".join(parts)


def _number(value: float | None) -> str:
    return "not known" if value is None else f"{value:.4f}"
