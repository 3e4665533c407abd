"""The contract of every operator: value, guard, bounds, derivative, text, typeset form."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from symloss.compile.torch.printer import torch_function
from symloss.errors import OptionError
from symloss.formula.parse import parse
from symloss.formula.text import formula_text
from symloss.ops import GUARD_LIMIT, Bounded, Operator, operator_set, operators
from symloss.ops.constants import XI_RATIONAL
from symloss.ops.interval import Interval, variable_interval
from symloss.signature import Domain, eps, y, yhat

ALL = list(operators().values())
ANYTHING = Interval(-float(GUARD_LIMIT), float(GUARD_LIMIT))
A, B = Bounded(yhat, ANYTHING), Bounded(y, ANYTHING)

XI = mpmath.mpf("1e-6")
LIMIT = mpmath.mpf(10) ** 6


def clip(value: mpmath.mpf) -> mpmath.mpf:
    return max(min(value, LIMIT), -LIMIT)


# What Table 2 of the paper and the page of extended operators say, written anew with mpmath.
MEANING = {
    "add": lambda a, b: clip(a + b),
    "multiply": lambda a, b: clip(a * b),
    "max": max,
    "min": min,
    "neg": lambda a: -a,
    "identity": lambda a: a,
    "log": lambda a: mpmath.sign(a) * mpmath.log(abs(a) + XI),
    "square": lambda a: clip(a * a),
    "reciprocal": lambda a: mpmath.sign(a) / (abs(a) + XI),
    "abs": abs,
    "sqrt": lambda a: mpmath.sign(a) * mpmath.sqrt(abs(a) + XI),
    "exp": lambda a: min(mpmath.exp(min(a, 20)), LIMIT),
    "tanh": mpmath.tanh,
    "sigmoid": lambda a: 1 / (1 + mpmath.exp(-a)),
    "relu": lambda a: max(a, 0),
    "sign": mpmath.sign,
    "analytic-quotient": lambda a, b: a / mpmath.sqrt(1 + b * b),
}

EXTREME = [0.0, 1e-9, -1e-9, 1e-3, -0.5, 1.0, -3.7, 13.8, 20.0, -200.0, 999.5, -1e6, 1e6]


def apply(operator: Operator) -> Bounded:
    return operator.apply(*[A, B][: operator.arity])


def evaluate(expression: sympy.Expr, a: float, b: float) -> float:
    function = torch_function(expression.subs(eps, XI_RATIONAL) if expression.has(eps) else expression)
    value = function(torch.tensor(a, dtype=torch.float64), torch.tensor(b, dtype=torch.float64))
    return float(value)


def test_the_paper_names_nine() -> None:
    assert [operator.name for operator in ALL if operator.group == "paper"] == [
        "add", "multiply", "max", "min", "neg", "identity", "log", "square", "reciprocal",
    ]  # fmt: skip
    assert set(MEANING) == set(operators())


@pytest.mark.parametrize("operator", ALL, ids=lambda operator: operator.name)
def test_value_is_the_definition_guard_included(operator: Operator) -> None:
    expression = apply(operator).expression
    for a in EXTREME:
        for b in EXTREME if operator.arity == 2 else [0.0]:
            expected = MEANING[operator.name](*[mpmath.mpf(a), mpmath.mpf(b)][: operator.arity])
            found = evaluate(expression, a, b)
            assert math.isclose(found, expected, rel_tol=1e-12, abs_tol=1e-300), (a, b)
            assert abs(found) <= GUARD_LIMIT * (1 + 1e-12)


# What `symloss ops` prints, written anew.
WRITTEN = {
    "add": ("a + b", "guard(a + b)", ""),
    "multiply": ("a * b", "guard(a * b)", ""),
    "max": ("max(a, b)", "max(a, b)", ""),
    "min": ("min(a, b)", "min(a, b)", ""),
    "neg": ("-a", "-a", ""),
    "identity": ("a", "a", ""),
    "log": ("plog(a, eps)", "sign(a) log(|a| + eps)", "0 at 0, with derivative 0; jumps there"),
    "square": ("square(a)", "guard(a^2)", ""),
    "reciprocal": ("recip(a, eps)", "sign(a) / (|a| + eps)", "0 at 0, with derivative 0; jumps there"),
    "abs": ("abs(a)", "|a|", "derivative 0 at 0"),
    "sqrt": ("psqrt(a, eps)", "sign(a) sqrt(|a| + eps)", "0 at 0, with derivative 0; jumps there"),
    "exp": ("pexp(a)", "exp(min(a, log(1/xi)))", "1/xi, with derivative 0, beyond log(1/xi)"),
    "tanh": ("tanh(a)", "tanh(a)", ""),
    "sigmoid": ("sigmoid(a)", "1 / (1 + exp(-a))", ""),
    "relu": ("relu(a)", "max(a, 0)", "derivative 1/2 at 0"),
    "sign": ("sign(a)", "sign(a)", "0 at 0; derivative 0 everywhere"),
    "analytic-quotient": ("aq(a, b)", "a / sqrt(1 + b^2)", ""),
}


@pytest.mark.parametrize("operator", ALL, ids=lambda operator: operator.name)
def test_text_reads_back_and_typesets(operator: Operator) -> None:
    expression = apply(operator).expression
    assert parse("yhat*0 + " + formula_text(expression)) == expression
    assert (operator.text, operator.definition, operator.singular) == WRITTEN[operator.name]
    assert sympy.latex(expression)


@pytest.mark.parametrize("operator", ALL, ids=lambda operator: operator.name)
def test_symbolic_derivative_agrees_with_differences(operator: Operator) -> None:
    expression = apply(operator).expression
    for symbol in (yhat, y)[: operator.arity]:
        derivative = sympy.diff(expression, symbol)
        for a, b in ((0.7, -1.3), (-2.4, 0.6), (3.1, 2.2)):
            point = {yhat: a, y: b, eps: XI_RATIONAL}
            step = 1e-5
            shift = {**point, symbol: point[symbol] + step}, {**point, symbol: point[symbol] - step}
            above, below = (evaluate(expression, s[yhat], s[y]) for s in shift)
            found = float(derivative.subs(point).evalf())
            assert math.isclose(found, (above - below) / (2 * step), rel_tol=1e-5, abs_tol=1e-6)


@pytest.mark.parametrize("operator", ALL, ids=lambda operator: operator.name)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_bounds_hold(operator: Operator, data: st.DataObject) -> None:
    intervals, points = [], []
    for _ in range(operator.arity):
        ends = sorted(data.draw(st.tuples(*[st.sampled_from(EXTREME) | st.floats(-10, 10)] * 2)))
        ends = [end + 0.0 for end in ends]  # no negative zero
        intervals.append(Interval(*ends))
        points.append(data.draw(st.floats(*ends)))
    value = MEANING[operator.name](*[mpmath.mpf(point) for point in points])
    bounds = operator.bounds(intervals)
    slack = 1e-9 * max(1.0, abs(float(value)))
    raw_can_exceed = abs(value) >= LIMIT
    assert bounds.low - slack <= value <= bounds.high + slack or raw_can_exceed
    if bounds.positive:
        assert value > 0
    if bounds.negative:
        assert value < 0


def test_guard_disappears_only_where_it_cannot_act() -> None:
    known = operators()
    domain = Domain()
    p = Bounded(yhat, variable_interval("yhat", domain))
    label = Bounded(y, variable_interval("y", domain))
    assert known["add"].apply(p, label).expression == yhat + y
    reciprocal = known["reciprocal"].apply(p)
    assert formula_text(reciprocal.expression) == "1/(eps + yhat)"
    assert formula_text(known["square"].apply(reciprocal).expression) == "guard((eps + yhat)**(-2))"
    assert formula_text(known["log"].apply(label).expression) == "plog(y, eps)"
    assert formula_text(known["log"].apply(known["neg"].apply(p)).expression) == "-log(eps + yhat)"
    assert known["max"].apply(p, Bounded(sympy.Integer(1), Interval(1.0, 1.0))).expression == 1


def test_singular_points_and_their_derivative() -> None:
    for text, value in (("plog(yhat)", 0.0), ("recip(yhat)", 0.0), ("psqrt(yhat)", 0.0)):
        x = torch.zeros((), dtype=torch.float64, requires_grad=True)
        result = torch_function(parse(text))(x, x)
        (gradient,) = torch.autograd.grad(result, x)
        assert result.item() == value and gradient.item() == 0.0
        assert parse(text).fdiff(1).subs(yhat, 0) == 0


def test_operator_sets() -> None:
    assert len(operator_set(["paper"])) == 9
    assert len(operator_set(["extended"])) == 17
    assert [operator.name for operator in operator_set(["add", "log"])] == ["add", "log"]
    with pytest.raises(OptionError, match="did you mean 'multiply'"):
        operator_set(["multipyl"])


def test_opcodes_are_distinct() -> None:
    codes = [operator.opcode for operator in ALL]
    assert None not in codes and len(set(codes)) == len(codes)


def test_guards_and_smoothing_follow_from_the_rules() -> None:
    assert {operator.name for operator in ALL if operator.may_exceed} == {"add", "multiply", "square"}
    assert {operator.name for operator in ALL if operator.smoothed} == {"log", "reciprocal", "sqrt"}


@given(st.lists(st.floats(-4, 4), min_size=4, max_size=4), st.floats(0, 1), st.floats(0, 1))
def test_interval_arithmetic_holds_its_points(ends: list[float], s: float, t: float) -> None:
    first, second = Interval(*sorted(ends[:2])), Interval(*sorted(ends[2:]))
    a = first.low + s * (first.high - first.low)
    b = second.low + t * (second.high - second.low)
    cases = [
        (first + second, a + b),
        (first * second, a * b),
        (-first, -a),
        (first.maximum(second), max(a, b)),
        (first.minimum(second), min(a, b)),
        (first.square(), a * a),
        (first.absolute(), abs(a)),
        (first.clipped(1.5), float(np.clip(a, -1.5, 1.5))),
    ]
    for interval, value in cases:
        assert interval.low - 1e-9 <= value <= interval.high + 1e-9
