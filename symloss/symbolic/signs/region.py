"""Gradients where the domain can't be cut into intervals of yhat: labels fill an interval, or switches move with eps.

Kinks stay in the formula as signs of irreducible polynomials (`convert`). Equal
forms still mean equal gradients almost everywhere; the converse is not promised.
"""

from __future__ import annotations

import sympy
from sympy import Expr, Rational

from symloss.signature import Domain, eps, y, yhat
from symloss.symbolic.arithmetic.float_box import FloatBoxes
from symloss.symbolic.arithmetic.tape import Tape
from symloss.symbolic.field.convert import Converter
from symloss.symbolic.roots.half_line import region_sign
from symloss.symbolic.undecided import Deadline


class RegionSigns:
    """Proved signs of smooth functions on the whole domain."""

    def __init__(self, domain: Domain) -> None:
        """Take the ranges of yhat, y and eps from the domain."""
        self.ranges: dict[sympy.Symbol, tuple[float, float]] = {
            yhat: domain.yhat_range,
            y: domain.y_range,
            eps: (0.0, float("inf")),
        }
        self.arithmetic = FloatBoxes()
        self.known: dict[Expr, int | None] = {}

    def __call__(self, expression: Expr) -> int | None:
        """Return the sign of an expression almost everywhere on the domain, None where it is not proved."""
        if expression not in self.known:
            self.known[expression] = self._sign(expression)
        return self.known[expression]

    def _sign(self, expression: Expr) -> int | None:
        boxes = {symbol: (low, high, 0.0, 0.0) for symbol, (low, high) in self.ranges.items()}
        if not expression.has(sympy.sign, sympy.Abs):
            box = Tape.of(expression).run(self.arithmetic, boxes)[0]
            if box[0] >= 0 or box[1] <= 0:
                return 1 if box[0] >= 0 else -1
        return region_sign(expression, self.ranges)


REGION_POINT = {yhat: Rational(37, 101), y: Rational(58, 97), eps: Rational(1, 29)}


def region_converter(domain: Domain, deadline: Deadline) -> Converter:
    """Return a converter for expressions on the whole domain, kinks included."""
    return Converter(deadline, REGION_POINT, RegionSigns(domain))
