"""Direction where labels fill an interval: the gradient must have the sign of yhat - y.

A loss of the error yhat - y alone is a function of one variable, and its pieces
are proved one by one. Others are looked at on the regions yhat < y and yhat > y, as
functions of two variables. The labels 0 and 1 are also proved on their own, because
protected functions may jump there and terms such as log(y) are not real numbers.

Where yhat is the logarithm of a mean, the question is put for the mean: a loss has the same
direction in both, because the one increases with the other.
"""

from __future__ import annotations

import math
from dataclasses import replace

import sympy
from sympy import Expr, Rational

from symloss.formula.spec import LossSpec
from symloss.ops.construct import NumberLimitError, substitute
from symloss.signature import Domain, Input, Labels, y, yhat
from symloss.symbolic.arithmetic.tape import Tape
from symloss.symbolic.direction.label_ends import at_label
from symloss.symbolic.direction.proof import ZERO_NOTE, DirectionProof
from symloss.symbolic.direction.sampled import SampledDirection
from symloss.symbolic.direction.witness import Witness, verified_witness
from symloss.symbolic.pieces.resolve import domain_ends, label_expression, resolve
from symloss.symbolic.roots.endpoint import Endpoint
from symloss.symbolic.roots.endpoint_order import end_text, inner_rational
from symloss.symbolic.signs.one_sign_region import (
    Region,
    Sides,
    finer_sides_of,
    sides_of,
    slope_sign,
    strip_sides,
)
from symloss.symbolic.signs.sign_proof import SignProof, prove_sign
from symloss.symbolic.undecided import Deadline, UndecidedError

_OTHER = sympy.Symbol("error", real=True)


def prove_filled(loss: LossSpec, sampled: SampledDirection, tape: Tape, deadline: Deadline) -> DirectionProof:
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
        fixed = of_mean(fixed)
        found = _of_error(fixed, tape, deadline)
        if found is None or found.status == "undecided":
            found = _not_real(fixed, deadline) or _on_regions(fixed, deadline)
    except (UndecidedError, NumberLimitError):
        found = DirectionProof("y", "undecided")
    if found.witness is not None and loss.domain.input is Input.LOG:
        found = _by_logarithm(loss, tape, found)
    if not is_open:
        return found
    scope = f"eps = {loss.eps_value:g}"
    if found.status == "proved" and _for_every_eps(loss, deadline):
        scope = "every eps > 0"
    return replace(found, scope=scope)


def of_mean(loss: LossSpec) -> LossSpec:
    """Return a loss of the logarithm of the mean as one of the mean; others come back as they are."""
    if loss.domain.input is not Input.LOG:
        return loss
    expression = substitute(loss.expression, {yhat: sympy.log(yhat, evaluate=False)})
    return LossSpec(expression, eps=loss.eps, labels=loss.domain.labels, input=Input.POSITIVE, name=loss.name)


def _by_logarithm(loss: LossSpec, tape: Tape, found: DirectionProof) -> DirectionProof:
    """Turn a witness at a mean into one at its logarithm."""
    assert found.witness is not None
    mean, label = found.witness.yhat, found.witness.y
    if not mean > 0:
        return DirectionProof("y", "undecided")
    point = math.log(mean)
    if math.isnan(found.witness.gradient) or found.zero:
        return replace(found, witness=replace(found.witness, yhat=point))
    want = of_mean(loss).domain.wanted_sign({"yhat": mean, "y": label})
    witness = verified_witness(tape, point, label, loss.eps_value, loss.has_eps, want)
    return DirectionProof("y", "undecided") if witness is None else replace(found, witness=witness)


def _for_every_eps(loss: LossSpec, deadline: Deadline) -> bool:
    """Prove the direction with eps as one more positive variable, on both sides of the diagonal."""
    try:
        loss = of_mean(loss)
        if not _on_all(loss, sides_of(loss.domain), deadline):
            return False
        # The ends of the labels are edges of the regions, where protected functions may jump.
        return all(
            slope_sign(label_expression(loss, label), region, deadline) in (0, want)
            for label in end_labels(loss.domain)
            for region, want in strip_sides(loss.domain, label)
        )
    except (UndecidedError, NumberLimitError):
        return False


