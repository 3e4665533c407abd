"""Proofs about the sign of a smooth gradient on an open interval.

The gradient is written as a product of irreducible factors (`symloss.symbolic.field.differential_field`).
The sign of a polynomial in yhat follows from its exactly isolated roots. They
cut the interval into cells, on which every other factor must keep one sign: by
subdivision into boxes, and beside an end where it vanishes by its derivatives.
Half lines are mapped to (0, 1) by yhat = c - log t, which turns exponentials into powers, or by yhat = c - 1 + 1/t.
"""

from __future__ import annotations

from itertools import pairwise

from sympy import Expr, Rational

from symloss.signature import eps, yhat
from symloss.symbolic.arithmetic.enclosure import sign_at
from symloss.symbolic.arithmetic.tape import Tape, UnsupportedFunctionError
from symloss.symbolic.field.convert import Converter
from symloss.symbolic.field.differential_field import Factor
from symloss.symbolic.field.to_expression import LARGEST_POWER
from symloss.symbolic.field.written_factors import written_factors
from symloss.symbolic.roots.endpoint import Endpoint
from symloss.symbolic.roots.endpoint_order import as_endpoint, inner_rational, outer, separated
from symloss.symbolic.roots.real_roots import Isolated, as_poly, roots_between
from symloss.symbolic.signs.boxes import box_signs, first_edges
from symloss.symbolic.signs.factor_signs import FactorSigns
from symloss.symbolic.signs.sign_question import ZERO, Question, SignProof
from symloss.symbolic.signs.unbounded import on_half_lines
from symloss.symbolic.undecided import Deadline, UndecidedError

__all__ = ["SignProof", "prove_sign"]

LARGEST_FACTORED_POWER = 8
"""Powers of exponentials that are always in reach."""

NOT_FACTORED = -1
"""The number of a polynomial that is too large to factor and stands for its factors."""


def prove_sign(gradient: Expr, low: Endpoint, high: Endpoint, want: int, deadline: Deadline) -> SignProof:
    """Decide whether `gradient` has the sign `want` (or is zero) on the open interval between two endpoints.

    Args:
        gradient: smooth and finite there, in yhat alone.
        low, high: the ends.
        want: 1 or -1.
        deadline: when to stop with "undecided".
    """
    if gradient.is_zero:
        return ZERO
    if eps in gradient.free_symbols or deadline.passed:
        return SignProof("undecided")
    try:
        return _Prover(gradient, low, high, want, deadline).run()
    except (UndecidedError, UnsupportedFunctionError):
        return SignProof("undecided", left=(low.approximation, high.approximation))


