"""Loss expression -> element of a `Tower`, and back.

Every rule is an identity of functions on the interval (or region) where the
expression is real:

    log(u)     = sum of e * log|p| over the irreducible factors p**e of u, for u > 0
    u**(a/b)   = product of |p|**(e*a/b), for u > 0
    exp(u + v) = exp(u) exp(v);  exp(c log|p|) = |p|**c
    tanh, sigmoid by exp; atan(-u) = -atan(u)
    |u| = u * sign(u); sign(u v) = sign(u) sign(v); max(a, b) = (a + b + |a - b|)/2
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

import sympy
from sympy import Abs, Expr, Max, Min, Rational, sign

from symloss.domain import eps, y, yhat
from symloss.ops.constants import GUARD_LIMIT
from symloss.ops.protected import SmoothedFunction, aq, guard, pexp, plog, recip, sigmoid
from symloss.symbolic.factoring import Poly
from symloss.symbolic.precise import precise
from symloss.symbolic.tower import REFERENCES, Element, Generator, Tower
from symloss.symbolic.undecided import Deadline, UndecidedError

_REFERENCE_VALUES = {
    yhat: REFERENCES,
    y: (0.29847261, 0.61840273),
    eps: (0.0419273, 0.19203847),
}

LARGEST_POWER = 200
LONGEST_TO_PROVE = 400
"""Terms of the longest polynomial whose sign is asked for (arguments of its generators included)."""


class Converter:
    """Reads expressions into one tower.

    Args:
        deadline: when to stop.
        point: a number for each symbol, inside of the region where the expressions are meant; it fixes the signs
            of radicands.
        known_sign: returns the sign of an irreducible polynomial's expression where it is proved on the region,
            else None; with it kinks are allowed and written with sign generators. Without it kinks are refused.
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
        self.done: dict[Expr, Element] = {}
        self._expressions: dict[int, Expr] = {}
        self._sides: dict[int, int] = {}
        self._orders: dict[Any, set[int]] = {}

    def move(self, point: Mapping[sympy.Symbol, Any]) -> None:
        """Go to another region: what depends on signs there is forgotten."""
        self.point = dict(point)
        self._sides.clear()
        self._expressions.clear()
        if self.tower.related:
            self.done.clear()

    # Reading

    def element(self, expression: Expr) -> Element:
        """Return the element of an expression.

        Raises:
            UndecidedError: it is too large, or holds a function that has no rule.
        """
        found = self.done.get(expression)
        if found is None:
            self.deadline.check()
            try:
                found = self._rule(expression)
            except (ZeroDivisionError, OverflowError):
                raise UndecidedError("the gradient divides by zero") from None
            self.done[expression] = found
        return found

    def _rule(self, node: Expr) -> Element:
        tower = self.tower
        if node.is_Rational:
            return tower.number(int(node.p), int(node.q))
        if node in _REFERENCE_VALUES:
            values = _REFERENCE_VALUES[node]
            return tower.of(tower.generator(str(node), str(node), lambda i: values[i]))
        if node is sympy.E:
            return self.exponential(tower.one)
        if node is sympy.pi:
            return tower.of(tower.generator("constant", "pi", lambda i: math.pi))
        function = node.func
        if function is sympy.Pow:
            return self._power(node.base, node.exp)
        inner = [self.element(argument) for argument in node.args]
        if not inner:
            raise UndecidedError(f"{node} has no rule")
        if function is sympy.Add:
            result = inner[0]
            for term in inner[1:]:
                result = tower.add(result, term)
            return result
        if function is sympy.Mul:
            result = inner[0]
            for term in inner[1:]:
                result = tower.multiply(result, term)
            return result
        return self._function(function, node, inner)

    def _function(self, function: Any, node: Expr, inner: list[Element]) -> Element:
        tower, u = self.tower, inner[0]
        if function is sympy.log:
            self._require_positive(u, node.args[0])
            return self.logarithm(u)
        if function is sympy.exp:
            return self.exponential(u)
        if function is sympy.tanh:
            double = self.exponential(tower.scaled(u, 2))
            return tower.multiply(
                tower.add(double, tower.number(-1)), tower.reciprocal(tower.add(double, tower.one))
            )
        if function is sigmoid:
            grown = self.exponential(u)
            return tower.multiply(grown, tower.reciprocal(tower.add(grown, tower.one)))
        if function is sympy.atan:
            return self._arctangent(u)
        if self.known_sign is None:
            raise UndecidedError(f"{function.__name__} has no rule here")
        if function is Abs:
            return self._magnitude(u)
        if function is sign:
            return self._side(u)
        if function in (Max, Min):
            result = u
            for other in inner[1:]:
                result = self._extremum(result, other, 1 if function is Max else -1)
            return result
        if function is guard:
            limit = tower.number(GUARD_LIMIT)
            return self._extremum(self._extremum(u, limit, -1), tower.negative(limit), 1)
        if function is pexp:
            limit = self.logarithm(tower.number(GUARD_LIMIT))
            return self.exponential(self._extremum(u, limit, -1))
        if function is aq:
            below = tower.add(tower.one, tower.power(inner[1], 2))
            return tower.multiply(u, self.root(below, -1, 2))
        if isinstance(node, SmoothedFunction):
            smoothing = inner[1] if len(inner) > 1 else self.element(node.smoothing)
            size = tower.add(self._magnitude(u), smoothing)
            if function is plog:
                outer = self.logarithm(size)
            else:
                outer = tower.reciprocal(size) if function is recip else self.root(size, 1, 2)
            return tower.multiply(self._side(u), outer)
        raise UndecidedError(f"{function.__name__} has no rule")

    def _power(self, base: Expr, exponent: Expr) -> Element:
        tower = self.tower
        if base is sympy.E:
            return self.exponential(self.element(exponent))
        if exponent.is_Rational:
            numerator, order = int(exponent.p), int(exponent.q)
            if abs(numerator) > LARGEST_POWER or order > 10_000:
                raise UndecidedError(f"the exponent {exponent} is out of reach")
            inner = self.element(base)
            if order == 1:
                return tower.power(inner, numerator)
            self._require_positive(inner, base)
            return self.root(inner, numerator, order)
        inner = self.element(base)
        self._require_positive(inner, base)
        return self.exponential(tower.multiply(self.element(exponent), self.logarithm(inner)))

    # Rules on elements

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
            side = 1 if tower._orientation(u.numerator) > 0 else -1
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
        if abs(numerator) > LARGEST_POWER:
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

    def _arctangent(self, u: Element) -> Element:
        tower = self.tower
        if u.is_zero:
            return tower.zero
        side = tower._orientation(u.numerator)
        if side < 0:
            u = tower.negative(u)
        generator = tower.generator("atan", ("atan", tower.key(u)), lambda i: math.atan(tower.value(u, i)), u)
        return tower.scaled(tower.of(generator), side)

    def _require_positive(self, u: Element, written: Expr) -> None:
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

    def _known(self, poly: Poly) -> int | None:
        """Return the proved sign of a polynomial on the region, None where there is none or it is too long to ask."""
        assert self.known_sign is not None
        if self.tower.weight(Element(poly)) > LONGEST_TO_PROVE:
            return None
        return self.known_sign(self.poly_expression(poly))

    # Kinks, where the region can't be cut into pieces

    def _side(self, u: Element) -> Element:
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

    def _magnitude(self, u: Element) -> Element:
        return self.tower.multiply(u, self._side(u))

    def _extremum(self, a: Element, b: Element, largest: int) -> Element:
        tower = self.tower
        gap = self._magnitude(tower.add(a, tower.negative(b)))
        return tower.scaled(tower.add(tower.add(a, b), tower.scaled(gap, largest)), 1, 2)

    # Writing

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


def _put(poly: Poly, index: int, number: int) -> Poly:
    """Replace one variable of a polynomial by 1 or -1."""
    result = poly.ring.zero
    for monomial, c in poly.items():
        rest = (*monomial[:index], 0, *monomial[index + 1 :])
        result += poly.ring.from_dict({rest: c * number ** monomial[index]})
    return result