def _on_all(loss: LossSpec, sides: Sides, deadline: Deadline) -> bool:
    expression = label_expression(loss, y)
    return all(slope_sign(expression, region, deadline) in (0, want) for region, want in sides)


def end_labels(domain: Domain) -> tuple[int, ...]:
    """Return the labels that are looked at on their own: ends of their interval, and 0, where signs switch."""
    return (0, 1) if domain.labels is Labels.UNIT else (0,)


def _not_real(loss: LossSpec, deadline: Deadline) -> DirectionProof | None:
    """Refute a loss that is not a real number somewhere, for a label inside of its interval."""
    low, high = domain_ends(loss.domain)
    label = Rational(1, 2)
    for piece in resolve(label_expression(loss, label), low, high, deadline):
        if not piece.is_real:
            ends = f"({end_text(piece.low)}, {end_text(piece.high)})"
            note = f"the loss is not a real number on {ends} for y = {label}"
            return not_real(loss, float(inner_rational(piece.low, piece.high)), float(label), note)
    return None


def not_real(loss: LossSpec, point: float, label: float, note: str) -> DirectionProof:
    """Return the refutation of a loss that is not a real number at a pair."""
    witness = Witness(point, label, loss.eps if loss.has_eps else None, math.nan)
    return DirectionProof("y", "refuted", witness=witness, note=note)


def _sampled_witness(loss: LossSpec, sampled: SampledDirection, tape: Tape) -> Witness | None:
    candidate = sampled.wrong.get("y")
    if candidate is None:
        return None
    point, label, _ = candidate
    want = loss.domain.wanted_sign({"yhat": point, "y": label})
    return verified_witness(tape, point, label, loss.eps_value, loss.has_eps, want)


def _of_error(loss: LossSpec, tape: Tape, deadline: Deadline) -> DirectionProof | None:
    """Decide a loss of yhat - y alone; None if it is not one."""
    core, rest = _without_labels(loss)
    expression = error_expression(core)
    if expression is None:
        return None
    if rest and not all(slope_sign(rest, region, deadline) == 0 for region, _ in sides_of(loss.domain)):
        return None
    bounded = loss.domain.labels is Labels.UNIT and not loss.takes_score
    zero = Endpoint.rational(Rational(0))
    parts = []
    for side in (1, -1):
        want = loss.domain.wanted_sign({"yhat": max(side, 0), "y": max(-side, 0)})
        end = Endpoint.rational(Rational(side), "domain") if bounded else Endpoint.infinite(side)
        low, high = (zero, end) if side > 0 else (end, zero)
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
    return (
        _with_ends(loss, DirectionProof("y", "proved", strict, note=note), deadline)
        if rest
        else DirectionProof("y", "proved", strict, note=note)
    )


def _without_labels(loss: LossSpec) -> tuple[LossSpec, Expr]:
    """Split a loss into what holds yhat and the sum of the terms that do not: they have no part in the gradient."""
    terms = sympy.Add.make_args(loss.expression)
    rest = [term for term in terms if y in term.free_symbols and yhat not in term.free_symbols]
    if not rest or len(rest) == len(terms):
        return loss, sympy.Integer(0)
    core = sympy.Add(*(term for term in terms if term not in rest))
    return LossSpec(core, eps=loss.eps, labels=loss.domain.labels, input=loss.domain.input), sympy.Add(*rest)


def error_expression(loss: LossSpec) -> Expr | None:
    """Return a loss of the error yhat - y alone, with the error named yhat; None if it is not one."""
    expression = substitute(label_expression(loss, y), {y: yhat - _OTHER})
    if yhat in expression.free_symbols:
        expression = (
            sympy.expand(expression)
            if expression.count_ops() < 60 and not expression.has(sympy.Max)
            else expression
        )
    return None if yhat in expression.free_symbols else expression.xreplace({_OTHER: yhat})


