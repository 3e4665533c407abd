"""Arithmetic of reduced fractions numerator / (number * product of irreducible factors) in given generators."""

from __future__ import annotations

import math
from typing import Any

from symloss.symbolic.field.factoring import MOST_TERMS, Poly, multiplied, powered
from symloss.symbolic.field.generators import Element, Factor, Generator, Generators
from symloss.symbolic.undecided import Deadline, UndecidedError

_TEST_POINTS = (1009, 733, 571, 421, 311, 223, 149, 97, 59, 41, 31, 23)


class FieldArithmetic(Generators):
    """Sums, products and powers of elements."""

    def __init__(self, deadline: Deadline) -> None:
        """Start without generators."""
        super().__init__(deadline)
        self.one = self.number(1)
        self.zero = self.number(0)

    def number(self, numerator: int, divisor: int = 1) -> Element:
        """Return a rational number as an element."""
        common = math.gcd(numerator, divisor)
        return Element(self.ring(numerator // common), divisor // common)

    def of(self, generator: Generator, exponent: int = 1) -> Element:
        """Return a generator to an exponent >= 0 as an element."""
        return Element(self._related(self.ring.gens[generator.index] ** exponent))

    def _related(self, poly: Poly) -> Poly:
        """Apply r**q = |p| and s**2 = 1."""
        if not self.related:
            return poly
        for generator in self.generators:
            if generator.kind not in ("root", "sign"):
                continue
            i = generator.index
            if all(monomial[i] < generator.order for monomial in poly):
                continue
            by_power: dict[int, dict[tuple[int, ...], Any]] = {}
            for monomial, c in poly.items():
                whole, rest = divmod(monomial[i], generator.order)
                terms = by_power.setdefault(whole, {})
                left = (*monomial[:i], rest, *monomial[i + 1 :])
                terms[left] = terms.get(left, 0) + c
            result = self.ring.zero
            for whole, terms in by_power.items():
                part = self.ring.from_dict({monomial: c for monomial, c in terms.items() if c})
                if whole and generator.kind == "root":
                    part = multiplied(part, powered(self.lift(generator.argument), whole))
                result = result + part
            return self._related(result)
        return poly

    def _reduced(self, numerator: Poly, divisor: int, denominator: dict[int, int]) -> Element:
        if not numerator:
            return self.zero
        self.deadline.check()
        if len(numerator) > MOST_TERMS:
            raise UndecidedError("the gradient's polynomials get too large")
        left: dict[int, int] = {}
        for number, exponent in denominator.items():
            factor = self.factors[number]
            while exponent:
                quotient = self._quotient(numerator, factor)
                if quotient is None:
                    break
                numerator, exponent = quotient, exponent - 1
            if exponent:
                left[number] = exponent
        common = math.gcd(int(numerator.content()), divisor)
        if common > 1:
            numerator, divisor = numerator.quo_ground(common), divisor // common
        return Element(numerator, divisor, left)

    def _quotient(self, poly: Poly, factor: Factor) -> Poly | None:
        if factor.generator is not None:
            index = factor.generator.index
            if any(monomial[index] == 0 for monomial in poly):
                return None
            return self.ring.from_dict(
                {(*m[:index], m[index] - 1, *m[index + 1 :]): c for m, c in poly.items()}
            )
        if any(a < b for a, b in zip(poly.degrees(), factor.poly.degrees(), strict=True)):
            return None
        value = _at_integers(factor.poly)
        if value and _at_integers(poly) % value:
            return None
        quotient, remainder = poly.div(factor.poly)
        return None if remainder else quotient

    def add(self, a: Element, b: Element) -> Element:
        """Return a + b."""
        left, right = self.lift(a.numerator), self.lift(b.numerator)
        if a.is_zero or b.is_zero:
            return b if a.is_zero else a
        divisor = math.lcm(a.divisor, b.divisor)
        left, right = left * (divisor // a.divisor), right * (divisor // b.divisor)
        if a.denominator != b.denominator:
            common = dict(a.denominator)
            for number, exponent in b.denominator.items():
                common[number] = max(common.get(number, 0), exponent)
            left = self._missing(left, common, a.denominator)
            right = self._missing(right, common, b.denominator)
            return self._reduced(self._related(left + right), divisor, common)
        return self._reduced(left + right, divisor, a.denominator)

    def _missing(self, poly: Poly, common: dict[int, int], present: dict[int, int]) -> Poly:
        for number, exponent in common.items():
            more = exponent - present.get(number, 0)
            if more:
                poly = multiplied(poly, powered(self.factors[number].poly, more))
        return poly

    def multiply(self, a: Element, b: Element) -> Element:
        """Return a * b."""
        self.deadline.check()
        numerator = self._related(multiplied(self.lift(a.numerator), self.lift(b.numerator)))
        denominator = dict(a.denominator)
        for number, exponent in b.denominator.items():
            denominator[number] = denominator.get(number, 0) + exponent
        return self._reduced(numerator, a.divisor * b.divisor, denominator)

    def negative(self, a: Element) -> Element:
        """Return -a."""
        return Element(-a.numerator, a.divisor, a.denominator)

    def scaled(self, a: Element, numerator: int, divisor: int = 1) -> Element:
        """Return a * numerator / divisor."""
        return self._reduced(self.lift(a.numerator) * numerator, a.divisor * divisor, a.denominator)

    def power(self, a: Element, exponent: int) -> Element:
        """Return a ** exponent for any integer exponent.

        Raises:
            UndecidedError: a denominator is too large to factor.
            ZeroDivisionError: zero to a negative power.
        """
        self.deadline.check()
        if exponent < 0:
            return self.power(self.reciprocal(a), -exponent)
        numerator = self._related(powered(self.lift(a.numerator), exponent))
        if a.divisor.bit_length() * exponent > 4000:
            raise UndecidedError("the gradient's coefficients get too large")
        result = {number: e * exponent for number, e in a.denominator.items()} if exponent else {}
        return self._reduced(numerator, a.divisor**exponent, result)

    def reciprocal(self, a: Element) -> Element:
        """Return 1 / a."""
        if a.is_zero:
            raise ZeroDivisionError("1/0")
        content, counts = self.factor(a.numerator)
        numerator = self._missing(self.ring(a.divisor), a.denominator, {})
        denominator: dict[int, int] = {}
        for number, exponent in counts.items():
            factor = self.factors[number]
            generator = factor.generator
            if generator is not None and generator.kind in ("root", "sign"):
                # 1/r = r**(q-1) / |p| and 1/s = s keep roots and signs out of denominators.
                numerator = multiplied(
                    numerator, powered(self.ring.gens[generator.index], (generator.order - 1) * exponent)
                )
                if generator.kind == "root":
                    below, parts = self.factor(generator.argument)
                    content *= below**exponent
                    for part, e in parts.items():
                        denominator[part] = denominator.get(part, 0) + e * exponent
            else:
                denominator[number] = denominator.get(number, 0) + exponent
                if self.related and any(
                    self.generators[i].kind in ("root", "sign") for i in used_generators(factor.poly)
                ):
                    self.exact = False
        if content < 0:
            numerator, content = -numerator, -content
        return self._reduced(self._related(numerator), content, denominator)


def used_generators(poly: Poly) -> list[int]:
    """Return the numbers of the generators that occur in a polynomial."""
    return [i for i, degree in enumerate(poly.degrees()) if degree and degree > 0] if poly else []


def _at_integers(poly: Poly) -> int:
    points = _TEST_POINTS
    total = 0
    for monomial, c in poly.items():
        term = int(c)
        for i, e in enumerate(monomial):
            if e:
                term *= points[i % len(points)] ** e
        total += term
    return total
