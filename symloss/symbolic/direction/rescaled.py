"""A loss of a score with its unit changed: yhat = c v with c > 0 has the same direction, and may be easier to decide.

In log(1 + exp(-yhat/0.07)) the exponent is a fraction of yhat, which the field of its gradient splits into many powers
of one exponential; in v = yhat/0.07 there is one.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import Expr, Mul, Rational

from symloss.formula.spec import LossSpec
from symloss.ops.construct import NumberLimitError, make, substitute
from symloss.signature import yhat

MOST_SCALES = 3


def scales_of(expression: Expr) -> tuple[Rational, ...]:
    """Return 1/|c| for the coefficients c of yhat that occur in an expression, but 1; at most three."""
    found = set()
    for node in sympy.preorder_traversal(expression):
        if node.is_Mul and yhat in node.args:
            number = node.as_coeff_Mul()[0]
            if number.is_Rational and number != 0 and abs(number) != 1:
                found.add(1 / abs(number))
    return tuple(sorted(found)[:MOST_SCALES])


def rescaled(loss: LossSpec) -> Iterator[LossSpec]:
    """Yield a loss of a score in the units that make a coefficient of yhat 1."""
    for scale in scales_of(loss.expression):
        try:
            expression = substitute(loss.expression, {yhat: make(Mul, [scale, yhat])})
        except NumberLimitError:
            continue
        yield LossSpec(expression, eps=loss.eps, labels=loss.domain.labels, input=loss.domain.input)
