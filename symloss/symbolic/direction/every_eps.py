"""Proofs of direction for every eps > 0: eps as a second, positive variable."""

from __future__ import annotations

from symloss.formula.spec import LossSpec
from symloss.symbolic.pieces.resolve import domain_ends, label_expression, label_parts, resolve
from symloss.symbolic.signs.one_sign_region import slope_sign, strip_region
from symloss.symbolic.undecided import Deadline, UndecidedError


def holds_for_every_eps(
    loss: LossSpec, label: int, want: int, deadline: Deadline, *, exponentials: bool = False
) -> bool:
    """Return whether the gradient for a label has the sign `want`, or is zero, for every yhat and every eps > 0.

    Args:
        loss: a loss with open eps.
        label: 0 or 1.
        want: 1 or -1.
        deadline: when to stop.
        exponentials: see `slope_sign`.
    """
    try:
        expression = label_expression(loss, label)
        if expression.is_number or not _parts_are_real(loss, label, deadline):
            return False
        return all(
            slope_sign(expression, region, deadline, exponentials=exponentials) in (0, want)
            for region in strip_region(loss.domain)
        )
    except (UndecidedError, TypeError):
        return False


def _parts_are_real(loss: LossSpec, label: int, deadline: Deadline) -> bool:
    """Return whether what vanishes for the label is a real number for every eps > 0."""
    ends = domain_ends(loss.domain)
    return all(piece.is_real for part in label_parts(loss, label) for piece in resolve(part, *ends, deadline))
