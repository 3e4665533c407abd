"""Properties of a loss with binary labels that matter for training, each proved, refuted or undecided.

With g0 and g1 the gradients for y = 0 and y = 1, the expected loss for P(y=1) = p
is least where p g1 + (1 - p) g0 = 0, that is at p = g0/(g0 - g1) =: phi(yhat).
Where phi increases strictly and the gradients have the right signs, the best
prediction is unique and increases with p; where phi(yhat) = yhat, it equals p.
The gradient after a sigmoid is g yhat (1 - yhat).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import pairwise

import sympy
from mpmath import mp
from sympy import Expr, Rational
from sympy.polys.polyerrors import BasePolynomialError

from symloss.formula.spec import LossSpec
from symloss.signature import Labels, eps, y, yhat
from symloss.symbolic.arithmetic.precise import is_real, precise
from symloss.symbolic.arithmetic.tape import UnsupportedFunctionError
from symloss.symbolic.direction.proof import BINARY_PROPERTIES, NOT_APPLICABLE, DirectionProof, Property
from symloss.symbolic.field.convert import Converter
from symloss.symbolic.field.smooth import derivative
from symloss.symbolic.pieces.breaks import change_at
from symloss.symbolic.pieces.common_cells import Cell, common_cells
from symloss.symbolic.pieces.resolve import Piece
from symloss.symbolic.properties.consistency import consistency
from symloss.symbolic.properties.float_range import float32_property
from symloss.symbolic.properties.gradient_bound import bounded_gradient
from symloss.symbolic.properties.interval_labels import filled_properties
from symloss.symbolic.roots.endpoint import Endpoint
from symloss.symbolic.signs.limits import Limit, limit_at
from symloss.symbolic.signs.sign_proof import prove_sign
from symloss.symbolic.undecided import OUT_OF_REACH, Deadline, UndecidedError

Pieces = dict[int, tuple[Piece, ...]]

_BINARY_ONLY = "a question about labels 0 and 1"

_GIVEN_UP = (UndecidedError, UnsupportedFunctionError, BasePolynomialError, *OUT_OF_REACH)
"""What means "undecided": the third is SymPy's, for coefficients outside of its domains."""


def properties_of(
    loss: LossSpec, pieces: Pieces, direction: tuple[DirectionProof, ...], deadline: Deadline
) -> Iterator[Property]:
    """Decide the properties of a loss; yield each as it is decided.

    Args:
        loss: the loss; an open eps counts at its default value.
        pieces: its pieces by label, as from `symloss.symbolic.direction.proved.resolved_pieces`.
        direction: the proofs of its direction.
        deadline: when to stop with "undecided".
    """
    fixed = loss.with_eps(loss.eps_value) if loss.has_eps else loss
    found: dict[str, Property] = {}
    yield _decided("scale", lambda: _scale(fixed))
    yield _decided("finite_float32", lambda: float32_property(fixed, deadline))
    questions: dict[str, Callable[[], Property]] = {
        "convex": lambda: _convex("convex", pieces, None, deadline),
        "convex_in_logit": lambda: _convex(
            "convex_in_logit", pieces, None if loss.takes_score else _after_sigmoid, deadline
        ),
        "bounded_gradient": lambda: bounded_gradient(loss, pieces, deadline),
        "saturation": lambda: _saturation(fixed, pieces, deadline),
        "symmetric": lambda: _symmetric(fixed, pieces, deadline),
    }
    if loss.domain.labels is not Labels.BINARY:
        found |= filled_properties(
            loss, direction, lambda group: _convex("convex", group, None, deadline), deadline
        )
        yield from found.values()
        yield from (Property(name, NOT_APPLICABLE, detail=_BINARY_ONLY) for name in BINARY_PROPERTIES)
        return
    unreal = [label for label, group in pieces.items() if not all(piece.is_real for piece in group)]
    usable = set(pieces) == {0, 1} and not unreal
    if unreal:
        labels = " and ".join(f"y = {label}" for label in unreal)
        reason = f"the loss is not a real number everywhere for {labels}"
    else:
        reason = "the pieces are not settled"
    for name, question in questions.items():
        found[name] = Property(name, "undecided", detail=reason)
        if usable:
            found[name] = _decided(name, question)
        yield found[name]
    for name in ("fisher_consistent", "proper"):
        found[name] = Property(name, "undecided", detail=reason)
    if usable:
        try:
            found |= consistency(loss, pieces[0], pieces[1], direction, deadline)
        except OUT_OF_REACH:
            for name in ("fisher_consistent", "proper"):
                found[name] = Property(name, "undecided", detail="not settled in the time limit")
    yield from (found[name] for name in ("fisher_consistent", "proper"))
    yield Property("elicits", NOT_APPLICABLE, detail="for labels that fill an interval")


