"""The direction at one label of an interval, such as its ends, where the loss may not be a real number.

y*log(y/yhat) is not a number at y = 0, but the term that is not one does not depend on yhat:
the gradient has a limit as y tends to 0, and that decides. A pole, as of abs(yhat - y)/y, has none.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr, Integer, Rational, S

from symloss.formula.spec import LossSpec
from symloss.signature import y
from symloss.symbolic.arithmetic.tape import Tape
from symloss.symbolic.direction.witness import Witness, verified_witness
from symloss.symbolic.field.convert import Converter
from symloss.symbolic.pieces.resolve import Piece, domain_ends, label_expression, replaced, resolve
from symloss.symbolic.roots.endpoint import Endpoint
from symloss.symbolic.roots.endpoint_order import inner_rational
from symloss.symbolic.signs.one_sign_region import finer_sides_of
from symloss.symbolic.signs.sign_proof import prove_sign
from symloss.symbolic.undecided import Deadline, UndecidedError


@dataclass(frozen=True)
class LabelEnd:
    """What is known of the direction at one label.

    Attributes:
        label: the label.
        status: "proved", "limit" (the loss is not a real number there, but its gradient has a limit, which is proved),
            "refuted" (with a witness), "not real" (and no limit is proved) or "undecided".
        witness: a pair with the wrong sign.
        place: a prediction for which the loss is not a real number.
    """

    label: int
    status: str
    witness: Witness | None = None
    place: float = 0.5


def at_label(loss: LossSpec, label: int, deadline: Deadline) -> LabelEnd:
    """Decide the direction for one label, on both sides of it.

    Args:
        loss: a loss whose labels fill an interval, without an open eps; not one of the logarithm of the mean.
        label: a label of its domain.
        deadline: when to stop.

    Raises:
        UndecidedError: time is up, or the pieces of the loss are out of reach.
    """
    expression = label_expression(loss, label)
    missing: Piece | None = None
    for left, right, want in _sides(loss, label):
        for piece in _pieces(expression, left, right, deadline):
            if not piece.is_real:
                missing = missing or piece
                continue
            proof = prove_sign(piece.gradient, piece.low, piece.high, want, deadline)
            if proof.status == "refuted" and proof.witness is not None:
                witness = verified_witness(
                    Tape.of(loss.expression),
                    float(proof.witness),
                    float(label),
                    loss.eps_value,
                    loss.has_eps,
                    want,
                )
                return LabelEnd(label, "undecided" if witness is None else "refuted", witness)
            if proof.status != "proved":
                return LabelEnd(label, "undecided")
    if missing is None:
        return LabelEnd(label, "proved")
    place = float(inner_rational(missing.low, missing.high))
    return LabelEnd(label, "limit" if _has_limit(loss, label, deadline) else "not real", place=place)


def _sides(loss: LossSpec, label: int) -> list[tuple[Endpoint, Endpoint, int]]:
    low, high = domain_ends(loss.domain)
    here = Endpoint.rational(Rational(label))
    below, above = (loss.domain.wanted_sign({"yhat": label + way, "y": label}) for way in (-1, 1))
    return [
        (left, right, want)
        for left, right, want in ((low, here, below), (here, high, above))
        if not (left.is_rational and right.is_rational and left.low == right.low)
    ]


def _pieces(expression: Expr, low: Endpoint, high: Endpoint, deadline: Deadline) -> tuple[Piece, ...]:
    if expression is S.NaN:
        return (Piece(low, high, S.NaN),)
    return resolve(expression, low, high, deadline)


def _has_limit(loss: LossSpec, label: int, deadline: Deadline) -> bool:
    """Prove the direction of the reduced gradient with the label put in: its limit as y tends to the label."""
    expression = label_expression(loss, y)
    for region, side in finer_sides_of(loss.domain):
        converter = Converter(deadline, region.inside, region.sign)
        try:
            slope = converter.expression(converter.tower.slope(converter.element(expression)))
        except UndecidedError:
            deadline.check()
            return False
        at_end = replaced(slope, {y: Integer(label)})
        if at_end is S.NaN:
            return False
        for left, right, want in _sides(loss, label):
            if want != side:
                continue
            for piece in resolve(at_end, left, right, deadline):
                if not piece.is_real:
                    return False
                if prove_sign(piece.value, piece.low, piece.high, want, deadline).status != "proved":
                    # out of time is no proof that there is no limit
                    deadline.check()
                    return False
    return True