def _zero(loss: LossSpec) -> DirectionProof:
    witness = Witness(0.5, 0.25, loss.eps if loss.has_eps else None, 0.0)
    return DirectionProof("y", "refuted", False, witness=witness, note=ZERO_NOTE)


def _refuted(loss: LossSpec, tape: Tape, proof: SignProof, want: int) -> DirectionProof:
    """Turn an error with the wrong sign into a pair (yhat, y) of the domain."""
    assert proof.witness is not None
    error = float(proof.witness)
    if loss.domain.labels is Labels.POSITIVE:
        places = tuple(max(error, 0.0) + more for more in (0.0, 1.0, 2.0**-10))
    elif loss.domain.labels is Labels.UNIT and not loss.takes_score:
        places = (0.5 + error / 2, 0.0)
    else:
        places = (error, 0.0)
    for point in places:
        # the mean of a loss of its logarithm: the caller turns it into a point of the loss itself
        own = Tape.of(loss.expression) if loss.domain.input is Input.POSITIVE else tape
        witness = verified_witness(own, point, point - error, loss.eps_value, loss.has_eps, want)
        if witness is not None:
            return DirectionProof("y", "refuted", witness=witness)
    return DirectionProof("y", "undecided")


def _on_regions(loss: LossSpec, deadline: Deadline) -> DirectionProof:
    """Prove on the regions beside the diagonal; nothing is refuted there, but at the labels on their own."""
    signs = _region_signs(loss, sides_of(loss.domain), deadline)
    if signs is None and finer_sides_of(loss.domain) != sides_of(loss.domain):
        signs = _region_signs(loss, finer_sides_of(loss.domain), deadline)
    found = DirectionProof("y", "undecided")
    if signs is not None:
        note = "" if all(signs) else "the gradient is zero on a part of the domain"
        found = DirectionProof("y", "proved", all(signs), note=note)
    found = _with_ends(loss, found, deadline)
    return _zero(loss) if found.status == "proved" and signs is not None and not any(signs) else found


def _with_ends(loss: LossSpec, found: DirectionProof, deadline: Deadline) -> DirectionProof:
    """Join a proof for all other labels with what is found at those that are looked at on their own."""
    ends = []
    for label in end_labels(loss.domain):
        end = at_label(loss, label, deadline)
        if end.status == "refuted" and end.witness is not None:
            return DirectionProof("y", "refuted", witness=end.witness)
        ends.append(end)
    missing = [end for end in ends if end.status == "not real"]
    if missing:
        rest = " (everywhere else the direction is right)" if found.status == "proved" else ""
        note = f"the loss is not a real number for y = {missing[0].label}{rest}"
        return not_real(loss, missing[0].place, float(missing[0].label), note)
    if any(end.status == "undecided" for end in ends):
        return DirectionProof("y", "undecided")
    limits = [f"y = {end.label}" for end in ends if end.status == "limit"]
    if found.status != "proved" or not limits:
        return found
    return replace(found, note="; ".join(filter(None, (found.note, _limit_note(limits)))))


def _region_signs(loss: LossSpec, sides: Sides, deadline: Deadline) -> list[int] | None:
    """Return the sign of the gradient on each region, None where one is not proved to be right."""
    expression = label_expression(loss, y)
    signs = []
    for region, want in sides:
        found = slope_sign(expression, region, deadline)
        if found is None and expression.is_Add:
            found = _sign_of_terms(expression, region, want, deadline)
        if found is None or found not in (0, want):
            return None
        signs.append(found)
    return signs


def _sign_of_terms(expression: Expr, region: Region, want: int, deadline: Deadline) -> int | None:
    """Return the sign of a gradient all of whose terms point the right way, None where one does not."""
    total = 0
    for term in expression.args:
        found = slope_sign(term, region, deadline)
        if found is None or found not in (0, want):
            return None
        total = total or found
    return total


def _limit_note(limits: list[str]) -> str:
    return (
        f"at {' and '.join(limits)} the formula itself is not a number (0*log(0) or the like), only the limit of its "
        "gradient is, and has the right sign: leave out terms without yhat, or keep labels away from there"
    )
