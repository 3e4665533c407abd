"""The verdict on a search: whether a found loss beats what there was before it.

A found loss is called a winner only if its test metric is better than that of every handcrafted
loss tuned alike and of the trivial means. Otherwise the first sentence says that it is not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from symloss.tasks.metric import Metric
from symloss.tasks.references import Reference, best_reference


class VerdictCode(StrEnum):
    """What became of a search."""

    BEATS = "found_loss_beats"
    NO_GAIN = "no_found_loss_beats"
    NOTHING = "nothing_got_through"


@dataclass(frozen=True)
class Verdict:
    """The outcome of a search.

    Attributes:
        code: one of `VerdictCode`.
        sentence: the same in words, with numbers.
    """

    code: VerdictCode
    sentence: str

    @property
    def crowned(self) -> bool:
        """Whether the best found loss may be called the winner."""
        return self.code is VerdictCode.BEATS

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {"code": str(self.code), "sentence": self.sentence}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Verdict:
        """Return the verdict that `to_json` wrote.

        Raises:
            KeyError, ValueError: it is none.
        """
        return cls(VerdictCode(document["code"]), str(document["sentence"]))


@dataclass(frozen=True)
class Scored:
    """A loss in words, and its test metric."""

    title: str
    value: float


def judge(
    metric: Metric, found: Scored | None, handcrafted: Sequence[Scored], means: Sequence[Reference]
) -> Verdict:
    """Compare the best found loss with the best handcrafted one and the best trivial mean, all on the test part.

    Args:
        metric: what counts.
        found: the best found loss by validation; None where none was trained to a result.
        handcrafted: losses tuned alike.
        means: the trivial baselines.
    """
    if found is None:
        return Verdict(
            VerdictCode.NOTHING, "No loss got through all phases; there is no found loss to compare."
        )
    name = metric.title
    sign = metric.sign
    known = [one for one in handcrafted if math.isfinite(one.value)]
    best = max(known, key=lambda one: sign * one.value, default=None)
    reference = best_reference(means, metric)
    trivial = None if reference is None else Scored(*reference)
    own = f"{found.title}, has test {name} {found.value:.4f}"
    if not math.isfinite(found.value):
        return Verdict(
            VerdictCode.NO_GAIN,
            f"No found loss has a test {name}: the best found, {found.title}, was not measured.",
        )

    def ahead(other: Scored | None) -> bool:
        return other is not None and not sign * found.value > sign * other.value

    if best is not None and ahead(best):
        text = f"No found loss beats {best.title} ({best.value:.4f}): the best found, {own}."
        if trivial is not None and ahead(trivial):
            text += f" {_below(trivial, best, sign)}"
        return Verdict(VerdictCode.NO_GAIN, text)
    if trivial is not None and ahead(trivial):
        text = f"No found loss beats {trivial.title} ({trivial.value:.4f}): the best found, {own}."
        return Verdict(VerdictCode.NO_GAIN, f"{text} {_below(trivial, best, sign)}")
    rivals = [f"{one.title} ({one.value:.4f})" for one in (best, trivial) if one is not None]
    against = f", and beats {' and '.join(rivals)}" if rivals else ""
    return Verdict(VerdictCode.BEATS, f"The best found, {own}{against}.")


def _below(trivial: Scored, best: Scored | None, sign: float) -> str:
    """Say what lies behind the means, and where to look then."""
    both = best is not None and sign * trivial.value >= sign * best.value
    who = "It and every handcrafted loss are" if both else "It is"
    return (
        f"{who} no better than {trivial.title} ({trivial.value:.4f}), which need no training: "
        "look at the model or the settings, not at the loss."
    )
