"""Real roots of polynomials with rational coefficients between two endpoints: exact counts and isolating intervals."""

from __future__ import annotations

import sympy
from sympy import Expr, Poly, Rational

from symloss.signature import yhat
from symloss.symbolic.roots.endpoint import Endpoint
from symloss.symbolic.undecided import Deadline, UndecidedError

LARGEST_DEGREE = 40
_NARROWEST = 2**-300

Isolated = tuple[Rational, Rational]
"""Rational numbers around one root, equal where the root is rational."""


def roots_between(poly: Poly, low: Endpoint, high: Endpoint, deadline: Deadline) -> list[Isolated]:
    """Return isolating intervals, in order, of the roots of a square-free polynomial strictly between two endpoints.

    Raises:
        UndecidedError: the degree is too large, or a root can't be told from a transcendental endpoint.
    """
    degree = poly.degree()
    if degree <= 0:
        return []
    if degree > LARGEST_DEGREE:
        raise UndecidedError("a polynomial of the gradient has too many roots to isolate")
    deadline.check()
    found = []
    for root in _all_roots(poly):
        place = _place(poly, root, low, high, deadline)
        if place is not None:
            found.append(place)
    return found


def _all_roots(poly: Poly) -> list[Isolated]:
    if poly.degree() == 1:
        a, b = poly.all_coeffs()
        root = Rational(-b, 1) / Rational(a, 1)
        return [(root, root)]
    return [(Rational(a), Rational(b)) for (a, b), _ in poly.intervals()]


def _place(poly: Poly, root: Isolated, low: Endpoint, high: Endpoint, deadline: Deadline) -> Isolated | None:
    """Return the root with its isolating interval inside of the cell, or None where it is outside or an endpoint."""
    width = Rational(1, 2**10)
    while True:
        deadline.check()
        left = _compare(root, low)
        right = _compare(root, high)
        if left == 1 and right == -1:
            return root
        if left == -1 or right == 1:
            return None
        if (left == 0 and _is_endpoint(poly, root, low)) or (right == 0 and _is_endpoint(poly, root, high)):
            return None
        if width < _NARROWEST:
            raise UndecidedError("a zero of the gradient can't be told from a breakpoint")
        width = width**2 if width > Rational(1, 2**100) else width / 2**100
        if root[0] != root[1]:
            root = _refined(poly, root, width)
        low = low if low.is_infinite else low.refine(width)
        high = high if high.is_infinite else high.refine(width)


def _compare(root: Isolated, end: Endpoint) -> int:
    """Return 1 if the root is above the endpoint, -1 if below, 0 where the intervals meet."""
    if end.is_infinite:
        return -end.direction
    assert end.low is not None and end.high is not None
    if root[0] > end.high or (root[0] == end.high and root[0] != root[1]):
        return 1
    if root[1] < end.low or (root[1] == end.low and root[0] != root[1]):
        return -1
    return 0


def _is_endpoint(poly: Poly, root: Isolated, end: Endpoint) -> bool:
    """Return whether the root is known to be the endpoint itself."""
    if end.is_rational:
        return bool(poly.eval(end.low) == 0)
    if not end.algebraic or end.function is None:
        return False
    common = poly.gcd(Poly(end.function, yhat, domain="QQ"))
    if common.degree() < 1:
        return False
    # The endpoint is the only zero of its function in [low, high], the root the only one of the polynomial in its own.
    lowest, highest = max(root[0], end.low), min(root[1], end.high)
    return lowest <= highest and int(common.count_roots(lowest, highest)) == 1


def _refined(poly: Poly, root: Isolated, width: Rational) -> Isolated:
    a, b = poly.refine_root(root[0], root[1], eps=width, check_sqf=False)
    return Rational(a), Rational(b)


def as_poly(expression: Expr) -> Poly:
    """Return an expression in yhat as a polynomial over the rational numbers."""
    return sympy.Poly(expression, yhat, domain="QQ")
