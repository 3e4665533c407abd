"""Signs, magnitudes and extrema of elements where the region can't be cut into pieces.

|u| = u * sign(u);  sign(u v) = sign(u) sign(v);  max(a, b) = (a + b + |a - b|)/2
"""

from __future__ import annotations

import itertools
import math

from sympy import Expr

from symloss.symbolic.field.differential_field import Element
from symloss.symbolic.field.elementary import Elementary
from symloss.symbolic.field.factoring import Poly
from symloss.symbolic.undecided import UndecidedError


class Kinks(Elementary):
    """Functions of elements that need a proved sign on the region, or a generator for it."""

    def require_positive(self, u: Element, written: Expr) -> None:
        """Refuse a logarithm or root that may be taken of a negative number; on one piece the caller has made sure."""
        if self.known_sign is None or self.known_sign(written) == 1:
            return
        tower = self.tower
        switches = [g for g in tower.generators if g.kind == "sign"]
        polys = [u.numerator, *(tower.factors[n].poly for n, e in u.denominator.items() if e % 2)]
        used = [g for g in switches if any(m[g.index] for p in polys for m in tower.lift(p))]
        if len(used) > 3:
            raise UndecidedError("whether a logarithm's argument is positive was not proved")
        for choice in itertools.product((1, -1), repeat=len(used)):
            total = 1
            for poly in polys:
                total *= self._sign_at(
                    tower.lift(poly), {g.index: s for g, s in zip(used, choice, strict=True)}
                )
            if total <= 0:
                raise UndecidedError("whether the argument of a logarithm or root is positive was not proved")

    def _sign_at(self, poly: Poly, switches: dict[int, int]) -> int:
        """Return the proved sign of a polynomial with the signs in it set, 0 where there is none."""
        assert self.known_sign is not None
        for index, side in switches.items():
            poly = _put(poly, index, side)
        if not poly:
            return 0
        content, counts = self.tower.factor(poly)
        total = 1 if content > 0 else -1
        for number, e in counts.items():
            if e % 2:
                generator = self.tower.factors[number].generator
                if generator is not None and generator.kind in ("exp", "root", "prime"):
                    continue
                total *= self._known(self.tower.factors[number].poly) or 0
        return total

    def sign_of(self, u: Element) -> Element:
        """Return sign(u) with one generator for every irreducible factor whose sign is not known."""
        assert self.known_sign is not None
        tower = self.tower
        if u.is_zero:
            return tower.zero
        content, counts = tower.factor(u.numerator)
        merged = dict(counts)
        for number, e in u.denominator.items():
            merged[number] = merged.get(number, 0) + e
        result = tower.number(1 if content > 0 else -1)
        for number, e in merged.items():
            factor = tower.factors[number]
            if factor.generator is not None and factor.generator.kind in ("exp", "root"):
                continue
            if e % 2:
                known = self._known(factor.poly)
                if known is not None:
                    result = tower.scaled(result, known)
                    continue
                value = lambda i, p=factor.poly: math.copysign(1.0, tower.poly_value(p, i)[0])  # noqa: E731
                self.tower.exact = False
                generator = tower.generator("sign", ("sign", factor.key), value, number, 2)
                result = tower.multiply(result, tower.of(generator))
        return result

    def magnitude(self, u: Element) -> Element:
        """Return |u|."""
        return self.tower.multiply(u, self.sign_of(u))

    def extremum(self, a: Element, b: Element, largest: int) -> Element:
        """Return max(a, b) for largest = 1, min(a, b) for -1."""
        tower = self.tower
        gap = self.magnitude(tower.add(a, tower.negative(b)))
        return tower.scaled(tower.add(tower.add(a, b), tower.scaled(gap, largest)), 1, 2)


def _put(poly: Poly, index: int, number: int) -> Poly:
    """Replace one variable of a polynomial by 1 or -1."""
    result = poly.ring.zero
    for monomial, c in poly.items():
        rest = (*monomial[:index], 0, *monomial[index + 1 :])
        result += poly.ring.from_dict({rest: c * number ** monomial[index]})
    return result
