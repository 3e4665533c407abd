"""Direction where labels fill an interval: the gradient must have the sign of yhat - y.

A loss of the error yhat - y alone is a function of one variable, and its pieces
are proved one by one. Others are looked at on the regions yhat < y and yhat > y, as
functions of two variables. The labels 0 and 1 are also proved on their own, because
protected functions may jump there.
"""

from __future__ import annotations

import math
from dataclasses import replace

import sympy
from sympy import Expr, Rational

from symloss.domain import Labels, y, yhat
from symloss.loss import Loss
from symloss.ops.construct import NumberLimitError, substitute
from symloss.symbolic.endpoint import Endpoint
from symloss.symbolic.every_eps import holds_for_every_eps
from symloss.symbolic.orthant import real_regions, slope_sign, unit_regions
from symloss.symbolic.pieces import domain_ends, label_expression, resolve
from symloss.symbolic.places import end_text, inner_rational
from symloss.symbolic.report import ZERO_NOTE, DirectionProof
from symloss.symbolic.sampled import SampledDirection
from symloss.symbolic.sign_proof import SignProof, prove_sign
from symloss.symbolic.tape import Tape
from symloss.symbolic.undecided import Deadline, UndecidedError
from symloss.symbolic.witness import Witness, verified_witness

_ERROR = sympy.Symbol("error", real=True)


def prove_filled(loss: Loss, sampled: SampledDirection, tape: Tape, deadline: Deadline) -> DirectionProof:
    """Decide the direction of a loss whose labels fill an interval.

    Args:
        loss: the loss, with unit or real labels.
        sampled: what sampled pairs show: a source of witnesses.
        tape: the loss's expression.
        deadline: when to stop with "undecided".
    """
    witness = _sampled_witness(loss, sampled, tape)
    if witness is not None:
        return DirectionProof("y", "refuted", witness=witness)
    fixed = loss.with_eps(loss.eps_value) if loss.has_eps else loss
    is_open = loss.has_eps and loss.eps is None
    try:
        found = _of_error(fixed, tape, deadline)
        if found is None:
            found = _not_real(fixed, deadline) or _on_regions(fixed, deadline)
    except (UndecidedError, NumberLimitError):
        found = DirectionProof("y", "undecided")
    if not is_open:
        return found
    scope = f"eps = {loss.eps_value:g}"
    if found.status == "proved" and _for_every_eps(loss, deadline):
        scope = "every eps > 0"
    return replace(found, scope=scope)


def _for_every_eps(loss: Loss, deadline: Deadline) -> bool:
    """Prove the direction with eps as one more positive variable, on both sides of the diagonal."""
    unit = loss.domain.labels is Labels.UNIT and not loss.takes_score
    regions = unit_regions() if unit else real_regions()
    try:
        expression = label_expression(loss, y)
        if not all(slope_sign(expression, region, deadline) in (0, want) for region, want in regions):
            return False
        # The ends of a unit interval are edges of the regions, where protected functions may jump.
        return not unit or all(holds_for_every_eps(loss, label, 1 - 2 * label, deadline) for label in (0, 1))
    except (UndecidedError, NumberLimitError):
        return False


def _not_real(loss: Loss, deadline: Deadline) -> DirectionProof | None:
    """Refute a loss that is not a real number somewhere, for a label inside of its interval."""
    low, high = domain_ends(loss.domain)
    label = Rational(1, 2)
    for piece in resolve(label_expression(loss, label), low, high, deadline):
        if not piece.is_real:
            ends = f"({end_text(piece.low)}, {end_text(piece.high)})"
            note = f"the loss is not a real number on {ends} for y = {label}"
            point = float(inner_rational(piece.low, piece.high))
            witness = Witness(point, float(label), loss.eps if loss.has_eps else None, math.nan)
            return DirectionProof("y", "refuted", witness=witness, note=note)
    return None


def _sampled_witness(loss: Loss, sampled: SampledDirection, tape: Tape) -> Witness | None:
    candidate = sampled.wrong.get("y")
    if candidate is None:
        return None
    point, label, _ = candidate
    want = 1 if point > label else -1
    return verified_witness(tape, point, label, loss.eps_value, loss.has_eps, want)


