"""Groups of losses that are the same to gradient descent, and the zoo losses that a formula really is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy
from sympy import Expr, Rational, S

from symloss import zoo
from symloss.domain import y, yhat
from symloss.formula import formula_text
from symloss.loss import Loss
from symloss.symbolic.fingerprint import alike, loss_fingerprint
from symloss.symbolic.pieces import label_expression
from symloss.symbolic.same_gradient import Comparison, compare_by
from symloss.symbolic.undecided import Deadline

MOST_EPS_GUESSES = 3


@dataclass(frozen=True)
class LossClass:
    """Losses with the same gradient up to positive factors.

    Attributes:
        members: positions in the list that was given, the first is what the others are measured against.
        titles: names or formulas of the members.
        relation: "equal" or "proportional"; "single" for a loss that is like no other; "undecided" for one that may be.
        factors: for each member, its gradient divided by that of the first, by label.
        reasons: what is open, for undecided ones.
    """

    members: tuple[int, ...]
    titles: tuple[str, ...]
    relation: str
    factors: tuple[dict[str, Expr], ...]
    reasons: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Return members, relation, factor (a text a member, None where labels differ), factors by label, sentence."""
        return {
            "members": list(self.titles),
            "relation": self.relation,
            "factor": [_single_text(factors) for factors in self.factors],
            "factors": [
                {label: formula_text(value) for label, value in factors.items()} for factors in self.factors
            ],
            "sentence": self.sentence,
        }

    @property
    def sentence(self) -> str:
        """One sentence about the class."""
        if self.relation == "single":
            return f"{self.titles[0]} has a gradient of its own."
        if self.relation == "undecided":
            return f"{self.titles[0]} may be the same as another: {'; '.join(self.reasons)}."
        if self.relation == "equal":
            return f"{_listed(self.titles)} have the same gradient."
        parts = [
            f"{title}: {factor_text(factors)}"
            for title, factors in zip(self.titles[1:], self.factors[1:], strict=True)
        ]
        return f"The gradient is that of {self.titles[0]} times a factor; " + "; ".join(parts) + "."


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _single_text(factors: dict[str, Expr]) -> str | None:
    values = set(factors.values())
    return formula_text(values.pop()) if len(values) == 1 else None


def factor_text(factors: dict[str, Expr]) -> str:
    """Return factors by label as a phrase: "1 for y = 0, 1 + eps for y = 1"."""
    single = _single_text(factors)
    if single is not None:
        return single
    return ", ".join(f"{formula_text(value)} for y = {label}" for label, value in factors.items())


class _Group:
    def __init__(self, index: int, loss: Loss) -> None:
        self.first = loss
        self.members = [index]
        self.factors: list[dict[str, Expr]] = [{}]
        self.reasons: list[str] = []

    def add(self, index: int, comparison: Comparison) -> None:
        assert comparison.factors is not None
        self.members.append(index)
        self.factors[0] = dict.fromkeys(comparison.factors, S.One)
        self.factors.append({label: _inverse(value) for label, value in comparison.factors.items()})

    def finished(self, losses: Sequence[Loss]) -> LossClass:
        if len(self.members) == 1:
            relation = "undecided" if self.reasons else "single"
        else:
            equal = all(value == 1 for factors in self.factors for value in factors.values())
            relation = "equal" if equal else "proportional"
        titles = tuple(str(losses[i]) for i in self.members)
        return LossClass(tuple(self.members), titles, relation, tuple(self.factors), tuple(self.reasons))


def _inverse(value: Expr) -> Expr:
    return sympy.cancel(1 / value) if value.is_rational_function() else 1 / value


def classes(losses: Sequence[Loss], time_limit: float = 2.0) -> list[LossClass]:
    """Group losses by their gradients.

    Args:
        losses: any number of losses.
        time_limit: seconds for each pair that has to be compared.

    Returns:
        One class for each group, in the order of their first members.
    """
    groups: list[_Group] = []
    for index, loss in enumerate(losses):
        reasons = []
        for group in groups:
            comparison = compare_by(group.first, loss, Deadline(time_limit))
            if comparison.same:
                group.add(index, comparison)
                break
            if comparison.relation == "undecided":
                reasons.append(f"{group.first} ({comparison.reason})")
        else:
            groups.append(_Group(index, loss))
            groups[-1].reasons = reasons
    return [group.finished(losses) for group in groups]


@dataclass(frozen=True)
class ZooDuplicate:
    """A zoo loss with the gradient of a formula.

    Attributes:
        name: the name in the zoo.
        relation: "equal" or "proportional".
        factors: gradient of the formula = factor * gradient of the zoo loss, by label.
        eps: the eps of the zoo loss at which they agree, None where it has none or is left open.
        sentence: such as "this is mse up to the factor 2".
    """

    name: str
    relation: str
    factors: dict[str, Expr]
    eps: float | None
    sentence: str


def duplicate_of(loss: Loss, deadline: Deadline | None = None) -> list[ZooDuplicate]:
    """Return the zoo losses that have the gradient of `loss`, up to positive factors.

    Args:
        loss: any loss; a zoo loss is not named as a duplicate of itself.
        deadline: when to stop looking; what is not settled by then is left out.
    """
    deadline = deadline or Deadline(2.0)
    found = []
    mine = loss_fingerprint(loss)
    for entry in zoo.ENTRIES:
        if deadline.passed or entry.input != loss.domain.input:
            continue
        known = zoo.get(entry.name).with_domain(labels=loss.domain.labels)
        for candidate in _at_eps(known, loss):
            if candidate.expression == loss.expression and loss.name == entry.name:
                continue
            if not alike(mine, loss_fingerprint(candidate), 1e-6):
                continue
            comparison = compare_by(loss, candidate, deadline)
            if comparison.same:
                assert comparison.factors is not None
                sentence = _duplicate_sentence(loss, candidate, entry.name, comparison)
                found.append(
                    ZooDuplicate(entry.name, comparison.relation, comparison.factors, candidate.eps, sentence)
                )
                break
    return found


def _at_eps(known: Loss, loss: Loss) -> list[Loss]:
    """Return the zoo loss at the eps of `loss`, or at the small numbers that `loss` holds."""
    if not known.has_eps:
        return [known]
    if loss.has_eps:
        return [known.with_eps(loss.eps)] if loss.eps is not None else [known]
    numbers = sorted(
        {abs(number) for number in loss.expression.atoms(Rational) if 0 < abs(number) < 1},
        key=lambda n: (n.q, n.p),
    )
    return [known.with_eps(float(number)) for number in numbers[:MOST_EPS_GUESSES]]


def _duplicate_sentence(loss: Loss, candidate: Loss, name: str, comparison: Comparison) -> str:
    assert comparison.factors is not None
    at = f" at eps = {candidate.eps:g}" if candidate.eps is not None and not loss.has_eps else ""
    if comparison.relation == "proportional":
        return f"this is {name}{at} up to the factor {factor_text(comparison.factors)}"
    rest = (label_expression(loss, y) - label_expression(candidate, y)).expand()
    if rest == 0:
        return f"this is {name}{at}"
    if rest.is_number:
        return f"this is {name}{at} plus a constant"
    if yhat not in rest.free_symbols:
        return f"this is {name}{at} plus a function of y"
    return f"this has the gradient of {name}{at}"
