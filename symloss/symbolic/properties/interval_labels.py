"""Properties of a loss whose labels fill an interval: convexity, the bound of its gradient, and what it elicits."""

from __future__ import annotations

from collections.abc import Callable

import sympy
from sympy import Abs, Expr, Max, Min, Rational

from symloss.formula.spec import LossSpec
from symloss.ops.construct import NumberLimitError, exact_number
from symloss.ops.protected import SmoothedFunction, aq, guard, pexp
from symloss.signature import Domain, Input, Labels, eps, y, yhat
from symloss.symbolic.arithmetic.precise import is_real, precise
from symloss.symbolic.arithmetic.tape import UnsupportedFunctionError
from symloss.symbolic.direction.interval_labels import end_labels, error_expression, of_mean
from symloss.symbolic.direction.proof import DirectionProof, Property
from symloss.symbolic.field.convert import Converter
from symloss.symbolic.pieces.resolve import Piece, domain_ends, label_expression, label_pieces, resolve
from symloss.symbolic.properties.elicits import elicits
from symloss.symbolic.properties.gradient_bound import UnboundedError, supremum
from symloss.symbolic.roots.endpoint_order import end_text
from symloss.symbolic.signs.limits import limit_at
from symloss.symbolic.signs.one_sign_region import element_sign, sides_of
from symloss.symbolic.undecided import Deadline, UndecidedError

Pieces = dict[int, tuple[Piece, ...]]

_TRIED = tuple(Rational(n, 16) for n in (-45, -13, -3, 2, 7, 11, 23, 70))
"""Predictions between which the gradient of a convex loss may not fall."""


def filled_properties(
    loss: LossSpec,
    direction: tuple[DirectionProof, ...],
    convex_on: Callable[[Pieces], Property],
    deadline: Deadline,
) -> dict[str, Property]:
    """Decide the properties that losses of all labels have.

    Args:
        loss: the loss, with unit, real or positive labels; an open eps counts at its default value.
        direction: the proof of its direction.
        convex_on: decides convexity on the pieces of functions of yhat, by a name each.
        deadline: when to stop with "undecided".
    """
    fixed = loss.with_eps(loss.eps_value) if loss.has_eps else loss
    is_right = all(proof.status == "proved" and not proof.zero for proof in direction)
    questions: dict[str, Callable[[], Property]] = {
        "convex": lambda: _convex(fixed, is_right, convex_on, deadline),
        "bounded_gradient": lambda: _bounded(fixed, deadline),
        "elicits": lambda: elicits(of_mean(fixed), is_right, deadline),
    }
    found = {}
    for name, question in questions.items():
        found[name] = Property(name, "undecided", detail="not settled")
        try:
            found[name] = question()
        except (UndecidedError, UnsupportedFunctionError, NumberLimitError, TypeError):
            continue
    return found


def _convex(
    loss: LossSpec, is_right: bool, convex_on: Callable[[Pieces], Property], deadline: Deadline
) -> Property:
    """Decide whether the loss is convex in yhat for every label."""
    fall = _fall(loss)
    if fall is not None:
        first, second, label = fall
        detail = f"for y = {float(label):g} the gradient falls between yhat = {float(first):g} and {float(second):g}"
        return Property("convex", "refuted", detail=detail, witness={"yhat": float(first), "y": float(label)})
    error = error_expression(loss)
    if error is not None:
        found = convex_on({0: _error_pieces(loss, error, deadline)})
        return Property("convex", "proved") if found.status == "proved" else Property("convex", "undecided")
    if loss.domain.input is Input.LOG:
        return _convex_at_log(loss, deadline)
    if not is_right or not _is_continuous(loss.expression):
        return Property("convex", "undecided", detail="not settled")
    for region, _ in sides_of(loss.domain):
        converter = Converter(deadline, region.inside, region.sign)
        tower = converter.tower
        slope = tower.slope(converter.element(label_expression(loss, y)))
        if any(generator.kind == "sign" for generator in tower.generators):
            return Property("convex", "undecided", detail="not settled")
        if element_sign(converter, tower.slope(slope), region) not in (0, 1):
            return Property("convex", "undecided", detail="not settled")
    # the gradient has the right sign on both sides of y, so it does not fall there either
    return Property("convex", "proved")


