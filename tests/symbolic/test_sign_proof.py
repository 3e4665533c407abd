"""Signs on intervals: exact roots, touching zeros, ends as limits, half lines; intervals enclose true values."""

from __future__ import annotations

import numpy as np
import pytest
from mpmath import mp, mpf
from sympy import Rational, atan, exp, log, sqrt, tanh

from symloss import zoo
from symloss.ops.protected import sigmoid
from symloss.signature import y, yhat
from symloss.symbolic.arithmetic.enclosure import gradient_at
from symloss.symbolic.arithmetic.float_dual import value_and_slope
from symloss.symbolic.arithmetic.interval_arithmetic import Box, BoxArithmetic
from symloss.symbolic.arithmetic.tape import Tape
from symloss.symbolic.roots.endpoint import Endpoint
from symloss.symbolic.roots.endpoint_order import simplest_between
from symloss.symbolic.roots.real_roots import as_poly, roots_between
from symloss.symbolic.signs.limits import limit_at
from symloss.symbolic.signs.sign_proof import prove_sign
from symloss.symbolic.undecided import Deadline

x = yhat
ZERO, ONE = Endpoint.rational(Rational(0)), Endpoint.rational(Rational(1))
PLUS, MINUS = Endpoint.infinite(1), Endpoint.infinite(-1)

PROVED = [
    (x, ZERO, ONE, 1),
    ((x - Rational(1, 3)) ** 2, ZERO, ONE, 1),
    ((2 * x - 1) ** 2 * (log(x) - 1), ZERO, ONE, -1),
    ((x - 1) * log(x), ZERO, PLUS, 1),
    (x * log(x) - x + 1, ZERO, PLUS, 1),
    (x - log(1 + x), ZERO, ONE, 1),
    (x - x**2 / 2 + x**3 / 3 - log(1 + x), ZERO, ONE, 1),
    (2 * x * log(x) - (1 - x), ZERO, ONE, -1),
    (x**3 - x**2 + x / 5, ZERO, ONE, None),
    (exp(x) - 1 - x, ZERO, PLUS, 1),
    (exp(x) - 1 - x, MINUS, PLUS, 1),
    (1 - tanh(x) ** 2, MINUS, PLUS, 1),
    (sigmoid(x) - 1, MINUS, PLUS, -1),
    (atan(x) - x, ZERO, ONE, -1),
    (sqrt(x) - 2, ZERO, ONE, -1),
    (2 + log(x) * x**2 * (x + 3) - x * log(x) ** 2, ZERO, Endpoint.rational(Rational(1, 4)), 1),
    (log(x + Rational(1, 10**6)) - log(1 + Rational(1, 10**6)), ZERO, ONE, -1),
]


@pytest.mark.parametrize(("function", "low", "high", "want"), PROVED)
def test_signs_that_hold_are_proved_and_the_opposite_is_refuted(function, low, high, want):
    if want is None:
        assert prove_sign(function, low, high, 1, Deadline(5)).status == "refuted"
        return
    assert prove_sign(function, low, high, want, Deadline(5)).status == "proved"
    opposite = prove_sign(function, low, high, -want, Deadline(5))
    assert opposite.status == "refuted"
    value = function.subs(x, opposite.witness).evalf(60)
    assert value * want > 0


def test_a_wrong_sign_on_a_tiny_interval_is_found():
    a, b = Rational(1, 3), Rational(1, 3) + Rational(1, 10**7)
    found = prove_sign((x - a) * (x - b), ZERO, ONE, 1, Deadline(5))
    assert found.status == "refuted"
    assert a < found.witness < b


def test_zeros_and_strictness_are_reported():
    touching = prove_sign((2 * x - 1) ** 2, ZERO, ONE, 1, Deadline(5))
    assert (touching.status, touching.strict, touching.zeros) == ("proved", False, (0.5,))
    assert prove_sign(x, ZERO, ONE, 1, Deadline(5)).strict
    assert prove_sign(x - x, ZERO, ONE, 1, Deadline(5)).zero
    assert prove_sign(log(x**2) - 2 * log(x), ZERO, ONE, 1, Deadline(5)).zero


def test_irrational_endpoints_are_zeros_of_the_function_or_not():
    root = Endpoint("breakpoint", Rational(1), Rational(2), x**2 - 2, True)
    assert prove_sign(x**2 - 2, root, PLUS, 1, Deadline(5)).strict
    assert prove_sign(x**2 - 3, root, PLUS, 1, Deadline(5)).status == "refuted"
    where = Endpoint("breakpoint", Rational(1), Rational(2), log(x) - Rational(1, 3))
    assert prove_sign(x - Rational(7, 5), ZERO, where, -1, Deadline(5)).status == "proved"