def _of_error(loss: Loss, tape: Tape, deadline: Deadline) -> DirectionProof | None:
    """Decide a loss of yhat - y alone; None if it is not one."""
    expression = substitute(label_expression(loss, y), {y: yhat - _ERROR})
    if yhat in expression.free_symbols:
        expression = (
            sympy.expand(expression)
            if expression.count_ops() < 60 and not expression.has(sympy.Max)
            else expression
        )
    if yhat in expression.free_symbols:
        return None
    expression = expression.xreplace({_ERROR: yhat})
    bounded = loss.domain.labels is Labels.UNIT and not loss.takes_score
    zero = Endpoint.rational(Rational(0))
    parts = []
    for want in (1, -1):
        end = Endpoint.rational(Rational(want), "domain") if bounded else Endpoint.infinite(want)
        low, high = (zero, end) if want > 0 else (end, zero)
        for piece in resolve(expression, low, high, deadline):
            proof = (
                prove_sign(piece.gradient, piece.low, piece.high, want, deadline) if piece.is_real else None
            )
            if proof is None or proof.status == "undecided":
                return DirectionProof("y", "undecided", note="a loss of the error yhat - y alone")
            if proof.status == "refuted" and proof.witness is not None:
                return _refuted(loss, tape, proof, want)
            parts.append((piece, proof))
    if all(proof.zero for _, proof in parts):
        return _zero(loss)
    flat = [piece for piece, proof in parts if proof.zero]
    stricts = [proof.strict for _, proof in parts]
    strict = False if False in stricts else None if None in stricts else True
    note = ""
    if flat:
        spans = ", ".join(f"({piece.low.approximation:g}, {piece.high.approximation:g})" for piece in flat)
        note = f"the gradient is zero where yhat - y is in {spans}"
    return DirectionProof("y", "proved", strict, note=note)


def _zero(loss: Loss) -> DirectionProof:
    witness = Witness(0.5, 0.25, loss.eps if loss.has_eps else None, 0.0)
    return DirectionProof("y", "refuted", False, witness=witness, note=ZERO_NOTE)


def _refuted(loss: Loss, tape: Tape, proof: SignProof, want: int) -> DirectionProof:
    """Turn an error with the wrong sign into a pair (yhat, y) of the domain."""
    assert proof.witness is not None
    error = float(proof.witness)
    places = (
        (0.5 + error / 2, 0.0) if loss.domain.labels is Labels.UNIT and not loss.takes_score else (error, 0.0)
    )
    for point in places:
        witness = verified_witness(tape, point, point - error, loss.eps_value, loss.has_eps, want)
        if witness is not None:
            return DirectionProof("y", "refuted", witness=witness)
    return DirectionProof("y", "undecided")


def _on_regions(loss: Loss, deadline: Deadline) -> DirectionProof:
    """Prove on the regions beside the diagonal; nothing is refuted here."""
    unit = loss.domain.labels is Labels.UNIT and not loss.takes_score
    expression = label_expression(loss, y)
    signs = []
    for region, want in unit_regions() if unit else real_regions():
        found = slope_sign(expression, region, deadline)
        if found not in (0, want):
            return DirectionProof("y", "undecided")
        signs.append(found)
    for label in (0, 1) if loss.domain.labels is Labels.UNIT else (0,):
        if not _at_label(loss, label, label_expression(loss, label), deadline):
            return DirectionProof("y", "undecided")
    if not any(signs):
        return _zero(loss)
    return DirectionProof("y", "proved", all(signs) or None)


def _at_label(loss: Loss, label: int, expression: Expr, deadline: Deadline) -> bool:
    """Prove the direction at one label, on both sides of it."""
    low, high = domain_ends(loss.domain)
    here = Endpoint.rational(Rational(label))
    sides = [(low, here, -1), (here, high, 1)]
    for left, right, want in sides:
        if left.is_rational and right.is_rational and left.low == right.low:
            continue
        for piece in resolve(expression, left, right, deadline):
            if (
                not piece.is_real
                or prove_sign(piece.gradient, piece.low, piece.high, want, deadline).status != "proved"
            ):
                return False
    return True