class _Prover(Question):
    """Answers one question."""

    def run(self) -> SignProof:
        """Decide: a witness first, then boxes over the gradient itself, then its factors."""
        witness = self.scout()
        if witness is not None:
            return SignProof("refuted", witness=witness)
        if not (self.low.is_infinite or self.high.is_infinite) and self.direct():
            return SignProof("proved", strict=True)
        try:
            return self.by_factors()
        except UndecidedError:
            # in tanh(u/eps) a power as high as 1/eps is out of reach, and a function of its own is not
            self.deadline.check()
            return self.by_factors(LARGEST_FACTORED_POWER)

    def direct(self) -> bool:
        """Whether boxes alone settle the right sign."""
        edges = first_edges(*outer(self.low, self.high))
        return box_signs(self.tape, yhat, edges, self.deadline, rounds=3).sign == self.want

    def by_factors(self, largest_exponential: int = LARGEST_POWER) -> SignProof:
        """Decide by the signs of the irreducible factors."""
        self.converter = Converter(self.deadline, {yhat: inner_rational(self.low, self.high)})
        self.converter.largest_exponential = largest_exponential
        found = self.factored(self.gradient)
        if found is None:
            return ZERO
        content, factors = found
        polynomials = [(f, e) for f, e in factors if self.is_polynomial(f)]
        others = [(f, e) for f, e in factors if not self.is_polynomial(f) and not self.is_positive(f)]
        if others and (self.low.is_infinite or self.high.is_infinite):
            return on_half_lines(self, prove_sign)
        roots: list[tuple[Isolated, int]] = []
        for factor, exponent in polynomials:
            poly = as_poly(self.converter.poly_expression(factor.poly))
            roots.extend((root, exponent) for root in roots_between(poly, self.low, self.high, self.deadline))
        roots = separated(roots, self.deadline)
        zeros = tuple(float(sum(root) / 2) for root, exponent in roots if exponent > 0)
        ends = [self.low, *(as_endpoint(root) for root, exponent in roots if exponent % 2), self.high]
        cells = list(pairwise(ends))
        for low, high in cells:
            witness = self.is_wrong(float(inner_rational(low, high)))
            if witness is not None:
                return SignProof("refuted", witness=witness)
        rest = FactorSigns(self, self.converter)
        signs = [rest.of_product(others, low, high) for low, high in cells]
        if any(isinstance(found, Rational) for found in signs):
            return SignProof("refuted", witness=next(found for found in signs if isinstance(found, Rational)))
        if not all(signs):
            return SignProof("undecided", zeros=zeros, left=rest.left)
        for (low, high), other in zip(cells, signs, strict=True):
            assert isinstance(other, int)
            point = inner_rational(low, high)
            side = content * other
            for factor, exponent in polynomials:
                if exponent % 2:
                    value = self.converter.poly_expression(factor.poly).xreplace({yhat: point})
                    side *= 1 if value > 0 else -1
            if side != self.want:
                witness = self.is_wrong(float(point))
                return (
                    SignProof("refuted", witness=witness)
                    if witness is not None
                    else SignProof("undecided", left=rest.left)
                )
        # a product may touch zero where no factor changes its sign
        unknown = any(
            (exponent % 2 == 0 or factor.number == NOT_FACTORED) and exponent > 0
            for factor, exponent in others
        )
        return SignProof("proved", strict=None if unknown else not zeros, zeros=zeros)

    def factored(self, gradient: Expr) -> tuple[int, list[tuple[Factor, int]]] | None:
        """Return the sign of the constant factor and the irreducible ones with their exponents; None for zero.

        What is written as a product is factored part by part: multiplied out, a power of a sum may have too many
        terms to be factored again.
        """
        tower = self.converter.tower
        side, merged, unfactored = 1, dict[int, int](), list[tuple[Factor, int]]()
        for part, power in written_factors(gradient):
            if part.is_number and (found := sign_at(Tape.of(part), {})):
                # what numbers add up to needs no factors
                side *= found if power % 2 else 1
                continue
            element = self.converter.element(part)
            if element.is_zero:
                if power < 0:
                    raise UndecidedError("the gradient divides by zero")
                return None
            try:
                content, numbers = tower.factor(element.numerator)
            except UndecidedError:
                # too large for that; boxes may settle it as it is
                self.deadline.check()
                whole = Factor(NOT_FACTORED, None, element.numerator)
                if self.is_polynomial(whole):
                    raise
                content, numbers = 1, {}
                unfactored.append((whole, power))
            side *= 1 if content > 0 or power % 2 == 0 else -1
            for number, exponent in dict(numbers).items():
                merged[number] = merged.get(number, 0) + exponent * power
            for number, exponent in element.denominator.items():
                merged[number] = merged.get(number, 0) - exponent * power
        return side, [(tower.factors[number], e) for number, e in merged.items() if e] + unfactored

    def is_polynomial(self, factor: Factor) -> bool:
        """Whether a factor is a polynomial in yhat."""
        generators = self.converter.tower.generators
        return all(
            generators[i].kind == "yhat"
            for i, degree in enumerate(factor.poly.degrees())
            if degree and degree > 0
        )

    def is_positive(self, factor: Factor) -> bool:
        """Whether a factor is positive by its kind."""
        return factor.generator is not None and factor.generator.kind in ("exp", "root", "prime", "constant")

    def middle(self) -> Rational:
        return inner_rational(self.low, self.high)
