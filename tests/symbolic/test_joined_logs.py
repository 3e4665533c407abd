"""Losses near whose gradient large numbers cancel: quotients and logarithms that are 1 or 0 up to eps, powers 1/eps."""

from __future__ import annotations

import random

import pytest
from mpmath import mp, mpf
from sympy import Rational, log

from symloss.loss import Loss
from symloss.ops.construct import exact_number
from symloss.signature import yhat
from symloss.symbolic.arithmetic.precise import precise
from symloss.symbolic.check import checked_direction
from symloss.symbolic.direction.verdict import verdict_of
from symloss.symbolic.field.convert import Converter
from symloss.symbolic.field.joined_logs import with_joined_logarithms
from symloss.symbolic.pieces.resolve import domain_ends
from symloss.symbolic.signs.sign_proof import prove_sign
from symloss.symbolic.undecided import Deadline
from tests.mp_evaluate import mp_gradient

x = yhat

DECIDED = [
    ("plog(log(eps + max(y, yhat)/(eps + yhat)), eps)", (1e-6,)),
    ("guard(log(eps + guard(max(yhat, 2*y)/(eps + yhat)))/(eps + yhat))", (1.0, 1e-6)),
    ("plog(guard((y + log(eps + max(y, yhat)/(eps + yhat)))/(eps + yhat)), eps)", (1e-6,)),
    ("plog(-yhat*log(eps + 1), eps)**2*max(y, yhat)**2", (1e-3, 1e-6)),
    ("guard(y*recip(plog(y*yhat/(eps + yhat), eps), eps) + yhat)", (0.01, 1e-6)),
    ("sigmoid(recip(aq(yhat, y), eps))*max(y, yhat)", (0.01, 0.02)),
    ("tanh(guard(max(y, y + yhat)/(eps + yhat)))", (0.01,)),
    ("log(eps + sigmoid(1/(eps + yhat)) + 1)*max(y, yhat)", (0.03, 0.01)),
    # two factors of a switching function change their sign at one point, or it only touches zero there
    (
        "min(log(eps + yhat)**2*log(eps + max(y, yhat)), log(eps + yhat)**2*log(eps + max(y, yhat))**2)",
        (0.1, 1e-6),
    ),
    ("min(guard(log(eps + max(y, yhat))/(eps + yhat)**2), log(eps + max(y, yhat)))", (1e-3, 1e-6)),
]


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize(("formula", "values"), DECIDED)
def test_what_nearly_cancels_is_decided_and_right(formula, values, sign):
    for value in values:
        loss = Loss(f"{sign}({formula})", eps=value)
        found = checked_direction(loss, 30.0).direction
        assert verdict_of(found) != "undecided", f"eps {value}"
        assert sign == "" or verdict_of(found) == "invalid"
        rng = random.Random(1)
        points = [mpf(rng.random()) for _ in range(12)] + [mpf(10) ** -k for k in (2, 4, 6)]
        for label, proof in enumerate(found):
            with mp.workdps(120):
                place = {"y": label, "eps": mpf(repr(value))}
                if proof.status == "proved":
                    slopes = [mp_gradient(loss.formula, yhat=point, **place) for point in points]
                    assert all(slope.real * (1 - 2 * label) > -(mpf(10) ** -35) for slope in slopes)
                elif proof.witness is not None and not proof.zero:
                    slope = mp_gradient(loss.formula, yhat=mpf(proof.witness.yhat), **place)
                    assert slope.real * (1 - 2 * label) < 0


EXPRESSIONS = [
    (x + 2) * log(x + 3) - (x + 2) * log(x + 5) + x,
    (log(x + 3) - log(3 * x + 5)) ** 3 + x * (log(x + 3) - log(3 * x + 5)) + 1,
    2 * x * log(x + 3) - 3 * x * log(x + 1) + log(1000001) * x - log(1000000) * x,
    log(1 + log(x + 2) - log(x + Rational(3, 2))) - log(log(x + 2) + 2),
    log(2 * x + 7) * x - log(x + 2),
    log(2 - x) - log(x + 2) / 2,
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_joined_logarithms_are_the_same_function(expression):
    converter = Converter(Deadline(), {x: Rational(2, 7)})
    element = converter.element(expression)
    plain = converter.poly_expression(element.numerator)
    joined = with_joined_logarithms(converter, element.numerator)
    if joined is None:
        assert expression == EXPRESSIONS[4]
        return
    for k in range(1, 12):
        values = {x: Rational(k, 12)}
        first, second = (precise(one, values, 60) for one in (plain, joined))
        assert abs(first[0] - second[0]) < 1e-45 * max(1, abs(first[0]))
        assert abs(first[1] - second[1]) < 1e-45 * max(1, abs(first[1]))


def test_logarithms_that_stand_alone_are_not_joined():
    converter = Converter(Deadline(), {x: Rational(2, 7)})
    poly = converter.element(x * log(x + 2) - log(x + 3)).numerator
    assert with_joined_logarithms(converter, poly) is None


@pytest.mark.parametrize("tiny", [Rational(1, 10**4), Rational(1, 10**9)])
def test_a_small_difference_of_large_numbers_has_a_sign(tiny):
    low, high = domain_ends(Loss("yhat").domain)
    small = log(x + 2 + tiny) - log(x + 2)
    assert prove_sign(x**2 * small + small, low, high, 1, Deadline(20.0)).status == "proved"
    # it falls from tiny/2 to tiny/3, so this changes its sign in between
    assert prove_sign(small - exact_number(0.4) * tiny, low, high, 1, Deadline(20.0)).status == "refuted"


def test_a_product_that_touches_zero_is_not_called_strict():
    low, high = domain_ends(Loss("yhat").domain)
    logs = sum((log(x + n) for n in range(2, 9)), Rational(0))
    gradient = ((x - Rational(1, 2)) ** 2 * (logs**2 + x * logs + 1) + 0 * logs).expand()
    found = prove_sign(gradient, low, high, 1, Deadline(20.0))
    assert found.status == "undecided" or found.strict is not True
