"""Whether two losses are the same to gradient descent, and up to what factor.

First a few points in 60 digits: most pairs differ at once, with a witness. What
is left is decided exactly: both gradients are brought into the same field, piece
by piece, and their ratio is constant exactly if its derivative is zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sympy import Expr, S

from symloss.formula.spec import LossSpec
from symloss.ops.construct import exact_number
from symloss.signature import PAIRWISE, Ranking, eps, y, yhat
from symloss.symbolic.field.convert import Converter
from symloss.symbolic.field.differential_field import Element
from symloss.symbolic.field.factor_text import factor_text, relation_by_label
from symloss.symbolic.pieces.normal_form import FormPiece, LabelForm, label_form, region_form
from symloss.symbolic.roots.endpoint import Endpoint
from symloss.symbolic.same.comparison import (
    Witness,
    difference,
    is_positive,
    label_points,
    prediction_points,
    undefined,
)
from symloss.symbolic.same.pair_gradient import PairAnswer, PairWitness, compare_pairs
from symloss.symbolic.same.row_gradient import RowWitness, compare_rows
from symloss.symbolic.signs.region import region_converter
from symloss.symbolic.signs.sign_changes import INNER_EPS, inner_point, precedes
from symloss.symbolic.undecided import Deadline, UndecidedError
from symloss.symbolic.worker.ask import ask

LONGEST_FACTOR = 60
"""Terms of the longest factor that is written out."""


@dataclass(frozen=True)
class Comparison:
    """The answer to "are these two losses the same to gradient descent?".

    Attributes:
        relation: "equal", "proportional" (the same up to positive factors), "different" or "undecided".
        factors: gradient of the first = factor * gradient of the second, by label ("0" and "1", or "y" for all labels);
            None unless equal or proportional.
        witness: where they differ, None unless different.
        reason: a sentence.
    """

    relation: str
    factors: dict[str, Expr] | None
    witness: Witness | PairWitness | RowWitness | None
    reason: str

    @property
    def same(self) -> bool:
        """Whether the gradients are equal or proportional."""
        return self.relation in ("equal", "proportional")


def compare(a: LossSpec, b: LossSpec, time_limit: float = 2.0) -> Comparison:
    """Compare the gradients of two losses by yhat on their label domain.

    Args:
        a, b: losses; an open eps is the same positive number in both.
        time_limit: seconds, after which the answer is "undecided"; the work is done in a process that can be ended.
    """
    answer = ask(compared, a, b, time_limit, seconds=time_limit)
    return answer.parts[0] if answer.parts else Comparison("undecided", None, None, answer.ended)


def compared(a: LossSpec, b: LossSpec, time_limit: float) -> Iterator[Comparison]:
    """Yield the comparison of two losses, made in this process."""
    yield compare_by(a, b, Deadline(time_limit))


def compare_by(a: LossSpec, b: LossSpec, deadline: Deadline) -> Comparison:
    """Compare the gradients of two losses before a deadline; see `compare`."""
    if a.signature.name != b.signature.name:
        reason = f"{a.title} is a {a.kind} loss, {b.title} a {b.kind} one"
        return Comparison("different", None, None, reason)
    if a.signature == PAIRWISE:
        return _compare_pairs(a.folded(), b.folded(), deadline)
    if isinstance(a.signature, Ranking):
        return _compare_rows(a, b, deadline)
    if a.domain != b.domain:
        kinds = ", ".join(
            f"{loss.title}: {loss.domain.labels} labels, {loss.domain.input}" for loss in (a, b)
        )
        return Comparison("different", None, None, f"the losses live on different domains ({kinds})")
    labels = a.domain.label_values
    if a.expression == b.expression and (a.eps == b.eps or not a.has_eps):
        names = ["y"] if labels is None else [str(label) for label in labels]
        if a.scale == b.scale:
            return Comparison("equal", dict.fromkeys(names, S.One), None, "the formulas are the same")
        return _related(dict.fromkeys(names, exact_number(a.scale) / exact_number(b.scale)))
    a, b = a.folded(), b.folded()
    try:
        witness = difference(a, b, prediction_points(a), label_points(a), labels is not None, deadline)
    except UndecidedError as error:
        return Comparison("undecided", None, None, str(error))
    if witness is not None:
        return _different(witness)
    try:
        if labels is None:
            return _compare_region(a, b, deadline)
        return _compare_labels(a, b, labels, deadline)
    except UndecidedError as error:
        return Comparison(
            "undecided", None, None, f"{error}; the gradients agree at all points that were tried"
        )


def _pair_answer(a: LossSpec, b: LossSpec, deadline: Deadline) -> PairAnswer:
    """Compare two losses of two scores through their slopes by each."""

    def pointwise(
        first: LossSpec, second: LossSpec, deadline: Deadline
    ) -> tuple[str, dict[str, Expr] | None, Witness | None, str]:
        found = compare_by(first, second, deadline)
        assert not isinstance(found.witness, PairWitness | RowWitness)
        return found.relation, found.factors, found.witness, found.reason

    return compare_pairs(a, b, pointwise, deadline)


def _compare_pairs(a: LossSpec, b: LossSpec, deadline: Deadline) -> Comparison:
    """Compare two ranking losses of two scores."""
    found = _pair_answer(a, b, deadline)
    return _ranking_comparison(found.relation, found.factor, found.witness, found.reason, "pos, neg")


def _compare_rows(a: LossSpec, b: LossSpec, deadline: Deadline) -> Comparison:
    """Compare two ranking losses of whole rows."""
    first, second = a.signature, b.signature
    assert isinstance(first, Ranking)
    assert isinstance(second, Ranking)
    a, b = a.folded(), b.folded()
    found = compare_rows(a, b, lambda one, other: _pair_answer(one, other, deadline), deadline)
    if found.witness is None and first.scores != second.scores:
        kinds = f"{a.title}: {first.scores}, {b.title}: {second.scores}"
        return Comparison("different", None, None, f"the losses live on different scores ({kinds})")
    return _ranking_comparison(found.relation, found.factor, found.witness, found.reason, "pos, neg")


def _ranking_comparison(
    relation: str, factor: Expr | None, witness: PairWitness | RowWitness | None, reason: str, name: str
) -> Comparison:
    if factor is not None:
        return _related({name: factor})
    if witness is None:
        return Comparison(relation, None, None, reason or "no single factor fits both slopes")
    slopes = f"{_number(witness.gradient_a)} and {_number(witness.gradient_b)}"
    reason = f"at {witness.place} the slopes by {witness.slope_of} are {slopes}, and no positive factor fits all points"
    return Comparison("different", None, witness, reason)


def _different(witness: Witness) -> Comparison:
    at = f"yhat = {float(witness.yhat):.6g}, y = {float(witness.label):.6g}"
    if witness.eps is not None:
        at += f", eps = {float(witness.eps):.6g}"
    return Comparison(
        "different",
        None,
        witness,
        f"at {at} the gradients are {_number(witness.gradient_a)} and {_number(witness.gradient_b)}, "
        "and no positive factor fits all points",
    )


def _number(value: float) -> str:
    return "not a number" if math.isnan(value) else f"{value:.16g}"


class _NotProportional(Exception):
    def __init__(self, low: Endpoint, high: Endpoint) -> None:
        self.low = low
        self.high = high


def _compare_labels(a: LossSpec, b: LossSpec, labels: tuple[int, ...], deadline: Deadline) -> Comparison:
    factors: dict[str, Expr] = {}
    for label in labels:
        forms = _shared_forms(a, b, label, deadline)
        try:
            factor = _factor(*forms)
        except _NotProportional as gap:
            return _search(a, b, label, gap, deadline)
        if not is_positive(factor):
            raise UndecidedError(
                f"whether the factor {factor_text(factor)} is positive for every eps was not proved"
            )
        factors[str(label)] = factor
    return _related(factors)


def _shared_forms(a: LossSpec, b: LossSpec, label: int, deadline: Deadline) -> tuple[LabelForm, LabelForm]:
    try:
        converter = Converter(deadline, {})
        return label_form(a, label, deadline, converter), label_form(b, label, deadline, converter)
    except UndecidedError:
        deadline.check()
        converter = region_converter(a.domain, deadline)
        return region_form(a, label, deadline, converter), region_form(b, label, deadline, converter)


def _search(
    a: LossSpec, b: LossSpec, label: int | None, gap: _NotProportional, deadline: Deadline
) -> Comparison:
    """The exact forms differ on an interval: find a point there that shows it, or say "undecided"."""
    labels = label_points(a) if label is None else (S(label),)
    try:
        points = _inside(gap.low, gap.high)
    except UndecidedError:
        points = ()
    tried = [*points, *prediction_points(a)]
    witness = difference(a, b, tried, labels, label is not None, deadline)
    witness = witness or undefined(a, b, points, labels, deadline)
    if witness is not None:
        return _different(witness)
    return Comparison(
        "undecided", None, None, "the forms of the gradients differ, but no point that was tried shows it"
    )


def _inside(low: Endpoint, high: Endpoint) -> tuple[Any, ...]:
    middle = inner_point(low, high)
    left = (middle + low.high) / 2 if low.high is not None else middle - 1
    right = (middle + high.low) / 2 if high.low is not None else middle + 1
    return (left, middle, right)


def _compare_region(a: LossSpec, b: LossSpec, deadline: Deadline) -> Comparison:
    converter = region_converter(a.domain, deadline)
    first, second = (region_form(loss, None, deadline, converter) for loss in (a, b))
    try:
        factor = _factor(first, second, constant=True)
    except _NotProportional as gap:
        return _search(a, b, None, gap, deadline)
    if not is_positive(factor):
        raise UndecidedError(
            f"whether the factor {factor_text(factor)} is positive for every eps was not proved"
        )
    return _related({"y": factor})


def _related(factors: dict[str, Expr]) -> Comparison:
    values = list(factors.values())
    if all(value == 1 for value in values):
        return Comparison("equal", factors, None, "the gradients are equal")
    if all(value == values[0] for value in values):
        return Comparison("proportional", factors, None, f"proportional by {factor_text(values[0])}")
    return Comparison("proportional", factors, None, relation_by_label(factors))


def _factor(a: LabelForm, b: LabelForm, constant: bool = False) -> Expr:
    """Return the factor between two forms of one tower; `constant`: it must not depend on y either.

    Raises:
        _NotProportional: there is an interval on which no factor fits.
    """
    converter, tower = a.converter, a.converter.tower
    found: Element | None = None
    for low, high, left, right in _common_pieces(a.pieces, b.pieces):
        if (left.element is None) != (right.element is None):
            raise _NotProportional(low, high)
        if left.element is None or right.element is None or (left.is_zero and right.is_zero):
            continue
        if left.is_zero or right.is_zero:
            raise _NotProportional(low, high)
        if tower.key(left.element) == tower.key(right.element):
            ratio = tower.one
        else:
            ratio = tower.multiply(left.element, tower.reciprocal(right.element))
        if not tower.slope(ratio).is_zero or (constant and _depends_on_label(converter, ratio)):
            raise _NotProportional(low, high)
        if found is not None and tower.key(found) != tower.key(ratio):
            raise _NotProportional(low, high)
        found = ratio
        if converter.known_sign is None:
            converter.move({yhat: inner_point(low, high), eps: INNER_EPS})
    return S.One if found is None else _simple(found, converter)


def _simple(ratio: Element, converter: Converter) -> Expr:
    """Write a factor that is known not to depend on yhat; roots may still hide that it does not.

    Raises:
        UndecidedError: it is too long to write.
    """
    if converter.tower.weight(ratio) > LONGEST_FACTOR:
        raise UndecidedError("the factor between the gradients is too long to write")
    factor = converter.expression(ratio)
    if yhat in factor.free_symbols:
        raise UndecidedError("the factor between the gradients could not be written without yhat")
    if factor.is_number or not factor.is_rational_function(eps):
        return factor
    return factor.cancel()


def _depends_on_label(converter: Converter, ratio: Element) -> bool:
    return y in converter.expression(ratio).free_symbols


def _common_pieces(
    a: tuple[FormPiece, ...], b: tuple[FormPiece, ...]
) -> list[tuple[Endpoint, Endpoint, FormPiece, FormPiece]]:
    """Cut two lists of pieces of the same domain at the ends of both.

    Raises:
        UndecidedError: two ends could not be told apart.
    """
    result = []
    i = j = 0
    low = a[0].low
    while i < len(a) and j < len(b):
        left, right = a[i], b[j]
        if left.end == right.end or _is_root(left.high, right.high) or _is_root(right.high, left.high):
            high, i, j = left.high, i + 1, j + 1
        elif precedes(left.high, right.high):
            high, i = left.high, i + 1
        else:
            high, j = right.high, j + 1
        result.append((low, high, left, right))
        low = high
    return result


def _is_root(number: Endpoint, end: Endpoint) -> bool:
    """Return whether a rational endpoint is the one zero that another endpoint stands for."""
    if not number.is_rational or end.is_rational or end.function is None:
        return False
    if not end.low <= number.low <= end.high:
        return False
    return end.function.xreplace({yhat: number.low}) is S.Zero