def one_sided_properties(loss: LossSpec, pieces: tuple[Piece, ...], deadline: Deadline) -> Iterator[Property]:
    """Decide what is a question of one label alone: whether the loss is convex, and whether its gradient is bounded.

    Args:
        loss: a loss of a score, read at label 1; an open eps counts at its default value.
        pieces: its pieces at that label.
        deadline: when to stop with "undecided".
    """
    if not all(piece.is_real for piece in pieces):
        return
    group = {1: pieces}
    yield _decided("convex", lambda: _convex("convex", group, None, deadline))
    yield _decided("bounded_gradient", lambda: bounded_gradient(loss, group, deadline))


def _decided(name: str, question: Callable[[], Property]) -> Property:
    try:
        return question()
    except _GIVEN_UP:
        return Property(name, "undecided", detail="not settled in the time limit")


def _after_sigmoid(gradient: Expr) -> Expr:
    return gradient * yhat * (1 - yhat)


def _convex(
    name: str, pieces: Pieces, transform: Callable[[Expr], Expr] | None, deadline: Deadline
) -> Property:
    """Decide whether the gradient never decreases: on the pieces, and across breakpoints."""
    undecided = False
    for label, group in pieces.items():
        slopes = [piece.gradient if transform is None else transform(piece.gradient) for piece in group]
        for piece, slope in zip(group, slopes, strict=True):
            proof = prove_sign(derivative(slope, yhat), piece.low, piece.high, 1, deadline)
            if proof.status == "refuted" and proof.witness is not None:
                point = float(proof.witness)
                detail = f"for y = {label} it bends down at yhat = {point:.6g}"
                return Property(name, "refuted", detail=detail, witness={"yhat": point, "y": float(label)})
            undecided |= proof.status != "proved"
        for (left, right), (before, after) in zip(pairwise(group), pairwise(slopes), strict=True):
            pole = change_at(left.value, right.value, left.high) == math.inf
            value = None if pole else _step(left.value, right.value, left.high, deadline)
            step = None if pole else _step(before, after, left.high, deadline)
            place = left.high.approximation
            if pole or value or step == -1:
                what = "has a pole" if pole else "jumps" if value else "has a kink that bends down"
                witness = {"yhat": place, "y": float(label)}
                return Property(
                    name,
                    "refuted",
                    detail=f"for y = {label} it {what} at yhat = {place:.6g}",
                    witness=witness,
                )
            undecided |= value is None or step is None
    return Property(name, "undecided" if undecided else "proved")


def _step(before: Expr, after: Expr, place: Endpoint, deadline: Deadline) -> int | None:
    """Return the sign of after - before at a breakpoint: 0 where they provably meet, None where it is not settled."""
    if place.low is None or place.high is None:
        return None
    near = place.refine(Rational(1, 10**60))
    assert near.low is not None and near.high is not None
    difference = precise(after - before, {yhat: (near.low + near.high) / 2}, 80)[0]
    size = 1 + abs(precise(before, {yhat: (near.low + near.high) / 2}, 80)[0])
    if not (is_real(difference) and is_real(size)):
        return None
    if abs(difference) > size * sympy.Float("1e-40"):
        return 1 if difference > 0 else -1
    if not near.is_rational:
        return None
    value = (after - before).xreplace({yhat: near.low})
    return 0 if value == 0 or Converter(deadline, {}).element(value).is_zero else None


