"""Signs of gradients in several variables, on regions that a rational map takes to positive variables.

A polynomial in positive variables whose coefficients have one sign has that sign. A
sum of logarithms with integer coefficients has the sign of a product of powers minus 1.
That settles many gradients for all eps > 0, or for all labels of an interval.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy
from sympy import Expr, Poly, Rational

from symloss.signature import Domain, Input, Labels, eps, y, yhat
from symloss.symbolic.field.convert import Converter
from symloss.symbolic.field.differential_field import Element, Factor
from symloss.symbolic.signs.positive import is_positive
from symloss.symbolic.undecided import Deadline, UndecidedError

MOST_TERMS = 300
LARGEST_ORDER = 20
LARGEST_MULTIPLE = 12
_T = sympy.Symbol("t", positive=True)
_S = sympy.Symbol("s", positive=True)


@dataclass(frozen=True)
class Region:
    """An open region of (yhat, y, eps).

    Attributes:
        place: each of the symbols that is not positive anyway, as a quotient of polynomials in positive symbols.
        inside: a point of the region.
    """

    place: Mapping[sympy.Symbol, Expr]
    inside: Mapping[sympy.Symbol, Rational]

    def sign(self, expression: Expr) -> int | None:
        """Return the sign of a polynomial in yhat, y and eps on the whole region, None where it is not proved."""
        if expression.has(sympy.exp, sympy.atan, sympy.sign, sympy.Abs):
            return None
        if expression.has(sympy.log):
            return self._sign_of_logarithms(expression)
        mapped = expression.xreplace(dict(self.place))
        symbols = sorted(mapped.free_symbols, key=str)
        if not symbols:
            return int(sympy.sign(mapped)) if mapped.is_Rational else None
        if not mapped.is_rational_function(*symbols):
            return None
        signs = []
        for part in sympy.fraction(sympy.together(mapped)):
            poly = Poly(part, *symbols)
            if len(poly.terms()) > MOST_TERMS:
                return None
            signs.append(_one_sign(poly))
        return signs[0] * signs[1] or None

    def sign_or_build(self, expression: Expr) -> int | None:
        """Return the same sign, also where it shows only by how the expression is built."""
        return self.sign(expression) or (1 if is_positive(expression) else None)

    def _sign_of_logarithms(self, expression: Expr) -> int | None:
        """Return the sign of a sum of c log p with integers c: that of the product of the p**c, less 1."""
        above, below = sympy.Integer(1), sympy.Integer(1)
        for term in sympy.Add.make_args(expression):
            c, rest = term.as_coeff_Mul()
            if not isinstance(rest, sympy.log) or not c.is_Integer or abs(c) > LARGEST_MULTIPLE:
                return None
            base = rest.args[0]
            if base.has(sympy.log) or self.sign(base) != 1:
                return None
            if c > 0:
                above *= base ** int(c)
            else:
                below *= base ** int(-c)
        return self.sign(above - below)


def _one_sign(poly: Poly) -> int:
    coefficients = poly.coeffs()
    if all(c > 0 for c in coefficients):
        return 1
    return -1 if all(c < 0 for c in coefficients) else 0


def slope_sign(
    expression: Expr, region: Region, deadline: Deadline, *, exponentials: bool = False
) -> int | None:
    """Return the sign on a region of the derivative by yhat of an expression with kinks (0: zero), None if unknown.

    Args:
        expression: a loss.
        region: where.
        deadline: when to stop.
        exponentials: take a sum of exponentials with coefficients of one sign for what has that sign too.
    """
    converter = Converter(deadline, region.inside, region.sign_or_build if exponentials else region.sign)
    try:
        if not _is_real(converter, expression, region, exponentials):
            return None
        if not _is_finite_for_every_eps(converter, expression, region, exponentials):
            return None
        element = converter.tower.slope(converter.element(expression))
        return element_sign(converter, element, region, exponentials)
    except UndecidedError:
        return None


def _is_real(converter: Converter, expression: Expr, region: Region, exponentials: bool) -> bool:
    """Return whether all logarithms and roots provably have positive arguments on the region."""
    for node in sympy.preorder_traversal(expression):
        if isinstance(node, sympy.log):
            argument = node.args[0]
        elif isinstance(node, sympy.Pow) and node.base is not sympy.E and not node.exp.is_Integer:
            argument = node.base
        else:
            continue
        if argument.is_number:
            continue
        of_eps = eps in argument.free_symbols
        found = element_sign(converter, converter.element(argument), region, exponentials, everywhere=of_eps)
        if found != 1 and not is_positive(argument):
            return False
    return True


def _is_finite_for_every_eps(
    converter: Converter, expression: Expr, region: Region, exponentials: bool
) -> bool:
    """Return whether no denominator vanishes at a whole value of eps, at which there would be no loss.

    Where it vanishes for an eps at single predictions only, as eps + yhat does, there is a pole as in any other loss.
    """
    for node in sympy.preorder_traversal(expression):
        if not isinstance(node, sympy.Pow) or node.base is sympy.E or eps not in node.base.free_symbols:
            continue
        if not node.exp.could_extract_minus_sign() or is_positive(node.base):
            continue
        base = converter.element(node.base)
        if base.is_zero:
            return False
        for number in dict(converter.tower.factor(base.numerator)[1]):
            factor = converter.tower.factors[number]
            if _is_of_eps_alone(converter, factor) and _factor_sign(converter, factor, region) is None:
                return False
    return True


def element_sign(
    converter: Converter,
    element: Element,
    region: Region,
    exponentials: bool = False,
    *,
    everywhere: bool = False,
) -> int | None:
    """Return the sign of an element on a region as the product of its factors' signs, 0 for zero, None if unknown.

    The sign holds but for single points, at which an even power is zero; never for a whole value of eps, though.

    Args:
        converter: what made the element.
        element: of its field.
        region: where.
        exponentials: see `slope_sign`.
        everywhere: the element must have no zero on the region.
    """
    tower = converter.tower
    if element.is_zero:
        return 0
    content, factors = tower.factor(element.numerator)
    merged = dict(factors)
    for number, exponent in element.denominator.items():
        merged[number] = merged.get(number, 0) - exponent
    result = 1 if content > 0 else -1
    for number, exponent in merged.items():
        if exponent % 2 == 0 and not everywhere and not _is_of_eps_alone(converter, tower.factors[number]):
            continue
        found = _factor_sign(converter, tower.factors[number], region)
        if found is None and exponentials:
            found = _exponentials_sign(converter, tower.factors[number])
        if found is None:
            return None
        result *= found if exponent % 2 else 1
    return result


def _is_of_eps_alone(converter: Converter, factor: Factor) -> bool:
    """Return whether a factor changes with eps only: where it is zero, all of the slope is."""
    return converter.poly_expression(factor.poly).free_symbols == {eps}


def _factor_sign(converter: Converter, factor: Factor, region: Region) -> int | None:
    if factor.generator is not None and factor.generator.kind in ("exp", "root", "prime", "constant"):
        return 1
    generators = converter.tower.generators
    kinds = {generators[i].kind for i, degree in enumerate(factor.poly.degrees()) if degree and degree > 0}
    if kinds <= {"yhat", "y", "eps"}:
        return region.sign(converter.poly_expression(factor.poly))
    if kinds <= {"log", "prime"}:
        return _logarithms_sign(converter, factor.poly, region)
    if kinds <= {"yhat", "y", "eps", "root", "prime"}:
        return _two_terms_sign(converter, factor.poly, region)
    return None


def _exponentials_sign(converter: Converter, factor: Factor) -> int | None:
    """Return the sign of a polynomial in exponentials, roots and eps, which are positive, by its coefficients."""
    generators = converter.tower.generators
    kinds = {generators[i].kind for i, degree in enumerate(factor.poly.degrees()) if degree and degree > 0}
    if not kinds <= {"exp", "root", "prime", "eps"}:
        return None
    coefficients = [int(c) for c in factor.poly.values()]
    if all(c > 0 for c in coefficients):
        return 1
    if all(c < 0 for c in coefficients):
        return -1
    used = [i for i, degree in enumerate(factor.poly.degrees()) if degree and degree > 0]
    if len(used) != 1:
        return None
    poly = Poly({(monomial[used[0]],): int(c) for monomial, c in factor.poly.items()}, _T)
    if poly.degree() > LARGEST_ORDER or poly.count_roots(0, None):
        return None
    return 1 if poly.eval(1) > 0 else -1


def _two_terms_sign(converter: Converter, poly: Any, region: Region) -> int | None:
    """Return the sign of a difference of two products of positive powers: that of the difference of their powers."""
    tower = converter.tower
    if len(poly) != 2:
        return None
    used = sorted({i for monomial in poly for i, e in enumerate(monomial) if e})
    generators = {i: tower.generators[i] for i in used}
    if any(generator.kind == "prime" for generator in generators.values()):
        return None
    order = math.lcm(*(generator.order for generator in generators.values() if generator.kind == "root"))
    if order > LARGEST_ORDER:
        return None
    sides: dict[int, Expr] = {}
    for monomial, coefficient in poly.items():
        side: Expr = sympy.Integer(abs(int(coefficient))) ** order
        for i in used:
            generator, power = generators[i], order * monomial[i]
            if generator.kind == "root":
                base = converter.poly_expression(generator.argument)
                power //= generator.order
            else:
                base = {"yhat": yhat, "y": y, "eps": eps}[generator.kind]
            sign = region.sign(base)
            if not sign or (sign < 0 and generator.kind != "root"):
                return None
            side *= (sign * base) ** power
        sides[1 if coefficient > 0 else -1] = side
    return region.sign(sides[1] - sides[-1]) if len(sides) == 2 else None


def _logarithms_sign(converter: Converter, poly: Any, region: Region) -> int | None:
    """Return the sign of a sum of c log p with integers c: that of the product of the p**c, less 1."""
    tower = converter.tower
    above, below = sympy.Integer(1), sympy.Integer(1)
    for monomial, coefficient in poly.items():
        used = [(i, e) for i, e in enumerate(monomial) if e]
        if len(used) != 1 or used[0][1] != 1 or abs(int(coefficient)) > LARGEST_MULTIPLE:
            return None
        generator = tower.generators[used[0][0]]
        if generator.kind == "prime":
            base: Expr = sympy.Integer(generator.argument)
        else:
            base = converter.poly_expression(tower.factors[generator.argument].poly)
            side = region.sign(base)
            if not side:
                return None
            base = side * base
        if coefficient > 0:
            above *= base ** int(coefficient)
        else:
            below *= base ** -int(coefficient)
    return region.sign(above - below)


Sides = tuple[tuple[Region, int], ...]
"""Regions that cover a domain but for the lines between them, each with the sign that a gradient should have there."""


def sides_of(domain: Domain) -> Sides:
    """Return the parts yhat < y and yhat > y of a domain whose labels fill an interval.

    A prediction that is the logarithm of the mean is refused: put log(yhat) for it first.
    """
    if domain.input is Input.LOG:
        raise ValueError("the domain of a logarithm is cut by its mean")
    if domain.labels is Labels.UNIT and not domain.is_line:
        return _unit_sides(domain)
    if domain.labels is not Labels.POSITIVE:
        return tuple(
            _side(domain, {y: side * _S, yhat: side * _S + way * _T}) for side in (-1, 1) for way in (-1, 1)
        )
    above = _side(domain, {y: _S, yhat: _S + _T})
    if domain.input is Input.POSITIVE:
        return above, _side(domain, {yhat: _S, y: _S + _T})
    return above, _side(domain, {y: _S, yhat: _S - _T})


def finer_sides_of(domain: Domain) -> Sides:
    """Return the same parts cut at yhat = 0 and y = 0 as well, where abs(yhat) and the like switch."""
    if not domain.is_line or domain.labels is Labels.UNIT:
        return sides_of(domain)
    found = [
        _side(domain, {y: _S, yhat: _S + _T}),
        _side(domain, {yhat: _S, y: _S + _T}),
        _side(domain, {yhat: -_S, y: _T}),
    ]
    if domain.labels is Labels.REAL:
        found += [
            _side(domain, {y: -_S, yhat: -_S - _T}),
            _side(domain, {yhat: -_S, y: -_S - _T}),
            _side(domain, {yhat: _S, y: -_T}),
        ]
    return tuple(found)


_INSIDE = {_S: Rational(37, 101), _T: Rational(58, 97)}


def _side(domain: Domain, place: dict[sympy.Symbol, Expr]) -> tuple[Region, int]:
    return _wanted(domain, Region(place, {symbol: at.xreplace(_INSIDE) for symbol, at in place.items()}))


def _wanted(domain: Domain, region: Region, label: int | None = None) -> tuple[Region, int]:
    """Return a region that lies on one side of the label, with eps, and the sign that the domain requires there."""
    inside = {symbol.name: float(value) for symbol, value in region.inside.items()}
    return _with_eps(region), domain.wanted_sign(inside if label is None else inside | {"y": label})


def _unit_sides(domain: Domain) -> Sides:
    label = 1 / (1 + _S)
    below = Region({y: label, yhat: label * _T / (1 + _T)}, {y: Rational(58, 97), yhat: Rational(37, 101)})
    above = Region(
        {y: _S / (1 + _S), yhat: (_S + _T / (1 + _T)) / (1 + _S)},
        {y: Rational(37, 101), yhat: Rational(58, 97)},
    )
    return _wanted(domain, below), _wanted(domain, above)


def strip_region(domain: Domain) -> tuple[Region, ...]:
    """Return the whole domain of yhat, with eps > 0, as one or two regions."""
    return tuple(region for region, _ in strip_sides(domain, 0))


def strip_sides(domain: Domain, label: int) -> Sides:
    """Return the domain of yhat below and above a label, 0 or 1, with eps > 0 and the sign wanted there."""
    if domain.input is Input.PROBABILITY:
        return (_wanted(domain, Region({yhat: _T / (1 + _T)}, {yhat: Rational(37, 101)}), label),)
    if domain.input is Input.POSITIVE:
        return (_wanted(domain, Region({yhat: _T}, {yhat: Rational(58, 97)}), label),)
    places = [label + _T, label - _T]
    return tuple(_wanted(domain, Region({yhat: at}, {yhat: at.xreplace(_INSIDE)}), label) for at in places)


def _with_eps(region: Region) -> Region:
    return Region(region.place, {**region.inside, eps: Rational(1, 29)})
