"""Signs of polynomials for all eps > 0: enough for losses with an open eps, by the signs of coefficients.

A polynomial in t > 0 and eps > 0 whose coefficients all have one sign has that
sign. An interval a < yhat < b is mapped to t > 0 by yhat = (a + b t)/(1 + t).
"""

from __future__ import annotations

import sympy
from sympy import Expr, Poly

from symloss.signature import eps, yhat
from symloss.symbolic.roots.endpoint import Endpoint
from symloss.symbolic.undecided import UndecidedError

_DEGREE_LIMIT = 16


def one_sign(poly: Poly) -> int:
    """Return 1 or -1 where a polynomial in positive variables provably has that sign, else 0.

    In one variable the answer is complete: it has a sign exactly if it has no positive root.
    """
    if poly.is_zero:
        return 0
    coefficients = poly.coeffs()
    if all(c > 0 for c in coefficients):
        return 1
    if all(c < 0 for c in coefficients):
        return -1
    if (
        len(poly.gens) == 1
        and poly.degree() <= _DEGREE_LIMIT
        and poly.count_roots(0, None) == (1 if poly.nth(0) == 0 else 0)
    ):
        return 1 if poly.eval(1) > 0 else -1
    return 0


def _mapped(expression: Expr, low: Endpoint, high: Endpoint) -> Poly:
    """Return the numerator after yhat = (a + b t)/(1 + t), with t named yhat; the denominator is positive."""
    ends = []
    for end in (low, high):
        if not (end.is_infinite or end.is_rational or end.depends_on_eps):
            raise UndecidedError("where the loss switches depends on eps")
        ends.append(end)
    if sympy.degree(expression, yhat) > _DEGREE_LIMIT:
        raise UndecidedError("a polynomial of high degree decides where the loss switches")
    a, b = low.closed_form, high.closed_form
    if low.is_infinite and high.is_infinite:
        raise UndecidedError("where the loss switches depends on eps")
    if low.is_infinite:
        replaced = b - yhat
    elif high.is_infinite:
        replaced = a + yhat
    else:
        replaced = (a + b * yhat) / (1 + yhat)
    numerator, denominator = sympy.fraction(sympy.together(expression.subs(yhat, replaced)))
    below = one_sign(Poly(denominator, yhat, eps))
    if below == 0:
        raise UndecidedError("where the loss switches depends on eps")
    return Poly(below * numerator, yhat, eps)


def positive_root(expression: Expr, low: Endpoint, high: Endpoint) -> int | list[Endpoint]:
    """Return the sign of an irreducible polynomial in yhat and eps on an interval for all eps > 0, or its root there.

    Raises:
        UndecidedError: whether there is a root depends on eps, or it is not linear in yhat.
    """
    if yhat not in expression.free_symbols:
        side = one_sign(Poly(expression, eps))
        if side == 0:
            raise UndecidedError("which branch of the loss is taken depends on eps")
        return side
    side = one_sign(_mapped(expression, low, high))
    if side:
        return side
    poly = Poly(expression, yhat)
    if poly.degree() != 1:
        raise UndecidedError("where the loss switches depends on eps")
    root = -poly.nth(0) / poly.nth(1)
    if not _below(low.closed_form, root) or not _below(root, high.closed_form):
        raise UndecidedError("whether the loss switches depends on eps")
    return [Endpoint("breakpoint", None, None, closed_form=sympy.cancel(root))]


def _below(a: Expr | None, b: Expr | None) -> bool:
    """Return whether a < b is proved for all eps > 0; None is an infinite end."""
    if a is None or b is None:
        return True
    numerator, denominator = sympy.fraction(sympy.together(b - a))
    return one_sign(Poly(numerator, eps)) * one_sign(Poly(denominator, eps)) > 0


def region_sign(expression: Expr, ranges: dict[sympy.Symbol, tuple[float, float]]) -> int | None:
    """Return the sign of a polynomial on a product of open intervals where its coefficients prove it, else None.

    Args:
        expression: a polynomial in the symbols of `ranges`.
        ranges: (0, 1), (0, inf) or (-inf, inf) for each symbol.
    """
    symbols = [symbol for symbol in ranges if symbol in expression.free_symbols]
    if not expression.is_polynomial(*symbols) or expression.free_symbols - set(symbols):
        return None
    if any(low == -float("inf") for low, _ in (ranges[symbol] for symbol in symbols)):
        return _sum_of_squares_sign(expression, symbols)
    poly = Poly(expression, *symbols)
    if poly.total_degree() > _DEGREE_LIMIT:
        return None
    terms: dict[tuple[int, ...], int] = dict(poly.terms())
    for index, symbol in enumerate(symbols):
        if ranges[symbol][1] == 1:
            terms = _to_half_line(terms, index)
    signs = {1 if c > 0 else -1 for c in terms.values() if c}
    return signs.pop() if len(signs) == 1 else None


def _to_half_line(terms: dict[tuple[int, ...], int], index: int) -> dict[tuple[int, ...], int]:
    """Put t/(1 + t) for one variable and multiply by the power of 1 + t that clears the denominator."""
    degree = max(monomial[index] for monomial in terms)
    result: dict[tuple[int, ...], int] = {}
    for monomial, c in terms.items():
        rest = degree - monomial[index]
        for k in range(rest + 1):
            moved = (*monomial[:index], monomial[index] + k, *monomial[index + 1 :])
            result[moved] = result.get(moved, 0) + c * int(sympy.binomial(rest, k))
    return result


def _sum_of_squares_sign(expression: Expr, symbols: list[sympy.Symbol]) -> int | None:
    """Return the sign of a polynomial with even powers only and a constant, all of one sign."""
    coefficients = Poly(expression, *symbols).terms()
    if any(power % 2 for monomial, _ in coefficients for power in monomial):
        return None
    if not any(not any(monomial) for monomial, _ in coefficients):
        return None
    signs = {1 if c > 0 else -1 for _, c in coefficients}
    return signs.pop() if len(signs) == 1 else None
