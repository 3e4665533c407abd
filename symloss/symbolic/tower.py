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

import math
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from symloss.symbolic.factoring import MOST_TERMS, Poly, factors, multiplied, powered, prime_factors, ring_of
from symloss.symbolic.undecided import Deadline, UndecidedError

Key = Any
"""A canonical, hashable name: the same for the same function in every tower."""

REFERENCES = (0.37158279164, 0.71290416253)
"""Two points of yhat (y and eps follow from them) that fix the sign of irreducible polynomials."""

_TEST_POINTS = (1009, 733, 571, 421, 311, 223, 149, 97, 59, 41, 31, 23)


@dataclass(frozen=True, eq=False)
class Generator:
    """One independent function: its kind, canonical key and what it is made from."""

    kind: str
    key: Key
    index: int
    values: tuple[float, ...]
    argument: Any = None
    order: int = 1


@dataclass(frozen=True, eq=False)
class Factor:
    """An irreducible polynomial, oriented to be positive at the reference point."""

    number: int
    key: Key
    poly: Poly
    generator: Generator | None = None


@dataclass(frozen=True, eq=False)
class Element:
    """numerator / (divisor * product of factor**exponent); `denominator` maps factor numbers to exponents."""

    numerator: Poly
    divisor: int = 1
    denominator: dict[int, int] = field(default_factory=dict)

    @property
    def is_zero(self) -> bool:
        """Whether this is the zero function."""
        return not self.numerator

    @property
    def is_polynomial(self) -> bool:
        """Whether there is nothing but a number below."""
        return not self.denominator


class Tower:
    """Generators, factors and the arithmetic of elements."""

    def __init__(self, deadline: Deadline) -> None:
        """Start without generators."""
        self.deadline = deadline
        self.ring = ring_of(6)
        self.generators: list[Generator] = []
        self.by_key: dict[Key, Generator] = {}
        self.factors: list[Factor] = []
        self.factor_by_key: dict[Key, Factor] = {}
        self.related = False
        self.exact = True
        self._factored: dict[Poly, tuple[int, dict[int, int]]] = {}
        self._constant: dict[int, bool] = {}
        self._slopes: dict[tuple[str, int, int], Element] = {}
        self.one = self.number(1)
        self.zero = self.number(0)

    # Generators and polynomials

    def generator(self, kind: str, key: Key, value: Any, argument: Any = None, order: int = 1) -> Generator:
        """Return the generator of a key; `value` gives its float at reference number 0 or 1."""
        found = self.by_key.get(key)
        if found is None:
            index = len(self.generators)
            if index == self.ring.ngens:
                self._grow()
            values = tuple(_safely(value, i) for i in range(len(REFERENCES)))
            found = Generator(kind, key, index, values, argument, order)
            self.generators.append(found)
            self.by_key[key] = found
            self.related |= kind in ("root", "sign")
        return found

    def _grow(self) -> None:
        self.ring = ring_of(2 * self.ring.ngens)
        if self.ring.ngens > 48:
            raise UndecidedError("the gradient holds too many different functions")
        self.factors = [Factor(f.number, f.key, self.lift(f.poly), f.generator) for f in self.factors]
        self.factor_by_key = {f.key: f for f in self.factors}
        self._factored.clear()

    def lift(self, poly: Poly) -> Poly:
        """Return a polynomial in the current ring."""
        if poly.ring is self.ring:
            return poly
        padding = (0,) * (self.ring.ngens - poly.ring.ngens)
        return self.ring.from_dict({monomial + padding: c for monomial, c in poly.items()})

    def poly_key(self, poly: Poly) -> Key:
        """Return the canonical key of a polynomial (its sign included)."""
        generators = self.generators
        return frozenset(
            (frozenset((generators[i].key, e) for i, e in enumerate(monomial) if e), int(c))
            for monomial, c in poly.items()
        )

    def poly_value(self, poly: Poly, reference: int) -> tuple[float, float]:
        """Return the value at a reference point and the sum of the sizes of its terms."""
        total = size = 0.0
        for monomial, c in poly.items():
            term = float(int(c))
            for i, e in enumerate(monomial):
                if e:
                    term *= self.generators[i].values[reference] ** e
            total += term
            size += abs(term)
        return total, size

    def _orientation(self, poly: Poly) -> int:
        for reference in range(len(REFERENCES)):
            try:
                value, size = self.poly_value(poly, reference)
            except OverflowError:
                continue
            if math.isfinite(size) and abs(value) > 1e-9 * size:
                return 1 if value > 0 else -1
        # No numeric sign to be had: keep the order of construction, which is not canonical.
        self.exact = False
        return 1

    def factor(self, poly: Poly) -> tuple[int, dict[int, int]]:
        """Factor a nonzero polynomial: integer content with sign, and factor numbers with exponents."""
        poly = self.lift(poly)
        found = self._factored.get(poly)
        if found is None:
            self.deadline.check()
            content, parts = factors(poly)
            counts: dict[int, int] = {}
            for part, exponent in parts:
                side = self._orientation(part)
                oriented = part if side > 0 else -part
                content *= side**exponent
                number = self._register(oriented).number
                counts[number] = counts.get(number, 0) + exponent
            found = (content, counts)
            self._factored[poly] = found
        return found

    def _register(self, poly: Poly) -> Factor:
        key = self.poly_key(poly)
        found = self.factor_by_key.get(key)
        if found is None:
            generator = None
            if len(poly) == 1:
                (monomial,) = poly
                generator = self.generators[next(i for i, e in enumerate(monomial) if e)]
            found = Factor(len(self.factors), key, poly, generator)
            self.factors.append(found)
            self.factor_by_key[key] = found
        return found

    # Arithmetic

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
                    self.generators[i].kind in ("root", "sign") for i in _used(factor.poly)
                ):
                    self.exact = False
        if content < 0:
            numerator, content = -numerator, -content
        return self._reduced(self._related(numerator), content, denominator)

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
        for i in _used(poly):
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
                found = all(self.is_constant(i) for poly in self._arguments(generator) for i in _used(poly))
            self._constant[index] = found
        return found

    def size(self, a: Element) -> Element:
        """Return the largest positive number that divides a nonzero element: a canonical constant factor of it."""
        numerator = self.lift(a.numerator)
        constants = [i for i in _used(numerator) if self.is_constant(i)]
        common = self.ring(int(numerator.content()))
        if constants:
            common = self._constant_content(numerator, constants)
            if self.poly_value(common, 0)[0] < 0:
                common = -common
        below = {
            n: e
            for n, e in a.denominator.items()
            if all(self.is_constant(i) for i in _used(self.factors[n].poly))
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

    def integer_parts(self, number: int) -> dict[int, int]:
        """Factor a positive integer into primes; marks the tower as not exact where that is out of reach."""
        parts, complete = _prime_factors(number)
        self.exact &= complete
        return parts


@cache
def _prime_factors(number: int) -> tuple[dict[int, int], bool]:
    return prime_factors(number)


def _used(poly: Poly) -> list[int]:
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


def _safely(value: Any, reference: int) -> float:
    try:
        return float(value(reference))
    except (OverflowError, ZeroDivisionError, ValueError):
        return math.nan
