"""A polynomial in the generators with logarithms that stand together written as one.

In log p - log q with p and q nearly equal, interval arithmetic sees two large numbers, each as wide as its box, and
never their small difference; log(1 + (p - q)/q) with p - q multiplied out shows it. Such differences come from
protected operators, whose quotients and logarithms are 1 up to something as small as eps.
"""

from __future__ import annotations

import math
from typing import Any

from sympy import Add, Expr, Integer, Mul, Pow, Rational, log

from symloss.symbolic.field.convert import Converter
from symloss.symbolic.field.factoring import Poly
from symloss.symbolic.field.field_arithmetic import used_generators
from symloss.symbolic.undecided import UndecidedError

LARGEST_MULTIPLE = 64
"""Of the logarithm of a number."""

MOST_TERMS = 24
"""Of the polynomials whose product is multiplied out, each counted as often as it is multiplied."""


def with_joined_logarithms(converter: Converter, poly: Poly) -> Expr | None:
    """Return a polynomial with its logarithms joined, those in arguments too; None where none can be.

    Args:
        converter: what the polynomial was read with, for the region around its point.
        poly: a polynomial in its generators.

    Raises:
        UndecidedError: time is up.
    """
    writer = _JoinedWriter(converter)
    try:
        expression = writer.polynomial(poly)
    except UndecidedError:
        converter.deadline.check()
        return None
    return expression if writer.joined else None


class _JoinedWriter:
    """Writes polynomials of one converter; `joined` tells whether any logarithms were put together."""

    def __init__(self, converter: Converter) -> None:
        self.converter = converter
        self.tower = converter.tower
        self.joined = False

    def polynomial(self, poly: Poly) -> Expr:
        """Write a polynomial as a sum over products of functions, each with a factored polynomial in yhat before it."""
        functions, poly = self.with_few_logarithms(self.tower.lift(poly))
        groups: dict[tuple[tuple[int, int], ...], dict[tuple[int, ...], Any]] = {}
        plain = {i for i, generator in enumerate(self.tower.generators) if generator.kind == "yhat"}
        for monomial, coefficient in poly.items():
            name = tuple((i, e) for i, e in enumerate(monomial) if e and i not in plain)
            powers = tuple(e if i in plain else 0 for i, e in enumerate(monomial))
            groups.setdefault(name, {})[powers] = coefficient
        terms = []
        for name, part in groups.items():
            product = [Pow(functions[i], e) for i, e in name]
            terms.append(Mul(self.product(self.tower.ring.from_dict(part)), *product))
        return Add(*terms)

    def product(self, poly: Poly) -> Expr:
        """Write a polynomial in yhat alone as a product."""
        try:
            content, numbers = self.tower.factor(poly)
        except UndecidedError:
            return self.converter.poly_expression(poly)
        parts = [
            Pow(self.converter.poly_expression(self.tower.factors[n].poly), e) for n, e in numbers.items()
        ]
        return Mul(content, *parts)

    def with_few_logarithms(self, poly: Poly) -> tuple[dict[int, Expr], Poly]:
        """Return each function that a polynomial is then written with, and that polynomial.

        A polynomial whose derivatives by some logarithms are multiples r_k of one of them depends on the sum of the
        r_k log p_k alone. That sum takes the place of the first of them, and the others go.
        """
        functions: dict[int, Expr] = {}
        gone: set[int] = set()
        used = used_generators(poly)
        logarithms = [i for i in used if self.tower.generators[i].kind in ("log", "prime")]
        slopes = {i: poly.diff(self.tower.ring.gens[i]) for i in logarithms}
        for first in logarithms:
            if first in gone:
                continue
            group = {first: Rational(1)}
            for other in logarithms:
                if other > first and other not in gone:
                    a, b = int(slopes[first].LC), int(slopes[other].LC)
                    if slopes[other] * a == slopes[first] * b:
                        group[other] = Rational(b, a)
            found = self.sum_of_logarithms(group) if len(group) > 1 else None
            if found is None:
                functions[first] = self.logarithm(first)
                continue
            functions[first] = found
            gone |= set(group) - {first}
            self.joined = True
        for i in used:
            if i not in functions and i not in gone and self.tower.generators[i].kind != "yhat":
                functions[i] = self.converter.generator_expression(i)
        if gone:
            kept = {m: c for m, c in poly.items() if not any(m[i] for i in gone)}
            poly = self.tower.ring.from_dict(kept)
        return functions, poly

    def sum_of_logarithms(self, group: dict[int, Rational]) -> Expr | None:
        """Write the sum of r_k log p_k as a multiple of one logarithm; None where the powers are too large."""
        common = math.lcm(*(int(ratio.q) for ratio in group.values()))
        if not self.is_small(group, common):
            return None
        ring = self.tower.ring
        above, below, written = ring.one, ring.one, Integer(1)
        for index, ratio in group.items():
            generator, power = self.tower.generators[index], int(ratio * common)
            if generator.kind == "prime":
                argument = ring(int(generator.argument))
            else:
                argument = self.tower.lift(self.tower.factors[generator.argument].poly)
                argument = argument * self.converter.side(generator.argument)
            if power > 0:
                above = above * argument**power
            else:
                below = below * argument**-power
                written = written * Pow(self.polynomial(argument), -power)
        return log(1 + self.polynomial(above - below) / written, evaluate=False) / common

    def is_small(self, group: dict[int, Rational], common: int) -> bool:
        """Whether the product of the powers p_k**(r_k * common) can be multiplied out."""
        terms = 0
        for index, ratio in group.items():
            generator, power = self.tower.generators[index], abs(int(ratio * common))
            if generator.kind == "prime":
                if power > LARGEST_MULTIPLE:
                    return False
            else:
                terms += power * len(self.tower.factors[generator.argument].poly)
        return terms <= MOST_TERMS

    def logarithm(self, index: int) -> Expr:
        """Write one logarithm, with what is in its argument joined."""
        generator = self.tower.generators[index]
        if generator.kind == "prime":
            return self.converter.generator_expression(index)
        factor = self.tower.factors[generator.argument]
        inner = self.polynomial(factor.poly)
        return log(inner * self.converter.side(generator.argument), evaluate=False)
