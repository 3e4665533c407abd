"""The best prediction as a formula in p, where phi(yhat) = p is an equation of degree at most 2."""

from __future__ import annotations

import math
from collections.abc import Mapping

import sympy
from sympy import Expr, Mul, Poly, Rational, Symbol, sstr

from symloss.ops.construct import exact_number
from symloss.signature import eps, yhat
from symloss.symbolic.arithmetic.precise import precise

P = Symbol("p", real=True)

_LARGEST = 100
"""Equations with more operations are left alone: SymPy has no time limit."""
_SAMPLE = {P: Rational(3, 10), eps: Rational(1, 29)}
"""Where the signs of factors are looked at, to write 1 - p and not -(p - 1)."""


def solved_for_prediction(share: Expr, inside: Rational, eps_value: float) -> str:
    """Return the solution yhat of share = p, or "" where it is out of reach.

    Args:
        share: phi = g0/(g0 - g1), increasing, in yhat and maybe eps.
        inside: a yhat; tells the solutions of a quadratic equation apart.
        eps_value: the eps to do that at.
    """
    if share.count_ops() > _LARGEST:
        return ""
    unknown, in_exponential = yhat, False
    powers: dict[Expr, Expr] = {}
    for node in share.atoms(sympy.exp):
        multiple = node.args[0] / yhat
        if not multiple.is_Integer:
            return ""
        powers[node] = yhat**multiple
    if powers:
        hidden = share.xreplace({node: sympy.Integer(1) for node in powers})
        if yhat in hidden.free_symbols:
            return ""
        share_in_unknown, in_exponential = share.xreplace(powers), True
    else:
        share_in_unknown = share
    if share_in_unknown.atoms(sympy.Function) or not share_in_unknown.is_rational_function(unknown, eps):
        return ""
    top, below = sympy.fraction(sympy.together(share_in_unknown))
    equation = Poly(top - P * below, unknown)
    at = {eps: exact_number(eps_value)}
    p_value = precise(share, {yhat: inside, **at})[0]
    wanted = math.exp(float(inside)) if in_exponential else float(inside)
    text = _root_near(equation, {P: sympy.Float(str(p_value), 40), **at}, wanted)
    return f"log({text})" if text and in_exponential else text


def _root_near(equation: Poly, at: Mapping[Symbol, Expr], wanted: float) -> str:
    """Return the text of the root that has the value `wanted` at a point."""

    def fits(root: Expr) -> bool:
        value = complex(root.subs(at).evalf(20))
        return abs(value - wanted) < 1e-9 * (1 + abs(wanted))

    if equation.degree() == 1:
        root = oriented(-equation.nth(0) / equation.nth(1))
        return sstr(root) if fits(root) else ""
    if equation.degree() != 2:
        return ""
    a, b, c = (equation.nth(n) for n in (2, 1, 0))
    center = oriented(-b / (2 * a))
    square = oriented((b**2 - 4 * a * c) / (4 * a**2))
    root = _exact_root(square)
    for side in (1, -1):
        if root is not None and fits(center + side * root):
            return sstr(oriented(center + side * root))
        if root is None and fits(center + side * sympy.sqrt(square)):
            start = "" if center == 0 else f"{sstr(center)} "
            sign = "-" if side < 0 else "+" if start else ""
            return f"{start}{sign}{' ' if start else ''}sqrt({sstr(square)})"
    return ""


def oriented(expression: Expr) -> Expr:
    """Write a rational function in eps and p by its factors, each with the sign that makes it positive."""
    top, below = sympy.fraction(sympy.factor(sympy.cancel(expression)))
    result: Expr = sympy.Integer(1)
    for part, exponent in ((top, 1), (below, -1)):
        content, factors = sympy.factor_list(part)
        side: Expr = content
        for factor, multiplicity in factors:
            turned = factor if factor.subs(_SAMPLE) > 0 else sympy.expand(-factor)
            side *= 1 if turned is factor or multiplicity % 2 == 0 else -1
            result = Mul(result, turned ** (multiplicity * exponent))
        result = Mul(result, side**exponent)
    return result


def _exact_root(square: Expr) -> Expr | None:
    """Return the square root of a rational function that is a square of one."""
    result: Expr = sympy.Integer(1)
    for part, exponent in zip(sympy.fraction(square), (1, -1), strict=True):
        content, factors = sympy.factor_list(part)
        root = sympy.sqrt(content)
        if not root.is_Rational or any(multiplicity % 2 for _, multiplicity in factors):
            return None
        result *= root**exponent
        for factor, multiplicity in factors:
            result *= factor ** (exponent * multiplicity // 2)
    return result
