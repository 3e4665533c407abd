"""Independent functions (generators), polynomials in them, and their irreducible factors.

Each generator and factor has a canonical key, the same in every tower, and a value
at two fixed points, which settles the sign that an irreducible polynomial is
written with.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from symloss.symbolic.field.factoring import Poly, factors, prime_factors, ring_of
from symloss.symbolic.undecided import Deadline, UndecidedError

Key = Any
"""A canonical, hashable name: the same for the same function in every tower."""

MOST_GENERATORS = 48

REFERENCES = (0.37158279164, 0.71290416253)
"""Two points of yhat (y and eps follow from them) that fix the sign of irreducible polynomials."""


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


class Generators:
    """Independent functions and irreducible polynomials in them, each registered once."""

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
        if 2 * self.ring.ngens > MOST_GENERATORS:
            raise UndecidedError("the gradient holds too many different functions")
        self.ring = ring_of(2 * self.ring.ngens)
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

    def orientation(self, poly: Poly) -> int:
        """Return the sign of a polynomial at a reference point."""
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
                side = self.orientation(part)
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

    def integer_parts(self, number: int) -> dict[int, int]:
        """Factor a positive integer into primes; marks the tower as not exact where that is out of reach."""
        parts, complete = _prime_factors(number)
        self.exact &= complete
        return parts


@cache
def _prime_factors(number: int) -> tuple[dict[int, int], bool]:
    return prime_factors(number)


def _safely(value: Any, reference: int) -> float:
    try:
        return float(value(reference))
    except (OverflowError, ZeroDivisionError, ValueError):
        return math.nan
