"""How a function behaves at the end of an interval: vanishes, stays bounded, or explodes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import sympy
from sympy import Expr, Integer, Rational, log

from symloss.ops.construct import substitute
from symloss.ops.protected import sigmoid
from symloss.signature import yhat
from symloss.symbolic.arithmetic.float_dual import point_values
from symloss.symbolic.arithmetic.tape import Tape, UnsupportedFunctionError
from symloss.symbolic.field.convert import Converter
from symloss.symbolic.field.differential_field import Element
from symloss.symbolic.roots.endpoint import Endpoint
from symloss.symbolic.signs.end_sign import EndSigns, at_point
from symloss.symbolic.undecided import Deadline, UndecidedError


@dataclass(frozen=True)
class Limit:
    """The behaviour at an end.

    Attributes:
        kind: "vanishes", "bounded" or "explodes".
        value: the limit, where it is finite.
        exact: the limit as a constant expression.
    """

    kind: str
    value: float | None = None
    exact: Expr | None = None


def limit_at(expression: Expr, end: Endpoint, side: int, deadline: Deadline) -> Limit | None:
    """Return how an expression in yhat behaves as yhat tends to an end.

    Args:
        expression: smooth beside the end.
        end: a rational number or infinite.
        side: 1 to come from above the end, -1 from below.
        deadline: when to stop.

    Returns:
        None where it is not settled.
    """
    if end.is_infinite:
        # t tends to 0 from above; yhat = -+ log t turns exponentials into powers of t.
        inverse = end.direction / yhat
        if expression.has(sympy.exp, sympy.tanh, sigmoid):
            inverse = Integer(-end.direction) * log(yhat, evaluate=False)
        mapped = expression.xreplace({yhat: inverse})
        return limit_at(mapped, Endpoint.rational(Rational(0)), 1, deadline)
    if not end.is_rational or end.low is None:
        return None
    try:
        return _limit(expression, end.low, side, deadline)
    except (UndecidedError, UnsupportedFunctionError):
        return None


def _limit(expression: Expr, point: Rational, side: int, deadline: Deadline) -> Limit | None:
    converter = Converter(deadline, {yhat: point + Rational(side, 1000)})
    element = converter.element(expression)
    if element.is_zero:
        return Limit("vanishes", 0.0, Integer(0))
    tower = converter.tower
    beside = EndSigns(converter, point, side, 0.5, deadline)
    order = _root_order(converter, element, beside)
    if order > 1:
        # Roots of what vanishes at the point become powers of t where yhat = point +- t**order.
        mapped = substitute(expression, {yhat: point + side * yhat**order})
        # SymPy writes (t**10)**(1/10) as |t|, and t is positive here.
        return _limit(mapped.xreplace({sympy.Abs(yhat): yhat}), Rational(0), 1, deadline)
    above = tends_to_zero(beside, element)
    factors = [tower.factors[number] for number in element.denominator]
    pole = any(beside.tends_to_zero(factor) for factor in factors)
    singular = any(beside.is_singular(i) for i in range(len(tower.generators)) if _occurs(element, i))
    if pole and not above and not singular:
        return Limit("explodes")
    if pole:
        # Tamed logarithms above, and something that is not zero left beside them.
        tamed = None if above else _tamed(converter, Element(element.numerator), beside)
        return Limit("explodes") if tamed is not None and tamed.value else None
    if above:
        return (
            Limit("vanishes", 0.0, Integer(0))
            if not any(beside.has_singular(factor.poly) for factor in factors)
            else None
        )
    if not singular:
        value = at_point(converter.expression(element), point, deadline)
        return _bounded(value)
    if any(beside.has_singular(factor.poly) for factor in factors):
        return None
    # A logarithm without a tamed coefficient grows beyond all bounds, unless two of them cancel: look where it goes.
    return Limit("explodes") if _grows(expression, point, side) else _tamed(converter, element, beside)


def _root_order(converter: Converter, element: Element, beside: EndSigns) -> int:
    """Return the common order of the roots whose radicand vanishes at the point, 1 if there is none."""
    tower = converter.tower
    order = 1
    for index, generator in enumerate(tower.generators):
        if (
            generator.kind == "root"
            and _occurs(element, index)
            and beside.poly_tends_to_zero(generator.argument)
        ):
            order = math.lcm(order, generator.order)
    return order if order <= 20 else 1


def _tamed(converter: Converter, element: Element, beside: EndSigns) -> Limit | None:
    """Return the limit where every singular term is tamed by a zero beside it."""
    regular = beside.regular_part(element.numerator)
    if regular is None:
        return None
    tower = converter.tower
    left = Element(tower.lift(regular), element.divisor, element.denominator)
    return _bounded(at_point(converter.expression(left), beside.point, beside.deadline))


def _bounded(value: Expr | None) -> Limit | None:
    if value is None or not value.is_comparable:
        return None
    return Limit("bounded", float(value.evalf(20)), value)


def _grows(expression: Expr, point: Rational, side: int) -> bool:
    tape = Tape.of(expression)
    points = float(point) + side * 2.0 ** -np.arange(8.0, 50.0, 6.0)
    sizes = np.abs(point_values(tape, yhat, points))
    return bool(
        np.isfinite(sizes).all()
        and (np.diff(sizes) > 0.1 * np.abs(sizes[0] + 1e-300) * 1e-3).all()
        and sizes[-1] > 2 * sizes[0]
    )


def _occurs(element: Element, index: int) -> bool:
    return any(monomial[index] for monomial in element.numerator if index < len(monomial))


def tends_to_zero(beside: EndSigns, element: Element) -> bool:
    """Return whether the numerator of an element provably tends to 0 at the point."""
    return beside.poly_tends_to_zero(element.numerator)
