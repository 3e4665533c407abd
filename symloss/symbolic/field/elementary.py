"""Logarithms, exponentials, roots and arctangents of elements of a `Tower`.

log|u|       = sum of e * log|p| over the irreducible factors p**e of u
|u|**(a/b)   = product of |p|**(e*a/b)
exp(u + v)   = exp(u) exp(v);  exp(c log|p|) = |p|**c
atan(-u)     = -atan(u)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import sympy
from sympy import Expr, Rational

from symloss.symbolic.field.differential_field import Element, Generator
from symloss.symbolic.field.factoring import Poly
from symloss.symbolic.field.to_expression import Writer
from symloss.symbolic.undecided import Deadline


class Elementary(Writer):
    """Functions of elements that are smooth on the region."""

    def __init__(
        self,
        deadline: Deadline,
        point: Mapping[sympy.Symbol, Any],
        known_sign: Callable[[Expr], int | None] | None = None,
    ) -> None:
        """Start with an empty tower."""
        super().__init__(deadline, point, known_sign)
        self._orders: dict[Any, set[int]] = {}

    def _parts(self, u: Element) -> tuple[dict[int, int], dict[int, int]]:
        """Return prime factors and irreducible factors of |u|, with exponents of both signs."""
        tower = self.tower
        if u.is_zero:
            raise ZeroDivisionError
        content, factors = tower.factor(u.numerator)
        counts = dict(factors)
        for number, e in u.denominator.items():
            counts[number] = counts.get(number, 0) - e
        primes = dict(tower.integer_parts(abs(content))) if abs(content) != 1 else {}
        if u.divisor != 1:
            for prime, e in tower.integer_parts(u.divisor).items():
                primes[prime] = primes.get(prime, 0) - e
        return {p: e for p, e in primes.items() if e}, {n: e for n, e in counts.items() if e}

    def logarithm(self, u: Element) -> Element:
        """Return log|u|."""
        tower = self.tower
        primes, counts = self._parts(u)
        result = tower.zero
        for prime, e in primes.items():
            generator = tower.generator("prime", ("log", prime), lambda i, p=prime: math.log(p), prime)
            result = tower.add(result, tower.scaled(tower.of(generator), e))
        for number, e in counts.items():
            result = tower.add(result, tower.scaled(self._factor_logarithm(number), e))
        return result

    def _factor_logarithm(self, number: int) -> Element:
        tower = self.tower
        inside = tower.factors[number].generator
        if inside is not None:
            if inside.kind == "exp":
                return tower.scaled(inside.argument, 1, inside.order)
            if inside.kind == "root":
                return tower.scaled(self.logarithm(Element(tower.lift(inside.argument))), 1, inside.order)
            if inside.kind == "sign":
                return tower.zero
        key = tower.factors[number].key
        generator = tower.generator(
            "log",
            ("log", key),
            lambda i: math.log(abs(tower.poly_value(tower.factors[number].poly, i)[0])),
            number,
        )
        return tower.of(generator)

    def exponential(self, u: Element) -> Element:
        """Return exp(u)."""
        tower = self.tower
        if not u.is_polynomial:
            content = int(u.numerator.content())
            side = 1 if tower.orientation(u.numerator) > 0 else -1
            unit = Element(u.numerator.quo_ground(content) * side, 1, u.denominator)
            return self._exponential_of(unit, Rational(side * content, u.divisor))
        result = tower.one
        for monomial, c in list(u.numerator.items()):
            coefficient = Rational(int(c), u.divisor)
            term = u.numerator.ring.from_dict({monomial: u.numerator.ring.domain.one})
            generator = self._single(term)
            if generator is not None and generator.kind in ("log", "prime"):
                poly = (
                    tower.ring(generator.argument)
                    if generator.kind == "prime"
                    else tower.factors[generator.argument].poly
                )
                factor = self.root(Element(poly), int(coefficient.p), int(coefficient.q))
            else:
                factor = self._exponential_of(Element(tower.lift(term)), coefficient)
            result = tower.multiply(result, factor)
        return result

    def _single(self, term: Poly) -> Generator | None:
        (monomial,) = term
        used = [i for i, e in enumerate(monomial) if e]
        return self.tower.generators[used[0]] if len(used) == 1 and monomial[used[0]] == 1 else None

    def _exponential_of(self, unit: Element, coefficient: Rational) -> Element:
        tower = self.tower
        numerator, order = int(coefficient.p), int(coefficient.q)
        if abs(numerator) > self.largest_exponential:
            # Too high a power of one generator: exp(c u) gets one of its own.
            tower.exact = False
            unit, numerator, order = tower.scaled(unit, numerator, order), 1, 1
        key = tower.key(unit)
        self._note_order(("exp", key), order)
        generator = tower.generator(
            "exp", ("exp", key, order), lambda i: math.exp(tower.value(unit, i) / order), unit, order
        )
        return tower.power(tower.of(generator), numerator)

    def _note_order(self, key: Any, order: int) -> None:
        orders = self._orders.setdefault(key, set())
        orders.add(order)
        if len(orders) > 1:
            self.tower.exact = False

    def root(self, u: Element, numerator: int, order: int) -> Element:
        """Return |u| ** (numerator/order)."""
        tower = self.tower
        primes, counts = self._parts(u)
        result = tower.one
        for prime, e in primes.items():
            result = tower.multiply(
                result, self._root_of(tower.ring(prime), ("prime", prime), 1, e * numerator, order)
            )
        for number, e in counts.items():
            generator = tower.factors[number].generator
            if generator is not None and generator.kind == "exp":
                factor = self.exponential(
                    tower.scaled(generator.argument, e * numerator, generator.order * order)
                )
            elif generator is not None and generator.kind == "root":
                factor = self.root(
                    Element(tower.lift(generator.argument)), e * numerator, order * generator.order
                )
            elif generator is not None and generator.kind == "sign":
                continue
            else:
                side = self.side(number)
                factor = self._root_of(
                    tower.factors[number].poly * side, tower.factors[number].key, side, e * numerator, order
                )
            result = tower.multiply(result, factor)
        return result

    def _root_of(self, poly: Poly, key: Any, side: int, numerator: int, order: int) -> Element:
        """Return poly ** (numerator/order) for a polynomial that is positive on the region."""
        tower = self.tower
        common = math.gcd(numerator, order)
        numerator, order = numerator // common, order // common
        whole, rest = divmod(numerator, order)
        result = tower.power(Element(tower.lift(poly)), whole)
        if rest:
            self._note_order(("root", key), order)
            value = lambda i: abs(tower.poly_value(poly, i)[0]) ** (1 / order)  # noqa: E731
            generator = tower.generator("root", ("root", key, side, order), value, poly, order)
            result = tower.multiply(result, tower.of(generator, rest))
        return result

    def arctangent(self, u: Element) -> Element:
        """Return atan(u)."""
        tower = self.tower
        if u.is_zero:
            return tower.zero
        side = tower.orientation(u.numerator)
        if side < 0:
            u = tower.negative(u)
        generator = tower.generator("atan", ("atan", tower.key(u)), lambda i: math.atan(tower.value(u, i)), u)
        return tower.scaled(tower.of(generator), side)
