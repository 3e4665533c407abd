"""Proofs about the sign of a smooth gradient on an open interval.

The gradient is written as a product of irreducible factors (`symloss.symbolic.tower`).
The sign of a polynomial in yhat follows from its exactly isolated roots. They
cut the interval into cells, on which every other factor must keep one sign: by
subdivision into boxes, and beside an end where it vanishes by its derivatives.
Half lines are mapped to (0, 1) by yhat = c - log t, which turns exponentials into powers, or by yhat = c - 1 + 1/t.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Integer, Rational, exp, log, tanh

from symloss.domain import eps, yhat
from symloss.ops.protected import sigmoid
from symloss.symbolic.boxes import box_signs, first_edges
from symloss.symbolic.convert import Converter
from symloss.symbolic.enclosure import sign_at
from symloss.symbolic.end_sign import EndSigns, collected
from symloss.symbolic.endpoint import Endpoint
from symloss.symbolic.float_dual import point_values
from symloss.symbolic.real_roots import Isolated, as_poly, roots_between
from symloss.symbolic.tape import Tape, UnsupportedFunctionError
from symloss.symbolic.tower import Element, Factor
from symloss.symbolic.undecided import Deadline, UndecidedError


@dataclass(frozen=True)
class SignProof:
    """What is known of the sign of a function on an open interval.

    Attributes:
        status: "proved" (never the wrong sign), "refuted" or "undecided".
        strict: it is nowhere zero; None where unknown.
        zero: it is identically zero.
        zeros: isolated zeros, where known, as numbers.
        witness: a double, as an exact rational, with the wrong sign, verified with 60 digits or more.
        left: where undecided, the smallest interval that is left, if any is known.
    """

    status: str
    strict: bool | None = None
    zero: bool = False
    zeros: tuple[float, ...] = ()
    witness: Rational | None = None
    left: tuple[float, float] | None = None


ZERO = SignProof("proved", strict=False, zero=True)


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


class _Prover:
    """One question."""

    def __init__(self, gradient: Expr, low: Endpoint, high: Endpoint, want: int, deadline: Deadline) -> None:
        self.gradient = gradient
        self.low = low if low.is_infinite else low.refine(Rational(1, 2**70))
        self.high = high if high.is_infinite else high.refine(Rational(1, 2**70))
        self.want = want
        self.deadline = deadline
        self.tape = Tape.of(gradient)
        self.left: tuple[float, float] | None = None

    def run(self) -> SignProof:
        witness = self.scout()
        if witness is not None:
            return SignProof("refuted", witness=witness)
        if not (self.low.is_infinite or self.high.is_infinite) and self.direct():
            return SignProof("proved", strict=True)
        return self.by_factors()

    # Witnesses

    def inside(self, point: Rational) -> bool:
        """Whether a rational number is strictly inside of the interval."""
        above = self.low.is_infinite or point > self.low.high
        return bool(above and (self.high.is_infinite or point < self.high.low))

    def is_wrong(self, value: float) -> Rational | None:
        """Return the double as a rational if the gradient provably has the wrong sign there."""
        if not np.isfinite(value):
            return None
        point = Rational(*float(value).as_integer_ratio())
        return point if self.inside(point) and sign_at(self.tape, {yhat: point}) == -self.want else None

    def scout(self) -> Rational | None:
        """Look for a wrong sign with doubles; verify the clearest candidates."""
        points = self.grid()
        values = point_values(self.tape, yhat, points) * self.want
        candidates = np.flatnonzero(values < 0)
        if not len(candidates):
            return None
        # The clearest wrong signs first, and of those the ones far from the ends: they are the easiest to follow.
        clear = candidates[values[candidates] <= 0.25 * values[candidates].min()]
        by_size = candidates[np.argsort(values[candidates])]
        middles = (
            clear[np.argmin(np.abs(clear - len(points) / 2))],
            by_size[0],
            candidates[len(candidates) // 2],
        )
        for index in dict.fromkeys(int(i) for i in middles):
            found = self.is_wrong(float(points[index]))
            if found is not None:
                return found
        return None

    def grid(self) -> NDArray[np.float64]:
        """Return points inside, denser towards the ends."""
        near = 2.0 ** -np.arange(1.0, 50.0)
        if self.low.is_infinite or self.high.is_infinite:
            steps = np.concatenate([near, np.arange(1.0, 60.0) / 4, 2.0 ** np.arange(4.0, 9.0)])
            if self.low.is_infinite and self.high.is_infinite:
                return np.concatenate([-steps, [0.0], steps])
            return (
                self.low.approximation + steps if self.high.is_infinite else self.high.approximation - steps
            )
        low, high = self.low.approximation, self.high.approximation
        share = np.concatenate([near, 1 - near, np.arange(1, 128) / 128])
        return low + (high - low) * np.sort(share)

    # Boxes on the gradient itself

    def direct(self) -> bool:
        """Whether boxes alone settle the right sign."""
        edges = first_edges(*_outer(self.low, self.high))
        return box_signs(self.tape, yhat, edges, self.deadline, rounds=3).sign == self.want

    # Factors

    def by_factors(self) -> SignProof:
        self.converter = Converter(self.deadline, {yhat: self.middle()})
        element = self.converter.element(self.gradient)
        if element.is_zero:
            return ZERO
        content, factors = self.factored(element)
        polynomials = [(f, e) for f, e in factors if self.is_polynomial(f)]
        others = [(f, e) for f, e in factors if not self.is_polynomial(f) and not self.is_positive(f)]
        if others and (self.low.is_infinite or self.high.is_infinite):
            return self.on_half_lines()
        roots: list[tuple[Isolated, int]] = []
        for factor, exponent in polynomials:
            poly = as_poly(self.converter.poly_expression(factor.poly))
            roots.extend((root, exponent) for root in roots_between(poly, self.low, self.high, self.deadline))
        roots = _separated(roots, self.deadline)
        zeros = tuple(float(sum(root) / 2) for root, exponent in roots if exponent > 0)
        ends = [self.low, *(_as_endpoint(root) for root, exponent in roots if exponent % 2), self.high]
        cells = list(pairwise(ends))
        for low, high in cells:
            witness = self.is_wrong(_between(low, high))
            if witness is not None:
                return SignProof("refuted", witness=witness)
        signs = [self.cell_sign(low, high, others) for low, high in cells]
        if any(isinstance(found, Rational) for found in signs):
            return SignProof("refuted", witness=next(found for found in signs if isinstance(found, Rational)))
        if not all(signs):
            return SignProof("undecided", zeros=zeros, left=self.left)
        for (low, high), other in zip(cells, signs, strict=True):
            assert isinstance(other, int)
            point = _inner_rational(low, high)
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
                    else SignProof("undecided", left=self.left)
                )
        unknown = any(exponent % 2 == 0 and exponent > 0 for _, exponent in others)
        return SignProof("proved", strict=None if unknown else not zeros, zeros=zeros)

    def factored(self, element: Element) -> tuple[int, list[tuple[Factor, int]]]:
        tower = self.converter.tower
        content, numbers = tower.factor(element.numerator)
        merged = dict(numbers)
        for number, exponent in element.denominator.items():
            merged[number] = merged.get(number, 0) - exponent
        return (1 if content > 0 else -1), [(tower.factors[number], e) for number, e in merged.items() if e]

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
        return _inner_rational(self.low, self.high)

    def cell_sign(
        self, low: Endpoint, high: Endpoint, others: list[tuple[Factor, int]]
    ) -> int | Rational | None:
        """Return the sign of the product of the other factors on a cell, a witness against the gradient, or None."""
        result = 1
        for factor, exponent in others:
            if exponent % 2 == 0:
                continue
            found = self.factor_sign(factor, low, high)
            if not isinstance(found, int):
                return found
            result *= found
        return result

    def factor_sign(self, factor: Factor, low: Endpoint, high: Endpoint) -> int | Rational | None:
        self.deadline.check()
        tape = Tape.of(collected(self.converter, factor.poly))
        bottom, top = _outer(low, high)
        result: int | None = None
        edges = first_edges(bottom, top)
        starts: list[int] = []
        for end, side in ((low, 1), (high, -1)):
            # A zero of the factor at an end is settled by derivatives; the boxes then begin further in.
            if not end.is_rational or end.low is None:
                continue
            probe = np.array([bottom, edges[1]]) if side > 0 else np.array([edges[-2], top])
            if box_signs(tape, yhat, probe, self.deadline, rounds=1).sign is not None:
                continue
            beside = EndSigns(self.converter, end.low, side, top - bottom, self.deadline).of_factor(factor)
            if beside is not None:
                starts.append(beside.sign)
                inner = edges[(edges > beside.reach) if side > 0 else (edges < beside.reach)]
                edges = np.concatenate([[beside.reach], inner] if side > 0 else [inner, [beside.reach]])
        if len(edges) < 2:
            signs = set(starts)
            return signs.pop() if len(signs) == 1 else None
        boxes = box_signs(tape, yhat, edges, self.deadline, rounds=9, precise_budget=150)
        for value in (boxes.positive, boxes.negative):
            # A change of sign of one factor refutes, unless another one changes at the same place.
            if value is not None and boxes.positive is not None and boxes.negative is not None:
                witness = self.is_wrong(value)
                if witness is not None:
                    return witness
        result = boxes.sign
        if result is None and boxes.settled_sign is not None:
            result = self.across_touching(factor, tape, boxes.left, boxes.settled_sign)
        if result is None:
            self.note_left(boxes.left)
            return None
        return result if all(sign == result for sign in starts) else None

    def across_touching(
        self, factor: Factor, tape: Tape, left: list[tuple[float, float]], settled: int
    ) -> int | None:
        """Settle small groups of boxes around a rational zero that the factor only touches."""
        groups = _groups(left)
        if len(groups) > 3:
            return None
        for low, high in groups:
            point = simplest_between(Rational(*low.as_integer_ratio()), Rational(*high.as_integer_ratio()))
            for side in (1, -1):
                beside = EndSigns(self.converter, point, side, 4 * (high - low), self.deadline).of_factor(
                    factor
                )
                if beside is None or beside.sign != settled:
                    return None
                rest = (beside.reach, high) if side > 0 else (low, beside.reach)
                if rest[0] < rest[1]:
                    edges = np.linspace(rest[0], rest[1], 9)
                    if box_signs(tape, yhat, edges, self.deadline, rounds=8).sign != settled:
                        return None
        return settled

    def note_left(self, left: list[tuple[float, float]]) -> None:
        groups = _groups(left)
        if groups:
            smallest = min(groups, key=lambda pair: pair[1] - pair[0])
            if self.left is None or smallest[1] - smallest[0] < self.left[1] - self.left[0]:
                self.left = smallest

    # Unbounded intervals

    def on_half_lines(self) -> SignProof:
        """Map the half lines to (0, 1) and prove each; what is finite between them is proved as it is."""
        parts: list[SignProof] = []
        center = Integer(0)
        if not self.low.is_infinite:
            center = Integer(int(np.ceil(self.low.approximation)) + 1)
        elif not self.high.is_infinite:
            center = Integer(int(np.floor(self.high.approximation)) - 1)
        if not self.low.is_infinite:
            parts.append(
                prove_sign(self.gradient, self.low, Endpoint.rational(center), self.want, self.deadline)
            )
        if not self.high.is_infinite:
            parts.append(
                prove_sign(self.gradient, Endpoint.rational(center), self.high, self.want, self.deadline)
            )
        unit = Endpoint.rational(Rational(0)), Endpoint.rational(Rational(1))
        for infinite, direction in ((self.high, 1), (self.low, -1)):
            if infinite.is_infinite:
                inverse = direction * (1 / yhat - 1)
                if self.gradient.has(exp, tanh, sigmoid):
                    inverse = -direction * log(yhat, evaluate=False)
                mapped = self.gradient.xreplace({yhat: center + inverse})
                found = prove_sign(mapped, *unit, self.want, self.deadline)
                parts.append(self.mapped_back(found, center, direction))
        middle = sign_at(self.tape, {yhat: Rational(center)})
        if middle == -self.want:
            return SignProof("refuted", witness=Rational(center))
        return combined(parts, middle)

    def mapped_back(self, found: SignProof, center: Integer, direction: int) -> SignProof:
        def place(t: float) -> float:
            if t <= 0:
                return direction * float("inf")
            if self.gradient.has(exp, tanh, sigmoid):
                return float(center) - direction * float(np.log(t))
            return float(center) + direction * (1 / t - 1)

        left = None
        if found.left is not None:
            ends = place(found.left[0]), place(found.left[1])
            left = min(ends), max(ends)
        found = replace(found, zeros=tuple(place(t) for t in found.zeros), left=left)
        if found.witness is not None:
            witness = self.is_wrong(place(float(found.witness)))
            return replace(found, witness=witness) if witness is not None else SignProof("undecided")
        return found


def combined(parts: list[SignProof], middle: int | None) -> SignProof:
    """Join proofs on neighbouring intervals; their common point has the sign `middle` (0 or None: not strict)."""
    for part in parts:
        if part.status == "refuted":
            return part
    lefts = [part.left for part in parts if part.left is not None]
    left = min(lefts, key=lambda pair: pair[1] - pair[0]) if lefts else None
    zeros = tuple(sorted({zero for part in parts for zero in part.zeros}))
    if any(part.status == "undecided" for part in parts):
        return SignProof("undecided", zeros=zeros, left=left)
    stricts = [part.strict for part in parts]
    strict = None if None in stricts else all(stricts) and bool(middle)
    return SignProof("proved", strict=strict, zero=all(part.zero for part in parts), zeros=zeros)


def _outer(low: Endpoint, high: Endpoint) -> tuple[float, float]:
    """Return doubles that enclose a finite interval."""
    assert low.low is not None and high.high is not None
    bottom, top = float(low.low), float(high.high)
    if Rational(*bottom.as_integer_ratio()) > low.low:
        bottom = float(np.nextafter(bottom, -np.inf))
    if Rational(*top.as_integer_ratio()) < high.high:
        top = float(np.nextafter(top, np.inf))
    return bottom, top


def _as_endpoint(root: Isolated) -> Endpoint:
    return Endpoint("breakpoint", root[0], root[1])


def _separated(roots: list[tuple[Isolated, int]], deadline: Deadline) -> list[tuple[Isolated, int]]:
    """Sort roots; their isolating intervals must not meet (roots of different irreducible factors are distinct)."""
    ordered = sorted(roots, key=lambda pair: pair[0])
    for (first, _), (second, _) in pairwise(ordered):
        deadline.check()
        if first[1] >= second[0]:
            raise UndecidedError("two zeros of the gradient are too close")
    return ordered


def _inner_rational(low: Endpoint, high: Endpoint) -> Rational:
    """Return a rational number strictly inside."""
    if low.is_infinite and high.is_infinite:
        return Rational(0)
    if low.is_infinite:
        return Rational(high.low) - 1
    if high.is_infinite:
        return Rational(low.high) + 1
    if low.high is None or high.low is None or not low.high < high.low:
        raise UndecidedError("two breakpoints are too close to be told apart")
    return Rational(low.high + high.low) / 2


def _between(low: Endpoint, high: Endpoint) -> float:
    return float(_inner_rational(low, high))


def _groups(boxes: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Join neighbouring boxes."""
    joined: list[tuple[float, float]] = []
    for low, high in sorted(boxes):
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return joined


def simplest_between(low: Rational, high: Rational) -> Rational:
    """Return the rational number with the smallest denominator in [low, high]."""
    if low <= 0 <= high:
        return Rational(0)
    if high < 0:
        return -simplest_between(-high, -low)
    whole = low.p // low.q
    if whole == low:
        return Rational(whole)
    if whole + 1 <= high:
        return Rational(whole + 1)
    return whole + 1 / simplest_between(1 / (high - whole), 1 / (low - whole))