def _convex_at_log(loss: LossSpec, deadline: Deadline) -> Property:
    """Decide convexity by the logarithm of the mean: m d/dm (m df/dm) >= 0 for every mean m."""
    mean = of_mean(loss)
    if mean.expression.has(Max, Min, Abs, sympy.sign, SmoothedFunction, guard, pexp, aq):
        return Property("convex", "undecided", detail="not settled")
    for region, _ in sides_of(mean.domain):
        converter = Converter(deadline, region.inside, region.sign)
        tower = converter.tower
        place = converter.element(yhat)
        first = tower.multiply(place, tower.slope(converter.element(label_expression(mean, y))))
        if element_sign(converter, tower.slope(first), region) not in (0, 1):
            return Property("convex", "undecided", detail="not settled")
    return Property("convex", "proved")


def _is_continuous(expression: Expr) -> bool:
    return not expression.has(sympy.sign, SmoothedFunction)


def _fall(loss: LossSpec) -> tuple[Rational, Rational, Rational] | None:
    """Return two predictions and a label between which the gradient falls, found with 60 digits."""
    low, high = loss.domain.yhat_range
    points = [point for point in _TRIED if low < point < high]
    for label in _labels(loss.domain):
        values = {y: label, eps: exact_number(loss.eps_value)}
        slopes = [precise(loss.expression, {**values, yhat: point})[1] for point in points]
        for (first, before), (second, after) in zip(
            zip(points, slopes, strict=True), zip(points[1:], slopes[1:], strict=False), strict=False
        ):
            if not (is_real(before) and is_real(after)):
                continue
            if float(before) - float(after) > 1e-9 * (1 + abs(float(before))):
                return first, second, label
    return None


def _labels(domain: Domain) -> tuple[Rational, ...]:
    if domain.labels is Labels.UNIT:
        return Rational(0), Rational(1), Rational(5, 16)
    ends = tuple(Rational(label) for label in end_labels(domain))
    more = (Rational(-9, 4),) if domain.labels is Labels.REAL else ()
    return *ends, Rational(1), Rational(9, 4), *more


def _error_pieces(loss: LossSpec, expression: Expr, deadline: Deadline) -> tuple[Piece, ...]:
    low, high = domain_ends(loss.domain)
    if loss.domain.labels is Labels.UNIT and not loss.takes_score:
        low = type(low).rational(Rational(-1), "domain")
    elif loss.domain.input is Input.POSITIVE:
        low = type(low).infinite(-1)
    return resolve(expression, low, high, deadline)


def _bounded(loss: LossSpec, deadline: Deadline) -> Property:
    """Decide whether |gradient| is bounded over all pairs; for losses not of the error, only that it is not."""
    error = error_expression(loss)
    if error is not None:
        return _bounded_error(_error_pieces(loss, error, deadline), deadline)
    for label in _labels(loss.domain):
        for piece in label_pieces(loss, label, deadline):
            if not piece.is_real:
                continue
            for end, side in ((piece.low, 1), (piece.high, -1)):
                limit = limit_at(piece.gradient, end, side, deadline)
                if limit is not None and limit.kind == "explodes":
                    detail = f"for y = {float(label):g} it explodes as yhat tends to {end_text(end)}"
                    return Property("bounded_gradient", "refuted", "infinity", detail)
    return Property("bounded_gradient", "undecided", detail="not settled for every label at once")


def _bounded_error(pieces: tuple[Piece, ...], deadline: Deadline) -> Property:
    try:
        found = [supremum(piece, number, deadline) for number, piece in enumerate(pieces)]
    except UnboundedError as error:
        return Property(
            "bounded_gradient", "refuted", "infinity", f"it explodes {error}".replace("yhat", "yhat - y")
        )
    if any(value is None for value in found):
        return Property("bounded_gradient", "undecided", detail="no bound is proved")
    best = max((value for value in found if value is not None), key=lambda value: value.size)
    lead = "the supremum is" if best.exact is not None else "at most"
    where = f" ({best.where})".replace("yhat", "yhat - y") if best.where else ""
    return Property("bounded_gradient", "proved", best.size, f"{lead} {best.size:.6g} for every y{where}")
