"""Element of a `Tower` -> expression, with the signs that logarithms and roots need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy
from sympy import Abs, Expr, Rational, sign

from symloss.signature import eps, y, yhat
from symloss.symbolic.arithmetic.precise import precise
from symloss.symbolic.field.differential_field import Element, Generator, Tower
from symloss.symbolic.field.factoring import Poly
from symloss.symbolic.undecided import Deadline, UndecidedError

LARGEST_POWER = 200
"""Of one function."""

LONGEST_TO_PROVE = 400
"""Terms of the longest polynomial whose sign is asked for (arguments of its generators included)."""


class Writer:
    """Writes elements of one tower, for a region around a point; see `convert.Converter` for the arguments.

    Attributes:
        tower: what the elements belong to.
        largest_exponential: exp(n u) is written as exp(u)**n up to this n; may be set before the first element.
    """

    def __init__(
        self,
        deadline: Deadline,
        point: Mapping[sympy.Symbol, Any],
        known_sign: Callable[[Expr], int | None] | None = None,
    ) -> None:
        """Start with an empty tower."""
        self.tower = Tower(deadline)
        self.deadline = deadline
        self.point = dict(point)
        self.known_sign = known_sign
        self.largest_exponential = LARGEST_POWER
        self._expressions: dict[int, Expr] = {}
        self._sides: dict[int, int] = {}
        self._orders: dict[Any, set[int]] = {}

    def side(self, number: int) -> int:
        """Return the sign of an irreducible factor at the region's point."""
        found = self._sides.get(number)
        if found is None:
            value = precise(self.poly_expression(self.tower.factors[number].poly), self.point)[0]
            if not abs(value) > 0:
                raise UndecidedError("the sign of a radicand could not be found")
            found = 1 if value > 0 else -1
            self._sides[number] = found
        return found

    def _known(self, poly: Poly) -> int | None:
        """Return the proved sign of a polynomial on the region, None where there is none or it is too long to ask."""
        assert self.known_sign is not None
        if self.tower.weight(Element(poly)) > LONGEST_TO_PROVE:
            return None
        return self.known_sign(self.poly_expression(poly))

    def expression(self, u: Element) -> Expr:
        """Return an element as an expression; logarithms get arguments that are positive at the region's point."""
        top = self.poly_expression(u.numerator)
        below = [sympy.Integer(u.divisor)]
        for number, e in sorted(u.denominator.items()):
            below.append(sympy.Pow(self.poly_expression(self.tower.factors[number].poly), e))
        return top / sympy.Mul(*below)

    def poly_expression(self, poly: Poly) -> Expr:
        """Return a polynomial in the generators as an expression."""
        terms = []
        for monomial, c in poly.items():
            powers = [sympy.Pow(self.generator_expression(i), e) for i, e in enumerate(monomial) if e]
            terms.append(sympy.Mul(int(c), *powers))
        return sympy.Add(*terms)

    def generator_expression(self, index: int) -> Expr:
        """Return a generator as an expression."""
        found = self._expressions.get(index)
        if found is None:
            found = self._generator_expression(self.tower.generators[index])
            self._expressions[index] = found
        return found

    def _generator_expression(self, generator: Generator) -> Expr:
        kind, argument, tower = generator.kind, generator.argument, self.tower
        if kind in ("yhat", "y", "eps"):
            return {"yhat": yhat, "y": y, "eps": eps}[kind]
        if kind == "constant":
            return sympy.pi
        if kind == "prime":
            return sympy.log(sympy.Integer(argument))
        if kind == "log":
            inner = self.poly_expression(tower.factors[argument].poly)
            if self.known_sign is not None and self._known(tower.factors[argument].poly) is None:
                return sympy.log(Abs(inner, evaluate=False), evaluate=False)
            return sympy.log(inner * self.side(argument), evaluate=False)
        if kind == "exp":
            return sympy.exp(self.expression(argument) / generator.order, evaluate=False)
        if kind == "root":
            return sympy.Pow(self.poly_expression(argument), Rational(1, generator.order), evaluate=False)
        if kind == "atan":
            return sympy.atan(self.expression(argument), evaluate=False)
        return sign(self.poly_expression(tower.factors[argument].poly), evaluate=False)
