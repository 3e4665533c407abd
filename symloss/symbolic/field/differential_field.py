"""A field of functions built up from yhat, y and eps: reduced fractions of polynomials in independent generators.

A generator is yhat, y, eps, the logarithm of a prime or of |p| for an irreducible
polynomial p in earlier generators, an exponential exp(u), a root |p|**(1/q), an
arctangent, or the sign of an irreducible polynomial. The relations r**q = |p| and
s**2 = 1 are applied; the rest are taken to be independent. An element is

    numerator / (q * product of irreducible factors)

and it is reduced, so two elements built from +, *, / and logarithms of polynomials
are the same function exactly when their canonical keys are equal (logarithms of
distinct irreducible polynomials are algebraically independent over the rational
functions: Ostrowski). For the other generators equal keys still mean equal functions; the
converse is not promised, and `exact` is then False.
"""

from __future__ import annotations

from typing import Any

from symloss.symbolic.field.factoring import Poly
from symloss.symbolic.field.field_arithmetic import FieldArithmetic, used_generators
from symloss.symbolic.field.generators import REFERENCES, Element, Factor, Generator, Key
from symloss.symbolic.undecided import Deadline

__all__ = ["REFERENCES", "Element", "Factor", "Generator", "Key", "Tower"]


class Tower(FieldArithmetic):
    """The field with derivatives by yhat, constants and canonical keys."""

    def __init__(self, deadline: Deadline) -> None:
        """Start without generators."""
        super().__init__(deadline)
        self._constant: dict[int, bool] = {}
        self._slopes: dict[tuple[str, int, int], Element] = {}

    # Derivatives by yhat

    def slope(self, a: Element) -> Element:
        """Return the derivative of an element by yhat."""
        top = self.poly_slope(a.numerator)
        result = self._divided(top, a)
        for number, exponent in a.denominator.items():
            inner = self._factor_slope(number)
            if not inner.is_zero:
                part = self.multiply(inner, Element(self.ring(-exponent), 1, {number: 1}))
                result = self.add(result, self.multiply(part, a))
        return result

    def _divided(self, top: Element, a: Element) -> Element:
        return (
            self.multiply(top, Element(self.ring.one, a.divisor, a.denominator))
            if not top.is_zero
            else self.zero
        )

    def _factor_slope(self, number: int) -> Element:
        cached = self._slopes.get(("factor", number, 0))
        if cached is None:
            cached = self.poly_slope(self.factors[number].poly)
            self._slopes[("factor", number, 0)] = cached
        return cached

    def poly_slope(self, poly: Poly) -> Element:
        """Return the derivative of a polynomial in the generators by yhat."""
        result = self.zero
        for i in used_generators(poly):
            inner = self.generator_slope(self.generators[i])
            if not inner.is_zero:
                partial = self.lift(poly).diff(self.ring.gens[i])
                result = self.add(result, self.multiply(Element(partial), inner))
        return result

    def generator_slope(self, generator: Generator) -> Element:
        """Return the derivative of a generator by yhat."""
        cached = self._slopes.get(("generator", generator.index, 0))
        if cached is None:
            cached = self._generator_rule(generator)
            self._slopes[("generator", generator.index, 0)] = cached
        return cached

    def _generator_rule(self, generator: Generator) -> Element:
        kind, argument = generator.kind, generator.argument
        if kind == "yhat":
            return self.one
        if kind == "log":
            return self.multiply(self._factor_slope(argument), Element(self.ring.one, 1, {argument: 1}))
        if kind == "exp":
            return self.scaled(self.multiply(self.of(generator), self.slope(argument)), 1, generator.order)
        if kind == "root":
            content, parts = self.factor(argument)
            side = self.ring(1 if content > 0 else -1)
            relative = self.multiply(self.poly_slope(argument), Element(side, abs(content), dict(parts)))
            return self.scaled(self.multiply(self.of(generator), relative), 1, generator.order)
        if kind == "atan":
            below = self.add(self.one, self.power(argument, 2))
            return self.multiply(self.slope(argument), self.reciprocal(below))
        return self.zero

    # Constants

    def is_constant(self, index: int) -> bool:
        """Return whether a generator is a number: built without yhat, y and eps."""
        found = self._constant.get(index)
        if found is None:
            generator = self.generators[index]
            if generator.kind in ("yhat", "y", "eps"):
                found = False
            else:
                found = all(
                    self.is_constant(i) for poly in self._arguments(generator) for i in used_generators(poly)
                )
            self._constant[index] = found
        return found

    def size(self, a: Element) -> Element:
        """Return the largest positive number that divides a nonzero element: a canonical constant factor of it."""
        numerator = self.lift(a.numerator)
        constants = [i for i in used_generators(numerator) if self.is_constant(i)]
        common = self.ring(int(numerator.content()))
        if constants:
            common = self._constant_content(numerator, constants)
            if self.poly_value(common, 0)[0] < 0:
                common = -common
        below = {
            n: e
            for n, e in a.denominator.items()
            if all(self.is_constant(i) for i in used_generators(self.factors[n].poly))
        }
        return self._reduced(common, a.divisor, below)

    def _constant_content(self, poly: Poly, constants: list[int]) -> Poly:
        """Return the greatest common divisor of the coefficients, which are polynomials in the constant generators."""
        parts: dict[tuple[int, ...], dict[tuple[int, ...], Any]] = {}
        for monomial, c in poly.items():
            inner = tuple(e if i in constants else 0 for i, e in enumerate(monomial))
            outer = tuple(0 if i in constants else e for i, e in enumerate(monomial))
            parts.setdefault(outer, {})[inner] = c
        common = self.ring.zero
        for part in parts.values():
            common = common.gcd(self.ring.from_dict(part))
            if common == 1:
                break
        return common

    def weight(self, a: Element) -> int:
        """Return how many terms it takes to write an element out, the arguments of its generators included."""
        known: dict[int, int] = {}

        def of_poly(poly: Poly) -> int:
            return sum(1 + sum(of_generator(i) for i, e in enumerate(monomial) if e) for monomial in poly)

        def of_generator(index: int) -> int:
            if index not in known:
                known[index] = sum(of_poly(poly) for poly in self._arguments(self.generators[index]))
            return known[index]

        return sum(of_poly(poly) for poly in (a.numerator, *(self.factors[n].poly for n in a.denominator)))

    def _arguments(self, generator: Generator) -> list[Poly]:
        """Return the polynomials that a generator is made from."""
        kind, argument = generator.kind, generator.argument
        if kind in ("log", "sign"):
            return [self.factors[argument].poly]
        if kind == "root":
            return [argument]
        if kind in ("exp", "atan"):
            return [argument.numerator, *(self.factors[n].poly for n in argument.denominator)]
        return []

    # Canonical keys

    def key(self, a: Element) -> Key:
        """Return the canonical key of an element."""
        below = frozenset((self.factors[number].key, e) for number, e in a.denominator.items())
        return (self.poly_key(a.numerator), a.divisor, below)

    def value(self, a: Element, reference: int) -> float:
        """Return the float value of an element at a reference point."""
        result = self.poly_value(a.numerator, reference)[0] / a.divisor
        for number, e in a.denominator.items():
            result /= self.poly_value(self.factors[number].poly, reference)[0] ** e
        return result
