"""Groups of losses that are the same to gradient descent, and the zoo losses that a formula really is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sympy import Expr, Rational, S

from symloss.formula import known as known_losses
from symloss.formula.spec import LossSpec
from symloss.signature import Domain, y, yhat
from symloss.symbolic.field.factor_text import by_label, factor_text, relation_by_label
from symloss.symbolic.pieces.resolve import label_expression
from symloss.symbolic.same.fingerprint import alike, loss_fingerprint
from symloss.symbolic.same.gradient_values import KnownValues, gradient_values
from symloss.symbolic.same.same_gradient import Comparison, compare, compare_by
from symloss.symbolic.signs.region import region_converter
from symloss.symbolic.undecided import Deadline, UndecidedError

MOST_EPS_GUESSES = 3


@dataclass(frozen=True)
class LossClass:
    """Losses with the same gradient up to positive factors.

    Attributes:
        members: positions in the list that was given.
        titles: names or formulas of the members.
        relation: "equal" or "proportional"; "single" for a loss that is like no other; "undecided" for one that may be.
        factors: for each member, the gradient of the first divided by its own, by label.
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
                {label: factor_text(value) for label, value in factors.items()} for factors in self.factors
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
        first, *others = zip(self.titles, self.factors, strict=True)
        parts = [f"that of {title}{_times(factors)}" for title, factors in others]
        text = f"{first[0]} has the gradient of {parts[0].removeprefix('that of ')}"
        if len(parts) > 1:
            text += "; " + "; ".join(parts[1:])
        return f"{text}."


def _times(factors: dict[str, Expr]) -> str:
    single = _single_text(factors)
    if single is not None:
        return "" if single == "1" else f", times {single}"
    return f", {by_label(factors)}: {relation_by_label(factors)}"


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _single_text(factors: dict[str, Expr]) -> str | None:
    values = set(factors.values())
    return factor_text(values.pop()) if len(values) == 1 else None


class _Group:
    def __init__(self, index: int, loss: LossSpec, is_hard: bool) -> None:
        self.first, self.is_hard = loss, is_hard
        self.members = [index]
        self.factors: list[dict[str, Expr]] = [{}]
        self.reasons: list[str] = []

    def add(self, index: int, comparison: Comparison) -> None:
        assert comparison.factors is not None
        self.members.append(index)
        self.factors[0] = dict.fromkeys(comparison.factors, S.One)
        self.factors.append(comparison.factors)

    def finished(self, losses: Sequence[LossSpec]) -> LossClass:
        if len(self.members) == 1:
            relation = "undecided" if self.reasons else "single"
        else:
            equal = all(value == 1 for factors in self.factors for value in factors.values())
            relation = "equal" if equal else "proportional"
        titles = tuple(str(losses[i]) for i in self.members)
        return LossClass(tuple(self.members), titles, relation, tuple(self.factors), tuple(self.reasons))


def classes(
    losses: Sequence[LossSpec], time_limit: float = 2.0, progress: Callable[[int], None] | None = None
) -> list[LossClass]:
    """Group losses by their gradients.

    Args:
        losses: any number of losses.
        time_limit: seconds for each pair that has to be compared.
        progress: told how many losses have their place, after each.

    Returns:
        One class for each group, in the order of their first members.
    """
    groups: list[_Group] = []
    known: dict[Domain, KnownValues] = {}
    for index, loss in enumerate(losses):
        pair = not isinstance(loss.signature, Domain)
        values = None if pair else gradient_values(loss, time_limit)
        if pair:
            open_groups = [n for n, group in enumerate(groups) if group.first.kind == loss.kind]
        else:
            open_groups = list(known.setdefault(loss.domain, KnownValues()).not_surely_different(values))
        reasons = []
        for number in open_groups:
            group = groups[number]
            comparison = _comparison(
                group.first, loss, time_limit, not pair and (group.is_hard or values is None)
            )
            if comparison.same:
                group.add(index, comparison)
                break
            if comparison.relation == "undecided":
                reasons.append(f"{group.first} ({comparison.reason})")
        else:
            if not pair:
                known[loss.domain].add(len(groups), values)
            groups.append(_Group(index, loss, is_hard=not pair and values is None))
            groups[-1].reasons = reasons
        if progress is not None:
            progress(index + 1)
    return [group.finished(losses) for group in groups]


def _comparison(a: LossSpec, b: LossSpec, time_limit: float, is_hard: bool) -> Comparison:
    """Compare two losses; where the gradient of one could not even be evaluated in time, only their formulas."""
    return compare_by(a, b, Deadline(0.0)) if is_hard else compare(a, b, time_limit)


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


def duplicate_of(loss: LossSpec, deadline: Deadline | None = None) -> list[ZooDuplicate]:
    """Return the zoo losses that have the gradient of `loss`, up to positive factors.

    Args:
        loss: any loss; a zoo loss is not named as a duplicate of itself.
        deadline: when to stop looking; what is not settled by then is left out.
    """
    deadline = deadline or Deadline(2.0)
    found = []
    mine = loss_fingerprint(loss)
    for entry in known_losses.ENTRIES:
        if deadline.passed or entry.input != loss.domain.input:
            continue
        known = known_losses.spec(entry.name).with_domain(labels=loss.domain.labels)
        for candidate in _at_eps(known, loss):
            if candidate.expression == loss.expression and loss.name == entry.name:
                continue
            if not alike(mine, loss_fingerprint(candidate), 1e-6):
                continue
            comparison = compare_by(loss, candidate, deadline)
            if comparison.same:
                assert comparison.factors is not None
                sentence = _duplicate_sentence(loss, candidate, entry.name, comparison, deadline)
                found.append(
                    ZooDuplicate(entry.name, comparison.relation, comparison.factors, candidate.eps, sentence)
                )
                break
    return found


def _at_eps(known: LossSpec, loss: LossSpec) -> list[LossSpec]:
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


def _duplicate_sentence(
    loss: LossSpec, candidate: LossSpec, name: str, comparison: Comparison, limit: Deadline
) -> str:
    factors = comparison.factors
    assert factors is not None
    at = f" at eps = {candidate.eps:g}" if candidate.eps is not None and not loss.has_eps else ""
    if len(set(factors.values())) > 1:
        return f"this is {name}{at}, {by_label(factors, times_once=True)}"
    factor = next(iter(factors.values()))
    try:
        rest = _rest(loss, candidate, factor, limit)
    except UndecidedError:
        rest = None
    if rest is None:
        times = "" if factor == 1 else f" times {factor_text(factor)}"
        return f"this has the gradient of {name}{at}{times}"
    if factor == 1:
        return f"this is {name}{at}{f' plus {rest}' if rest else ''}"
    return f"this is {name}{at} up to a factor {factor_text(factor)}{f' and {rest}' if rest else ''}"


def _rest(loss: LossSpec, candidate: LossSpec, factor: Expr, deadline: Deadline) -> str | None:
    """Name what is left of a loss after a multiple of another: "", "a constant", "a function of y", None for more."""
    found = []
    for label in loss.domain.label_values or (None,):
        converter = region_converter(loss.domain, deadline)
        mine, other, times = (
            converter.element(part)
            for part in (
                *(label_expression(one, y if label is None else label) for one in (loss, candidate)),
                factor,
            )
        )
        tower = converter.tower
        rest = converter.expression(tower.add(mine, tower.negative(tower.multiply(times, other))))
        if yhat in rest.free_symbols:
            return None
        found.append(rest)
    if all(rest == 0 for rest in found):
        return ""
    constant = all(rest == found[0] and y not in rest.free_symbols for rest in found)
    return "a constant" if constant else "a function of y"
