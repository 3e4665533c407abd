"""What a refuted loss may have been meant for: labels -1 and 1, or another link between yhat and y."""

from __future__ import annotations

from dataclasses import dataclass

import sympy
from sympy import Expr, Rational

from symloss.formula.spec import LossSpec
from symloss.ops.construct import NumberLimitError, exact_number, substitute
from symloss.signature import Domain, Input, Labels, eps, y, yhat
from symloss.symbolic.arithmetic.precise import is_real, precise
from symloss.symbolic.arithmetic.tape import Tape
from symloss.symbolic.direction.proof import DirectionProof
from symloss.symbolic.direction.proved import prove_direction, resolved_pieces
from symloss.symbolic.direction.sampled import sampled_direction
from symloss.symbolic.direction.verdict import verdict_of
from symloss.symbolic.undecided import Deadline, UndecidedError


@dataclass(frozen=True)
class _Link:
    """A prediction that may be the goal of a label, and what to do where it is."""

    goal: Expr
    advice: str = ""


_LINKS = (
    _Link(sympy.log(y), "check it with --labels positive --input log"),
    _Link(y, "check it with --input positive or --input score"),
    _Link(sympy.log(1 + y), "yhat is then the logarithm of 1 + y"),
    _Link(sympy.exp(y), "yhat is then exp(y)"),
    _Link(sympy.sqrt(y), "yhat is then the root of y"),
    _Link(y**2, "yhat is then the square of y"),
    _Link(1 / y, "yhat is then 1/y"),
    _Link(-y, "its sign is the wrong way round"),
    _Link(sympy.log(y / (1 - y)), "yhat is then the logit of y"),
    _Link(1 / (1 + sympy.exp(-y)), "yhat is then the sigmoid of y"),
    _Link(2 * y - 1, "yhat then lies between -1 and 1"),
)
_LABELS = (Rational(1, 4), Rational(3, 5), Rational(7, 4), Rational(19, 4))
_UNIT_LABELS = (Rational(1, 4), Rational(3, 5), Rational(9, 10))
_STEPS = (Rational(1, 1000), Rational(1, 9), Rational(4, 7), Rational(2), Rational(11))


def hint_of(loss: LossSpec, direction: tuple[DirectionProof, ...], deadline: Deadline) -> str:
    """Return a sentence on what a refuted loss may be meant for, "" where nothing fits.

    Args:
        loss: the loss.
        direction: its proofs; one of them is refuted.
        deadline: when to stop looking.
    """
    if not any(proof.status == "refuted" for proof in direction):
        return ""
    try:
        if loss.domain.labels is Labels.BINARY:
            return _signs(loss, direction, deadline)
        return _link(loss, deadline)
    except (UndecidedError, NumberLimitError):
        return ""


def _signs(loss: LossSpec, direction: tuple[DirectionProof, ...], deadline: Deadline) -> str:
    """Ask whether a loss that ignores y = 0 is right with -1 for 0."""
    if not any(proof.label == "0" and proof.zero for proof in direction):
        return ""
    expression = substitute(loss.expression, {y: 2 * y - 1})
    signed = LossSpec(expression, eps=loss.eps, labels=loss.domain.labels, input=loss.domain.input)
    tape = Tape.of(expression)
    proofs = prove_direction(
        signed, sampled_direction(signed, 0, tape), tape, resolved_pieces(signed, deadline), deadline
    )
    if verdict_of(proofs) != "valid":
        return ""
    advice = "write 2*y - 1 for y"
    if not loss.takes_score:
        advice += ", and such losses mostly take a raw score (--input score)"
    return f"Is this a loss for labels -1 and 1? With them it is right: {advice}."


def _link(loss: LossSpec, deadline: Deadline) -> str:
    """Look for a function of y at which the loss is smallest for every label that is tried."""
    labels = _UNIT_LABELS if loss.domain.labels is Labels.UNIT else _LABELS
    for link in _LINKS:
        deadline.check()
        if link.goal == _usual_goal(loss.domain):
            continue
        found = [_is_least(loss, link.goal, label) for label in labels]
        if False not in found and found.count(True) >= 2:
            tried = "y > 0" if loss.domain.labels is Labels.REAL else "y"
            return (
                f"Its minimum over yhat is at {sympy.sstr(link.goal)} for every {tried} tried: {link.advice}."
            )
    return _on_positive(loss, deadline) if loss.domain.labels is Labels.REAL else ""


def _on_positive(loss: LossSpec, deadline: Deadline) -> str:
    """Ask whether a loss is right once labels and predictions are positive."""
    positive = loss.with_domain(Labels.POSITIVE, Input.POSITIVE)
    tape = Tape.of(positive.expression)
    if (
        verdict_of(prove_direction(positive, sampled_direction(positive, 0, tape), tape, {}, deadline))
        != "valid"
    ):
        return ""
    return "For positive labels and predictions it is right: check it with --labels positive."


def _usual_goal(domain: Domain) -> Expr:
    return sympy.log(y) if domain.input is Input.LOG else y


def _is_least(loss: LossSpec, goal: Expr, label: Rational) -> bool | None:
    """Whether the gradient is zero at the goal of a label, negative below and positive above it, where looked at.

    None where the goal is no prediction of the domain.
    """
    place = goal.xreplace({y: label}).evalf(80)
    low, high = loss.domain.yhat_range
    if not place.is_real or not low < place < high:
        return None
    values = {y: label, eps: exact_number(loss.eps_value)}

    def slope(point: Expr) -> Expr:
        return precise(loss.expression, {**values, yhat: point}, 80)[1]

    here = slope(place)
    if not is_real(here) or abs(float(here)) > 1e-40:
        return False
    for step in _STEPS:
        for side in (1, -1):
            point = place + side * step
            if not low < point < high:
                continue
            value = slope(point)
            if not is_real(value) or not float(side * value) > 0:
                return False
    return True
