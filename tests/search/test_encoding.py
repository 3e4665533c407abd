"""Losses as tokens: the same gradient, or a sentence about what is missing."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from sympy import Expr

from symloss import zoo
from symloss.compile.assemble import assemble
from symloss.compile.reference import evaluate
from symloss.errors import OptionError
from symloss.loss import Loss
from symloss.ops.construct import NumberLimitError
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.tokens import Tokens
from symloss.search.strategies.encoding import encode
from symloss.search.strategies.registry import make_strategy
from symloss.signature import Domain, yhat

POINTS = np.linspace(0.013, 0.987, 21)


def slopes(expression: Expr, labels: np.ndarray[tuple[int], np.dtype[np.float64]], eps: float) -> object:
    with np.errstate(all="ignore"):
        return evaluate(assemble(expression), POINTS, labels, eps)[1]


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    operators=st.sampled_from(["paper", "extended"]),
    n_variables=st.integers(5, 16),
    labels=st.sampled_from(["binary", "unit"]),
)
def test_encoding_keeps_the_gradient(seed: int, operators: str, n_variables: int, labels: str) -> None:
    grammar = LossGrammar([operators], n_variables, Domain.of(labels))
    tokens = make_strategy("random", grammar, seed).ask(1)
    try:
        loss = grammar.loss(tokens)
        found = encode(loss, grammar)
    except (OptionError, NumberLimitError):
        # SymPy evaluates functions of numbers and expands products; not all of it fits again
        return
    made = grammar.n_leaves + np.arange(grammar.n_steps)
    assert ((found.left < made) & (found.right < made)).all()
    assert ((found.left != found.right) == grammar.binary[found.operators]).all()
    again = grammar.expression(found)
    for label in (0.0, 1.0) if labels == "binary" else (0.0, 0.3, 0.8, 1.0):
        for eps in (1e-6, 0.2):
            y = np.full(len(POINTS), label)
            one, other = slopes(loss.expression, y, eps), slopes(again, y, eps)
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6, err_msg=loss.formula)


@pytest.mark.parametrize(("operators", "least"), [("paper", 0.98), ("extended", 0.9)])
def test_nearly_all_losses_of_a_grammar_come_back(operators: str, least: float) -> None:
    grammar = LossGrammar([operators])
    tokens = make_strategy("random", grammar, 12).ask(150)
    done = 0
    for k in range(len(tokens)):
        try:
            encode(grammar.loss(tokens, k), grammar)
            done += 1
        except (OptionError, NumberLimitError):
            pass
    assert done >= least * len(tokens)


@pytest.mark.parametrize(
    ("formula", "operators", "n_variables"),
    [
        ("(yhat - y)**2", ["paper"], 10),
        ("(yhat - y)**2", ["add", "neg", "multiply", "identity"], 10),
        ("(yhat - y)**6", ["paper"], 12),
        ("abs(yhat - y)", ["paper"], 10),
        ("relu(yhat - y) + 3*max(y - yhat, 0)", ["paper"], 20),
        ("relu(yhat - y) + 3*max(y - yhat, 0)", ["extended"], 14),
        ("min(yhat, y, 1 - y) - yhat*y", ["add", "neg", "multiply", "max"], 16),
        ("7*yhat*(1 - y) - 2*y*yhat", ["paper"], 20),
        ("-y*log(yhat + eps) - (1 - y)*log(1 - yhat + eps)", ["paper"], 13),
        ("guard(y/(yhat + eps) + sqrt(yhat + eps)*(1 - y))", ["extended"], 12),
        ("(1 - y)*guard((1 - yhat + eps)**(-2))", ["paper"], 12),
        ("guard(guard(recip(yhat*y, eps)**2)*sigmoid(yhat) + tanh(y - yhat))", ["extended"], 14),
        ("exp(yhat - y) + pexp(y)*aq(yhat, y)", ["extended"], 14),
        ("yhat", ["paper"], 10),
        ("y + yhat + eps", ["extended"], 10),
    ],
)
def test_formulas_by_hand(formula: str, operators: list[str], n_variables: int) -> None:
    grammar = LossGrammar(operators, n_variables)
    loss = Loss(formula)
    again = grammar.expression(encode(loss, grammar))
    for label in (0.0, 1.0):
        y = np.full(len(POINTS), label)
        for eps in (1e-6, 0.2):
            expected = slopes(loss.expression, y, eps)
            np.testing.assert_allclose(slopes(again, y, eps), expected, rtol=1e-6, atol=1e-6)


def test_short_forms_stay_short() -> None:
    grammar = LossGrammar(["extended"])

    def size(formula: str) -> int:
        return int(grammar.complexity(encode(Loss(formula), grammar))[0])

    assert size("(yhat - y)**2") == 3
    assert size("abs(yhat - y)") == 3
    assert size("plog(-yhat, eps)") == 2
    assert size("-log(yhat + eps)") == 2
    assert size("2*yhat") == 1
    assert size("yhat**2*y**2") == 2
    # the difference is written once
    assert size("(yhat - y)**2 + abs(yhat - y)") == 5


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("log(yhat)*y", "smooths log by eps.*exact=False"),
        ("y/yhat", "smooths reciprocal by eps"),
        ("sqrt(yhat)", "no operator 'sqrt'|smooths sqrt"),
        ("yhat*log(y + eps)", "positive value in log, and y may not be"),
        ("yhat/2 - y", "whole numbers only, and the loss has 1/2"),
        ("eps*yhat", "eps only inside log, reciprocal and sqrt"),
        ("tanh(yhat - y)", "no operator 'tanh'"),
        ("atan(yhat - y)", "no operator for atan"),
        ("1/(yhat + eps)**2*y", "cuts off square at 1e6"),
        ("plog(yhat)", "smoothed by 1/1000000, not by eps"),
        ("yhat**yhat", "no operator for yhat"),
        (
            "(yhat - y)**2*(1 - yhat)**2 + yhat*(1 - y)",
            r"takes 9 steps and the grammar .* has 7; n_variables of at least 12",
        ),
    ],
)
def test_what_is_missing_is_named(formula: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        encode(Loss(formula), LossGrammar())


def test_scores_are_not_probabilities() -> None:
    with pytest.raises(OptionError, match="hinge takes a score and this search gives a probability"):
        encode(zoo.get("hinge"), LossGrammar())


def test_identity_is_needed_to_use_a_variable_twice() -> None:
    with pytest.raises(OptionError, match="no operator 'identity'"):
        encode(yhat + yhat, LossGrammar(["add", "neg", "max"]))
    with pytest.raises(OptionError, match="no operator 'identity'"):
        encode(yhat, LossGrammar(["add", "neg", "max"]))


def test_smoothing_on_demand() -> None:
    grammar = LossGrammar(n_variables=13)
    bce = grammar.loss(encode(zoo.get("bce"), grammar, exact=False))
    expected = Loss("-y*log(yhat + eps) - (1 - y)*log(1 - yhat + eps)")
    assert sympy.expand(bce.expression - expected.expression) == 0
    focal = encode(zoo.get("focal"), LossGrammar(n_variables=20), exact=False)
    assert isinstance(focal, Tokens)
