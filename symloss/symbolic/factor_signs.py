"""The sign that a factor of a gradient, not a polynomial, keeps on a cell between the roots of the others."""

from __future__ import annotations

import numpy as np
from sympy import Rational

from symloss.domain import yhat
from symloss.symbolic.boxes import box_signs, first_edges
from symloss.symbolic.convert import Converter
from symloss.symbolic.end_sign import EndSigns, collected
from symloss.symbolic.endpoint import Endpoint
from symloss.symbolic.places import groups, outer, simplest_between
from symloss.symbolic.sign_question import Question
from symloss.symbolic.tape import Tape
from symloss.symbolic.tower import Factor


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
        tape = Tape.of(collected(self.converter, factor.poly))
        bottom, top = outer(low, high)
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
                witness = self.question.is_wrong(value)
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
