"""Formulas of searches that used to stay undecided: powers of sums, zeros at irrational breakpoints, hidden ends."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from sympy import Rational

from symloss.loss import Loss
from symloss.ops.construct import exact_number
from symloss.signature import eps, y, yhat
from symloss.symbolic.arithmetic.precise import is_real, precise
from symloss.symbolic.arithmetic.tape import Tape
from symloss.symbolic.direction.proved import prove_direction, resolved_pieces
from symloss.symbolic.direction.sampled import sampled_direction
from symloss.symbolic.direction.verdict import verdict_of
from symloss.symbolic.field.written_factors import written_factors
from symloss.symbolic.undecided import Deadline

FORMULAS = [
    ("(-yhat + max(y, log(eps + yhat)))**4", (None, 1.0, 0.1, 1e-3, 1e-6)),
    ("(y + (y - yhat)**2)**2*log(eps + 1)**2", (None, 0.1, 1e-3, 1e-6)),
    ("yhat*(-y + min(log(eps + yhat), 1/(eps + yhat)))", (1.0,)),
    ("guard(max(max(y, yhat), log(eps + y + yhat))/(eps + y + yhat))", (1.0,)),
    ("guard(log(eps + 1)*guard((y + yhat + log(eps + 1)**2)/(eps + yhat)))", (1e-3,)),
    ("guard(yhat + recip(plog(y + plog(min(y, yhat), eps), eps), eps))", (0.1, 0.01)),
    ("max(-2*y + yhat, plog(yhat*recip(-2*y + yhat, eps), eps))", (1e-6,)),
]


def label_slope(loss: Loss, point: Rational, label: int) -> sympy.Float:
    values = {yhat: point, y: Rational(label), eps: exact_number(loss.eps_value)}
    return precise(loss.expression, values, 60)[1]


@pytest.mark.parametrize(("formula", "values"), FORMULAS)
def test_formulas_of_searches_are_decided(formula, values):
    for value in values:
        loss = Loss(formula, eps=value)
        tape, deadline = Tape.of(loss.expression), Deadline(30.0)
        proofs = prove_direction(
            loss, sampled_direction(loss, 0, tape), tape, resolved_pieces(loss, deadline), deadline
        )
        assert verdict_of(proofs) != "undecided", f"eps {value}"
        for label, proof in enumerate(proofs):
            if proof.status == "proved":
                for k in range(1, 60):
                    slope = label_slope(loss, Rational(k, 60) - Rational(1, 977), label)
                    assert is_real(slope) and slope * (1 - 2 * label) >= -1e-40
            elif proof.witness is not None and not proof.zero:
                at = Rational(*float(proof.witness.yhat).as_integer_ratio())
                assert label_slope(loss, at, label) * (1 - 2 * label) < 0


def test_written_factors_multiply_to_the_expression():
    x = yhat
    inner = sympy.log(x + 2) - x
    expressions = [
        4 * (1 / (x + 3) - 1) * inner**3,
        inner**4 + 4 * x * inner**3 * (1 / (x + 2) - 1),
        x / (x + 1) - x**2 / (x + 1) ** 2,
        sympy.exp(x) * x + sympy.exp(x),
        sympy.log(5) * x - (x + 1) * sympy.log(5) ** 2,
    ]
    for expression in expressions:
        product = sympy.Mul(*(base**power for base, power in written_factors(expression)))
        for point in np.linspace(0.1, 3, 7):
            values = [float(one.subs(x, point)) for one in (expression, product)]
            assert values[0] == pytest.approx(values[1], rel=1e-12)
    assert (inner, 3) in written_factors(expressions[1])