def test_no_time_means_undecided():
    assert prove_sign(x * log(x) - x + 1, ZERO, PLUS, 1, Deadline(-1.0)).status == "undecided"


def test_roots_strictly_inside():
    assert roots_between(as_poly(x**3 - x), MINUS, PLUS, Deadline(5)) == [(-1, -1), (0, 0), (1, 1)]
    assert roots_between(as_poly(x - 1), ZERO, ONE, Deadline(5)) == []
    ((low, high),) = roots_between(as_poly(x**2 - 2), ZERO, Endpoint.rational(Rational(2)), Deadline(5))
    assert low**2 < 2 < high**2


def test_simplest_number_in_an_interval():
    assert simplest_between(Rational(3, 10), Rational(7, 20)) == Rational(1, 3)
    assert simplest_between(Rational(-1, 10), Rational(1, 10)) == 0
    assert simplest_between(Rational(-7, 2), Rational(-16, 5)) == Rational(-7, 2)


@pytest.mark.parametrize(
    ("function", "end", "side", "kind", "value"),
    [
        (x * log(x), ZERO, 1, "vanishes", 0.0),
        (log(x), ZERO, 1, "explodes", None),
        (1 / x, ZERO, 1, "explodes", None),
        (3 + x * log(x), ZERO, 1, "bounded", 3.0),
        (x ** Rational(-3, 10), ZERO, 1, "explodes", None),
        (x ** Rational(7, 10), ZERO, 1, "vanishes", 0.0),
        (1 / (1 + exp(-x)), PLUS, -1, "bounded", 1.0),
        (x * exp(-x), PLUS, -1, "vanishes", 0.0),
        (x + exp(-x), PLUS, -1, "explodes", None),
        ((1 - x) ** 2 / x + 2 * log(x), ZERO, 1, "explodes", None),
    ],
)
def test_limits(function, end, side, kind, value):
    found = limit_at(function, end, side, Deadline(5))
    assert found is not None
    assert found.kind == kind
    assert found.value == value


@pytest.mark.parametrize("name", zoo.names())
def test_enclosures_hold_the_value_and_the_slope(name):
    loss = zoo.get(name).with_eps(0.1) if zoo.get(name).has_eps else zoo.get(name)
    expression = loss.numeric_expression
    tape = Tape.of(expression)
    generator = np.random.default_rng(5)
    low = np.sort(generator.random(40))
    high = np.minimum(low + generator.random(40) * 0.05, 1.0)
    one = np.float64(1.0)
    for label in (0, 1):
        inside = low + generator.random(40) * (high - low)
        target = np.float64(label)
        with np.errstate(all="ignore"):
            box = tape.run(BoxArithmetic(), {x: Box(low, high, one, one), y: Box(target, target)})[0]
        values, slopes = value_and_slope(tape, {x: inside, y: float(label)}, x)
        bottom, top = np.broadcast_to(box.slope_low, low.shape), np.broadcast_to(box.slope_high, low.shape)
        for i, point in enumerate(inside):
            at = {x: Rational(*float(point).as_integer_ratio()), y: Rational(label)}
            step = Rational(1, 10**25)
            true = expression.subs(at).evalf(60)
            above, below = (expression.subs({**at, x: at[x] + d}).evalf(60) for d in (step, -step))
            slope = (above - below) / (2 * step)
            assert box.low[i] <= true <= box.high[i]
            assert bottom[i] - 1e-15 <= slope <= top[i] + 1e-15
            assert values[i] == pytest.approx(float(true), rel=1e-9, abs=1e-12)
            assert slopes[i] == pytest.approx(float(slope), rel=1e-9, abs=1e-12)
            if i < 3:
                narrow = gradient_at(tape, at, x)
                with mp.workdps(60):
                    ends = [mp.make_mpf(raw) for raw in narrow.slope]
                    assert ends[0] - mpf("1e-40") <= mpf(str(slope)) + mpf("1e-20")
                    assert ends[1] - ends[0] <= mpf("1e-50") * (1 + abs(ends[0]))


def test_unbounded_ends_do_not_turn_into_nan():
    with np.errstate(all="ignore"):
        box = Tape.of(x * log(x)).run(BoxArithmetic(), {x: Box(np.array([0.0]), np.array([0.5]))})[0]
    assert box.high[0] <= 0.0
    assert box.low[0] == -np.inf
