"""Irreducible factors of integer polynomials in many variables, with the easy cases first and a limit on the rest.

A polynomial that is linear in one variable, with coprime coefficients, is
irreducible: that settles most arguments of logarithms and denominators of losses
without a general factorisation.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import sympy
from sympy.polys.domains import ZZ
from sympy.polys.orderings import lex
from sympy.polys.rings import PolyRing

from symloss.symbolic.undecided import UndecidedError

MOST_TERMS = 2_000
MOST_TERMS_TO_FACTOR = 30
LARGEST_DEGREE_TO_FACTOR = 24
MOST_WORK = 200_000
LARGEST_BITS = 4_000

Poly = Any
"""A sparse polynomial of `sympy.polys.rings` with integer coefficients."""


@cache
def ring_of(count: int) -> Any:
    """Return the ring of integer polynomials in `count` unnamed variables."""
    return PolyRing([f"g{i}" for i in range(count)], ZZ, lex)


def multiplied(a: Poly, b: Poly) -> Poly:
    """Return a * b, within the limit on work."""
    if len(a) * len(b) > MOST_WORK:
        raise UndecidedError("the gradient's polynomials get too large")
    return a * b


def powered(a: Poly, exponent: int) -> Poly:
    """Return a ** exponent for an exponent >= 0, within the limits."""
    if exponent <= 1 or not a:
        return a if exponent else a.ring.one
    if len(a) > 1 and (len(a) ** exponent > 10 * MOST_WORK or exponent > 200):
        raise UndecidedError("the gradient's polynomials get too large")
    if max(int(c).bit_length() for c in a.values()) * exponent > LARGEST_BITS:
        raise UndecidedError("the gradient's coefficients get too large")
    return a**exponent


def variables(a: Poly) -> list[int]:
    """Return the indices of the variables that occur."""
    return [i for i, degree in enumerate(a.degrees()) if degree and degree > 0] if a else []


def factors(a: Poly) -> tuple[int, list[tuple[Poly, int]]]:
    """Factor a nonzero polynomial into its integer content and irreducible primitive factors with exponents.

    Raises:
        UndecidedError: the polynomial is too large to factor in a short time.
    """
    content, primitive = a.primitive()
    content = int(content)
    result: list[tuple[Poly, int]] = []
    for index in variables(primitive):
        lowest = min(monomial[index] for monomial in primitive)
        if lowest:
            variable = primitive.ring.gens[index]
            result.append((variable, lowest))
            primitive = primitive.exquo(variable**lowest)
    if primitive.is_ground:
        return content * int(primitive.LC), result
    content_sign, rest = _without_monomials(primitive)
    return content * content_sign, result + rest


def _without_monomials(a: Poly) -> tuple[int, list[tuple[Poly, int]]]:
    present = variables(a)
    degrees = a.degrees()
    linear = [i for i in present if degrees[i] == 1]
    if len(present) == 1 and linear:
        return 1, [(a, 1)]
    for index in linear:
        divisor = _content_in(a, index)
        if divisor.is_ground:
            return 1, [(a, 1)]
        sign_a, first = factors(a.exquo(divisor))
        sign_b, second = factors(divisor)
        return sign_a * sign_b, _merged(first + second)
    if len(a) > MOST_TERMS_TO_FACTOR or sum(degrees[i] for i in present) > LARGEST_DEGREE_TO_FACTOR:
        raise UndecidedError("a polynomial of the gradient is too large to factor")
    if max(int(c).bit_length() for c in a.values()) > LARGEST_BITS:
        raise UndecidedError("the gradient's coefficients get too large")
    # A small ring, because the general algorithm runs over every variable that the ring has.
    small = ring_of(len(present))
    compact = small.from_dict({tuple(m[i] for i in present): c for m, c in a.items()})
    content, found = compact.factor_list()
    back = []
    for factor, exponent in found:
        terms = {}
        for monomial, coefficient in factor.items():
            full = [0] * a.ring.ngens
            for i, e in zip(present, monomial, strict=True):
                full[i] = e
            terms[tuple(full)] = coefficient
        back.append((a.ring.from_dict(terms), exponent))
    return int(content), back


def _content_in(a: Poly, index: int) -> Poly:
    """Return the greatest common divisor of the two coefficients of a polynomial that is linear in one variable."""
    parts: list[dict[tuple[int, ...], Any]] = [{}, {}]
    for monomial, coefficient in a.items():
        power = monomial[index]
        reduced = (*monomial[:index], 0, *monomial[index + 1 :])
        parts[power][reduced] = coefficient
    if any(len(part) == 1 and not any(next(iter(part))) for part in parts):
        return a.ring.one
    constant, slope = (a.ring.from_dict(part) for part in parts)
    return constant.gcd(slope)


def _merged(pairs: list[tuple[Poly, int]]) -> list[tuple[Poly, int]]:
    counts: dict[Poly, int] = {}
    for factor, exponent in pairs:
        known = factor if factor in counts or -factor not in counts else -factor
        counts[known] = counts.get(known, 0) + exponent
    return list(counts.items())


def prime_factors(number: int) -> tuple[dict[int, int], bool]:
    """Factor a positive integer; returns bases with exponents, and whether all bases are known to be primes."""
    if number.bit_length() <= 64:
        return {int(p): e for p, e in sympy.factorint(number).items()}, True
    found = {
        int(p): e
        for p, e in sympy.factorint(number, limit=10_000, use_rho=False, use_pm1=False, use_ecm=False).items()
    }
    return found, all(p < 10**8 or sympy.isprime(p) for p in found)
