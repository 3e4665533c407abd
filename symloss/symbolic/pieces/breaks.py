"""What a loss does at a breakpoint, where two of its pieces meet: it goes on, jumps, or has a pole."""

from __future__ import annotations

from sympy import Expr, Rational

from symloss.signature import yhat
from symloss.symbolic.arithmetic.precise import is_real, precise
from symloss.symbolic.roots.endpoint import Endpoint

_NEAR, _CLOSE = Rational(1, 10**20), Rational(1, 10**40)
"""Two distances from a breakpoint: what differs there is a jump, what grows from one to the other a pole."""


def change_at(before: Expr, after: Expr, place: Endpoint) -> float | None:
    """Return by how much a function of two pieces jumps at their common end.

    Args:
        before, after: the pieces, real beside the end.
        place: the end.

    Returns:
        0.0 where it goes on, infinity at a pole, None where that is out of reach.
    """
    end = place.refine(_CLOSE)
    if end.low is None or end.high is None:
        return None
    left = [precise(before, {yhat: end.low - distance}, 80)[0] for distance in (_NEAR, _CLOSE)]
    right = [precise(after, {yhat: end.high + distance}, 80)[0] for distance in (_NEAR, _CLOSE)]
    if not all(is_real(value) for value in (*left, *right)):
        return None
    if any(abs(pair[1]) > abs(pair[0]) + 1 for pair in (left, right)):
        return float("inf")
    change = float(right[1] - left[1])
    return change if abs(change) > 1e-9 * (1 + abs(float(left[1]))) else 0.0
