"""The sign that a factor of a gradient, not a polynomial, keeps on a cell between the roots of the others."""

from __future__ import annotations

import numpy as np
from sympy import Expr, Rational

from symloss.signature import yhat
from symloss.symbolic.arithmetic.enclosure import sign_at
from symloss.symbolic.arithmetic.tape import Tape
from symloss.symbolic.field.convert import Converter
from symloss.symbolic.field.differential_field import Factor
from symloss.symbolic.field.joined_logs import with_joined_logarithms
from symloss.symbolic.field.smooth import derivative
from symloss.symbolic.roots.endpoint import Endpoint
from symloss.symbolic.roots.endpoint_order import groups, outer, simplest_between
from symloss.symbolic.signs.boxes import box_signs, first_edges
from symloss.symbolic.signs.end_sign import EndSign, EndSigns, collected
from symloss.symbolic.signs.sign_question import Question
from symloss.symbolic.undecided import UndecidedError


class FactorSigns:
    """Signs of factors for one question; `left` is the smallest interval that could not be settled."""

    def __init__(self, question: Question, converter: Converter) -> None:
        """Take the question, which verifies witnesses, and the converter that the factors belong to."""
        self.question = question
        self.converter = converter
        self.deadline = question.deadline
        self.left: tuple[float, float] | None = None

    def of_product(
        self, others: list[tuple[Factor, int]], low: Endpoint, high: Endpoint
    ) -> int | Rational | None:
        """Return the sign of a product of factors on a cell, a witness against the gradient, or None."""
        result = 1
        for factor, exponent in others:
            if exponent % 2 == 0:
                continue
            found = self.of_factor(factor, low, high)
            if not isinstance(found, int):
                return found
            result *= found
        return result

    def of_factor(self, factor: Factor, low: Endpoint, high: Endpoint) -> int | Rational | None:
        """Return the sign of one factor on a cell, a witness against the gradient, or None."""
        self.deadline.check()
        plain = collected(self.converter, factor.poly)
        kinds = [generator.kind for generator in self.converter.tower.generators]
        if kinds.count("log") + kinds.count("prime") < 2:
            return self.of_written(factor, plain, low, high)
        # differences of logarithms that nearly cancel need to be written as one: before much time is spent on boxes
        left = self.left
        found = self.of_written(factor, plain, low, high, quick=True)
        joined = with_joined_logarithms(self.converter, factor.poly) if found is None else None
        if joined is not None:
            found = self.of_written(factor, joined, low, high)
        if found is None:
            return self.of_written(factor, plain, low, high)
        self.left = left
        return found

    def of_written(
        self, factor: Factor, written: Expr, low: Endpoint, high: Endpoint, quick: bool = False
    ) -> int | Rational | None:
        """Return the sign of one factor, written in some way, on a cell; `quick`: without many digits."""
        tape = Tape.of(written)
        bottom, top = outer(low, high)
        result: int | None = None
        edges = first_edges(bottom, top)
        starts: list[int] = []
        for end, side in ((low, 1), (high, -1)):
            # A zero of the factor at an end is settled by derivatives; the boxes then begin further in.
            if end.low is None:
                continue
            probe = np.array([bottom, edges[1]]) if side > 0 else np.array([edges[-2], top])
            if box_signs(tape, yhat, probe, self.deadline, rounds=1).sign is not None:
                continue
            if end.is_rational:
                beside = EndSigns(self.converter, end.low, side, top - bottom, self.deadline).of_factor(
                    factor
                )
            else:
                beside = self.beside_zero(factor, tape, end, side, bottom if side > 0 else top, top - bottom)
            if beside is not None:
                starts.append(beside.sign)
                inner = edges[(edges > beside.reach) if side > 0 else (edges < beside.reach)]
                edges = np.concatenate([[beside.reach], inner] if side > 0 else [inner, [beside.reach]])
        if len(edges) < 2:
            signs = set(starts)
            return signs.pop() if len(signs) == 1 else None
        boxes = box_signs(tape, yhat, edges, self.deadline, rounds=9, precise_budget=0 if quick else 150)
        for value in (boxes.positive, boxes.negative):
            # A change of sign of one factor refutes, unless another one changes at the same place.
            if value is not None and boxes.positive is not None and boxes.negative is not None:
                witness = self.question.is_wrong(value)
                if witness is not None:
                    return witness
        result = boxes.sign
        if result is None and boxes.settled_sign is not None and not quick:
            result = self.across_touching(factor, tape, boxes.left, boxes.settled_sign)
        if result is None:
            self.note_left(boxes.left)
            return None
        return result if all(sign == result for sign in starts) else None

    def beside_zero(
        self, factor: Factor, tape: Tape, end: Endpoint, side: int, start: float, width: float
    ) -> EndSign | None:
        """Return the sign beside an irrational end at which the factor itself vanishes, None where it may not.

        A breakpoint is the one zero of a function in its interval. A factor of that function that changes its sign
        there vanishes at the breakpoint too; as long as its slope keeps one sign, so does the factor beyond it.
        """
        if end.function is None or not self.divides(factor, end.function):
            return None
        sides = [sign_at(tape, {yhat: point}) for point in (end.low, end.high)]
        if None in sides or sides[0] == sides[1] or 0 in sides:
            return None
        slope = Tape.of(derivative(collected(self.converter, factor.poly), yhat))
        for share in (2.0**-2, 2.0**-6, 2.0**-12, 2.0**-20, 2.0**-30):
            reach = start + side * width * share
            if reach == start or not (end.high < reach if side > 0 else reach < end.low):
                return None
            edges = np.array(sorted((start, reach)))
            found = box_signs(slope, yhat, edges, self.deadline, rounds=3).sign
            if found is not None:
                return EndSign(found * side, reach)
        return None

    def divides(self, factor: Factor, function: Expr) -> bool:
        """Whether a factor is among those of a function."""
        try:
            numbers = self.converter.tower.factor(self.converter.element(function).numerator)[1]
        except UndecidedError:
            self.deadline.check()
            return False
        return any(self.converter.tower.factors[number] is factor for number in dict(numbers))

    def across_touching(
        self, factor: Factor, tape: Tape, left: list[tuple[float, float]], settled: int
    ) -> int | None:
        """Settle small groups of boxes around a rational zero that the factor only touches."""
        found = groups(left)
        if len(found) > 3:
            return None
        for low, high in found:
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
        """Keep the smallest interval that is not settled, for the report."""
        found = groups(left)
        if found:
            smallest = min(found, key=lambda pair: pair[1] - pair[0])
            if self.left is None or smallest[1] - smallest[0] < self.left[1] - self.left[0]:
                self.left = smallest
