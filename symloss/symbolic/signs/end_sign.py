"""The sign of a function right beside a rational point, where boxes alone can't settle it.

If a factor f has the limit 0 at the point, its sign beside it is that of its
derivative (times the side); the derivative is factored again, which removes the
common powers, and so on. The limit is decided exactly: generators that are
singular at the point, such as log(yhat) at 0, are allowed where they stand beside
something that vanishes there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from sympy import Add, Expr, Mul, Pow, Rational, S, log

from symloss.signature import yhat
from symloss.symbolic.arithmetic.interval_arithmetic import Box, BoxArithmetic
from symloss.symbolic.arithmetic.tape import Tape, UnsupportedFunctionError
from symloss.symbolic.field.convert import Converter
from symloss.symbolic.field.differential_field import Element, Factor
from symloss.symbolic.signs.boxes import box_signs
from symloss.symbolic.undecided import Deadline, UndecidedError

DEEPEST = 5

_WIDTHS = (2.0**-4, 2.0**-9, 2.0**-16, 2.0**-24, 2.0**-34, 2.0**-44)


@dataclass(frozen=True)
class EndSign:
    """The sign on the open interval from a point to `reach` (on one side of it)."""

    sign: int
    reach: float


class EndSigns:
    """Signs beside one rational point, on one side, for elements of one converter."""

    def __init__(
        self, converter: Converter, point: Rational, side: int, width: float, deadline: Deadline
    ) -> None:
        """Look from `point` towards `side` (1: above, -1: below), at most `width` far."""
        self.converter = converter
        self.point = point
        self.side = side
        self.width = width
        self.deadline = deadline

    def of_element(self, element: Element, depth: int = 0) -> EndSign | None:
        """Return the sign of an element beside the point, or None."""
        tower = self.converter.tower
        if element.is_zero:
            return None
        content, factors = tower.factor(element.numerator)
        merged = dict(factors)
        for number, exponent in element.denominator.items():
            merged[number] = merged.get(number, 0) - exponent
        result, reach = (1 if content > 0 else -1), math.inf
        for number, exponent in merged.items():
            if exponent % 2 == 0:
                continue
            found = self.of_factor(tower.factors[number], depth)
            if found is None:
                return None
            result *= found.sign
            reach = min(reach, found.reach, key=lambda r: abs(r - float(self.point)))
        if math.isinf(reach):
            reach = float(self.point) + self.side * self.width
        return EndSign(result, reach)

    def of_factor(self, factor: Factor, depth: int = 0) -> EndSign | None:
        """Return the sign of an irreducible factor beside the point, or None."""
        self.deadline.check()
        expression = collected(self.converter, factor.poly)
        try:
            tape = Tape.of(expression)
        except UnsupportedFunctionError:
            return None
        start = float(self.point)
        if Rational(*start.as_integer_ratio()) != self.point:
            # The nearest double on the far side: the boxes then cover the point.
            start = float(np.nextafter(start, -math.inf * self.side))
        zero: bool | None = None
        for share in _WIDTHS:
            reach = start + self.side * self.width * share
            if reach == start:
                break
            found = box_signs(tape, yhat, np.array(sorted((start, reach))), self.deadline, rounds=2)
            if found.sign is not None:
                return EndSign(found.sign, reach)
            if zero is None:
                zero = self.tends_to_zero(factor)
                if zero:
                    break
            tamed = self.tamed_sign(factor, start, reach)
            if tamed is not None:
                return EndSign(tamed, reach)
        if not zero or depth >= DEEPEST:
            return None
        slope = self.of_element(
            self.converter.tower.slope(Element(self.converter.tower.lift(factor.poly))), depth + 1
        )
        return None if slope is None else EndSign(slope.sign * self.side, slope.reach)

    def tamed_sign(self, factor: Factor, start: float, reach: float) -> int | None:
        """Return the sign between the point and `reach` where logarithms are singular but stand beside zeros.

        With c(point) = 0, |c'| <= M and |p| >= m t at a distance t <= w, a term c log(p)**b is at most
        M w |log(m w)|**b in size, if m w < exp(-b) so that t |log(m t)|**b still increases.
        """
        groups = self._by_singular(factor.poly)
        if not any(any(key) for key, _ in groups) or abs(start - float(self.point)) > 0:
            return None
        degrees = factor.poly.degrees()
        singular = [i for i, degree in enumerate(degrees) if degree and degree > 0 and self.is_singular(i)]
        width = float(np.nextafter(abs(reach - start), np.inf))
        smallest = 1.0
        for index in singular:
            argument = self.converter.tower.factors[self.converter.tower.generators[index].argument].poly
            slope = self._range(argument, start, reach)[1]
            least = max(slope[0], -slope[1])
            if not least > 0 or not max(abs(slope[0]), abs(slope[1])) * width < 1:
                return None
            smallest = min(smallest, least)
        low = high = error = 0.0
        for key, part in groups:
            value, slope = self._range(part, start, reach)
            power = sum(key)
            if not power:
                low, high = value
                continue
            if not self._vanishes(part) or not smallest * width < 0.9 * math.exp(-power):
                return None
            steepest = max(abs(slope[0]), abs(slope[1]))
            error += steepest * width * abs(math.log(smallest * width)) ** power * (1 + 1e-9)
        error *= 1 + 1e-9
        if low > error:
            return 1
        return -1 if high < -error else None

    def _range(
        self, poly: Any, start: float, reach: float
    ) -> tuple[tuple[float, float], tuple[float, float]]:
        """Enclose a polynomial in the generators and its derivative between two points."""
        one = np.float64(1.0)
        ends = np.float64(min(start, reach)), np.float64(max(start, reach))
        with np.errstate(all="ignore"):
            box = Tape.of(collected(self.converter, poly)).run(BoxArithmetic(), {yhat: Box(*ends, one, one)})[
                0
            ]
        slopes = (0.0, 0.0) if box.slope_low is None else (float(box.slope_low), float(box.slope_high))
        return (float(box.low), float(box.high)), slopes

    def tends_to_zero(self, factor: Factor) -> bool:
        """Return whether the factor provably has the limit 0 at the point."""
        return self.poly_tends_to_zero(factor.poly)

    def poly_tends_to_zero(self, poly: Any) -> bool:
        """Return whether a polynomial in the generators provably has the limit 0 at the point."""
        # Every coefficient must vanish: the plain one, and those that tame a logarithm. Such a zero has a positive
        # order, because the regular generators are analytic or have a root there, and beats any power of a logarithm.
        return all(self._vanishes(part) for _, part in self._by_singular(poly))

    def regular_part(self, poly: Any) -> Any | None:
        """Return the terms without singular generators, if all other terms provably tend to 0."""
        regular = self.converter.tower.ring.zero
        for key, part in self._by_singular(poly):
            if any(key):
                if not self._vanishes(part):
                    return None
            else:
                regular = part
        return regular

    def _by_singular(self, poly: Any) -> list[tuple[tuple[int, ...], Any]]:
        """Group a polynomial by its powers of singular generators."""
        tower = self.converter.tower
        poly = tower.lift(poly)
        singular = [
            i for i, degree in enumerate(poly.degrees()) if degree and degree > 0 and self.is_singular(i)
        ]
        groups: dict[tuple[int, ...], dict[tuple[int, ...], Any]] = {}
        for monomial, coefficient in poly.items():
            key = tuple(monomial[i] for i in singular)
            rest = tuple(0 if i in singular else e for i, e in enumerate(monomial))
            groups.setdefault(key, {})[rest] = coefficient
        return [(key, tower.ring.from_dict(terms)) for key, terms in groups.items()]

    def has_singular(self, poly: Any) -> bool:
        """Return whether a polynomial holds a generator that is singular at the point."""
        return any(any(key) for key, _ in self._by_singular(poly))

    def is_singular(self, index: int) -> bool:
        """Return whether a generator is the logarithm of something that vanishes at the point."""
        tower = self.converter.tower
        generator = tower.generators[index]
        return generator.kind == "log" and self._vanishes(tower.factors[generator.argument].poly)

    def _vanishes(self, poly: Any) -> bool:
        """Return whether a polynomial in the generators is exactly 0 at the point."""
        value = at_point(self.converter.poly_expression(poly), self.point, self.deadline)
        if value is None:
            return False
        if value.is_Rational:
            return bool(value == 0)
        try:
            return Converter(self.deadline, {}).element(value).is_zero
        except UndecidedError:
            return False


def at_point(expression: Expr, point: Rational, deadline: Deadline) -> Expr | None:
    """Return the exact value of an expression in yhat at a rational point, None where a part of it is not finite.

    Raises:
        UndecidedError: time is up.
    """
    done: dict[Expr, Expr] = {yhat: point}

    def visit(node: Expr) -> Expr:
        found = done.get(node)
        if found is None:
            deadline.check()
            # Node by node: SymPy would hide a division by zero in atan(1/0) or 1/(1/0).
            arguments = [visit(argument) for argument in node.args]
            if not _is_defined(node, arguments):
                raise _NotFiniteError
            found = node.func(*arguments) if arguments else node
            if found in _NOT_FINITE or found.count_ops() > _LARGEST_VALUE:
                raise _NotFiniteError
            done[node] = found
        return found

    try:
        value = visit(expression)
    except (_NotFiniteError, ValueError, ZeroDivisionError):
        return None
    return None if value.free_symbols else value


def _is_defined(node: Expr, arguments: list[Expr]) -> bool:
    """Return whether a logarithm or root has an argument that is clearly not negative."""
    if node.func is not log and not (node.func is Pow and not arguments[1].is_Integer):
        return True
    base = arguments[0]
    if base.is_Rational:
        return bool(base >= 0)
    return bool(base.is_positive) if not base.is_number else bool(base.evalf(20) > 1e-12)


_NOT_FINITE = (S.NaN, S.ComplexInfinity, S.Infinity, S.NegativeInfinity)
_LARGEST_VALUE = 300
"""A constant with more operations than this is not worked with: deciding whether it is zero takes seconds."""


class _NotFiniteError(Exception):
    """A part of an expression is not finite at a point, or out of reach."""


def collected(converter: Converter, poly: Any) -> Expr:
    """Write a polynomial as a sum over products of functions, each with a factored polynomial in yhat before it.

    A coefficient that vanishes at an end then stands beside the logarithm that is singular there, so that interval
    arithmetic sees 0 * log 0, not infinity - infinity; fewer repetitions of yhat make tighter boxes too.
    """
    tower = converter.tower
    poly = tower.lift(poly)
    groups: dict[tuple[int, ...], dict[tuple[int, ...], Any]] = {}
    plain = [i for i, generator in enumerate(tower.generators) if generator.kind == "yhat"]
    for monomial, coefficient in poly.items():
        functions = tuple(0 if i in plain else e for i, e in enumerate(monomial))
        powers = tuple(e if i in plain else 0 for i, e in enumerate(monomial))
        groups.setdefault(functions, {})[powers] = coefficient
    terms = []
    for exponents, part in groups.items():
        coefficient = tower.ring.from_dict(part)
        try:
            content, numbers = tower.factor(coefficient)
            product = [Pow(converter.poly_expression(tower.factors[n].poly), e) for n, e in numbers.items()]
        except UndecidedError:
            content, product = 1, [converter.poly_expression(coefficient)]
        functions_there = [Pow(converter.generator_expression(i), e) for i, e in enumerate(exponents) if e]
        terms.append(Mul(content, *product, *functions_there))
    return Add(*terms)
