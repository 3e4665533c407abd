"""Witnesses: points where the gradient of a loss has the wrong sign, verified in high precision.

A witness is a double, hence an exact rational number. It is verified on the
loss's own expression, not on a derived form, so a mistake in a derived form
can't refute a loss.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Rational

from symloss.ops.construct import exact_number
from symloss.signature import eps, y, yhat
from symloss.symbolic.arithmetic.enclosure import gradient_at, middle, sign_of
from symloss.symbolic.arithmetic.tape import Tape


@dataclass(frozen=True)
class Witness:
    """A pair at which the gradient pushes away from the label.

    Attributes:
        yhat: the prediction, an exact double.
        y: the label.
        eps: the eps it was verified at, None where the loss has none.
        gradient: the gradient there, rounded.
    """

    yhat: float
    y: float
    eps: float | None
    gradient: float


def exact(value: float) -> Rational:
    """Return the rational number that a double is."""
    return Rational(*float(value).as_integer_ratio())


def gradient_sign(tape: Tape, point: Rational, label: Rational, eps_value: float) -> tuple[int | None, float]:
    """Return the sign and size of the gradient at an exact point; None where 200 digits don't settle the sign."""
    values = {yhat: point, y: label, eps: exact_number(eps_value)}
    size = float("nan")
    for precision in (240, 700):
        slope = gradient_at(tape, values, yhat, precision).slope
        side = sign_of(slope)
        size = middle(slope)
        if side is not None:
            return side, size
    return None, size


def verified_witness(
    tape: Tape, point: float, label: float, eps_value: float, has_eps: bool, want: int
) -> Witness | None:
    """Return the point as a witness if the gradient there provably has the sign opposite to `want`."""
    side, size = gradient_sign(tape, exact(point), exact(label), eps_value)
    if side != -want:
        return None
    # Adding 0 turns -0.0, which would be shown as such, into 0.
    return Witness(float(point) + 0.0, float(label) + 0.0, eps_value if has_eps else None, size)