def _saturation(loss: LossSpec, pieces: Pieces, deadline: Deadline) -> Property:
    """Say what is left of the gradient by the logit where the prediction is wrong beyond doubt."""
    limits: dict[str, Limit | None] = {}
    for label, group in pieces.items():
        piece, end, side = (group[-1], group[-1].high, -1) if label == 0 else (group[0], group[0].low, 1)
        slope = piece.gradient if loss.takes_score else _after_sigmoid(piece.gradient)
        limits[str(label)] = limit_at(slope, end, side, deadline)
    known = {label: limit for label, limit in limits.items() if limit is not None}
    value = ", ".join(f"{limit.kind} for y = {label}" for label, limit in known.items())
    kinds = {limit.kind for limit in known.values()}
    detail = "; ".join(
        f"y = {k}: limit {limit.value:.6g}" for k, limit in known.items() if limit.value is not None
    )
    if len(known) < len(limits):
        return Property("saturation", "undecided", value or None, detail)
    return Property("saturation", "proved", kinds.pop() if len(kinds) == 1 else value, detail)


def _symmetric(loss: LossSpec, pieces: Pieces, deadline: Deadline) -> Property:
    """Decide whether f(yhat, 0) + f(yhat, 1) is constant."""
    for point in (
        Rational(37, 100),
        Rational(3, 50),
        Rational(91, 100),
        Rational(17, 7) if loss.takes_score else Rational(1, 2),
    ):
        slopes = [_gradient(loss, point, label) for label in (0, 1)]
        if not all(map(is_real, slopes)):
            continue
        total = slopes[0] + slopes[1]
        if abs(total) > sympy.Float("1e-40") * (abs(slopes[0]) + 1):
            witness = {"yhat": float(point)}
            detail = f"its derivative is {float(total):.6g} at yhat = {float(point):g}"
            return Property("symmetric", "refuted", detail=detail, witness=witness)
    cells: list[Cell] | None = common_cells(pieces[0], pieces[1])
    if cells is None:
        return Property("symmetric", "undecided")
    for cell in cells:
        total = cell.first.gradient + cell.second.gradient
        if not Converter(deadline, {yhat: cell.inside}).element(total).is_zero:
            return Property("symmetric", "undecided")
        if not abs(precise(total, {yhat: cell.inside})[0]) <= 1e-40:
            return Property("symmetric", "undecided")
    for label in (0, 1):
        for left, right in pairwise(pieces[label]):
            if _step(left.value, right.value, left.high, deadline) != 0:
                return Property("symmetric", "undecided")
    return Property("symmetric", "proved")


def _gradient(loss: LossSpec, point: Rational, label: int) -> sympy.Float:
    return precise(loss.expression, {yhat: point, y: label, eps: Rational(repr(loss.eps_value))})[1]


def _scale(loss: LossSpec) -> Property:
    """Return the sizes of the gradient in the middle of the domain, where the loss is a real number there."""
    point = Rational(0) if loss.takes_score else Rational(1, 2)
    where = "yhat = 0" if loss.takes_score else "yhat = 0.5"
    at = {yhat: point, eps: Rational(repr(loss.eps_value))}
    found = [precise(loss.expression, {**at, y: label}) for label in (0, 1)]
    for label, (value, slope) in enumerate(found):
        if not (is_real(value) and is_real(slope)):
            what = "gradient" if is_real(value) else "loss"
            detail = f"the {what} is not a real number at {where} for y = {label}"
            return Property(
                "scale", "refuted", detail=detail, witness={"yhat": float(point), "y": float(label)}
            )
    sizes = [abs(float(slope)) for _, slope in found]
    texts = [
        mp.nstr(abs(slope), 6) if math.isinf(size) else f"{size:.6g}"
        for (_, slope), size in zip(found, sizes, strict=True)
    ]
    detail = f"|gradient| at {where}: {texts[0]} for y = 0, {texts[1]} for y = 1"
    return Property("scale", "proved", sum(sizes) / 2, detail)
