"""A grammar of losses in pos and neg: sampled, written, tested and searched, against 50 digits of mpmath."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy
from mpmath import mp, mpf

from symloss.compile.assemble import assemble
from symloss.compile.reference import value_and_gradient, values_and_gradients
from symloss.errors import DomainError, OptionError
from symloss.formula.text import formula_text
from symloss.loss import Loss
from symloss.ops.construct import NumberLimitError
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.proxy import ProxyTest
from symloss.search.candidates.proxy_points import ProxyPoints
from symloss.search.candidates.tokens import Tokens
from symloss.search.strategies.encoding import encode
from symloss.search.strategies.registry import STRATEGIES, make_strategy
from symloss.search.strategies.strategy import Feedback
from symloss.signature import PAIRWISE, neg, pos
from tests.mp_evaluate import mp_evaluate

EPS = 0.1


def mp_facts(text: str, at: dict[str, float]) -> tuple[float, float, float, bool]:
    """Value, slope by pos and slope by neg; whether the slopes are the same at two widths (no kink is near)."""
    slopes, steady = [], True
    for name in ("pos", "neg"):
        ends = []
        for step in (mpf("1e-12"), mpf("1e-9")):
            high, low = (mp_evaluate(text, **{**at, name: mpf(at[name]) + s * step}) for s in (1, -1))
            ends.append((high - low) / (2 * step))
        steady &= abs(ends[0] - ends[1]) <= mpf("1e-5") * (1 + abs(ends[0]))
        slopes.append(float(ends[0]))
    return float(mp_evaluate(text, **at)), slopes[0], slopes[1], bool(steady)


@pytest.mark.parametrize("operators", ["paper", "extended"])
def test_sampled_programs_are_their_expressions(operators: str) -> None:
    grammar = LossGrammar([operators], signature=PAIRWISE)
    # all that a grammar can write, and losses that depend on both arguments
    tokens = Tokens.joined([make_strategy(name, grammar, 5).ask(500) for name in ("random", "genetic")])
    generator = np.random.default_rng(6)
    points = {name: generator.normal(0, 1.5, 2) for name in ("pos", "neg")}
    value, gradient = values_and_gradients(grammar.programs(tokens, EPS), points)
    compared, by_both = 0, 0
    with mp.workdps(50):
        for k in range(1000):
            try:
                expression = grammar.expression(tokens, k)
            except NumberLimitError:
                continue
            assert {str(symbol) for symbol in expression.free_symbols} <= {"pos", "neg", "eps"}
            text = formula_text(expression)
            for i in range(2):
                at = {"pos": float(points["pos"][i]), "neg": float(points["neg"][i]), "eps": EPS}
                exact, by_pos, by_neg, steady = mp_facts(text, at)
                # beyond 1e5 a guard may act between two ways of writing the same
                if not steady or abs(exact) > 1e5 or max(abs(by_pos), abs(by_neg)) > 1e5:
                    continue
                compared += 1
                by_both += by_pos != 0 and by_neg != 0
                np.testing.assert_allclose(value[k, i], exact, rtol=1e-6, atol=1e-6, err_msg=text)
                slopes = [by_pos, by_neg]
                np.testing.assert_allclose(gradient[:, k, i], slopes, rtol=1e-5, atol=1e-5, err_msg=text)
    assert compared > 1700
    assert by_both > 500


def row(grammar: LossGrammar, *steps: tuple[str, int, int]) -> Tokens:
    names = [operator.name for operator in grammar.operators]
    return Tokens.from_rows([[[names.index(name), left, right] for name, left, right in steps]])


def test_by_hand() -> None:
    # log(1 + exp(neg - pos)) with the protected functions of the grammar: pos is 0, neg 1 and the number one 2
    grammar = LossGrammar(["extended"], 8, PAIRWISE)
    tokens = row(grammar, ("neg", 0, 0), ("add", 1, 3), ("exp", 4, 4), ("add", 2, 5), ("log", 6, 6))
    loss = grammar.loss(tokens)
    assert (loss.kind, loss.formula) == ("pairwise", formula_text(grammar.expression(tokens)))
    at = {"pos": np.array([0.3, -2.0]), "neg": np.array([1.1, 0.4])}
    value, gradient = values_and_gradients(grammar.programs(tokens, 1e-12), at)
    gap = at["neg"] - at["pos"]
    np.testing.assert_allclose(value[0], np.log1p(np.exp(gap)), rtol=1e-9)
    push = 1 / (1 + np.exp(-gap))
    np.testing.assert_allclose(gradient[:, 0], [-push, push], rtol=1e-9)
    again, slopes = value_and_gradient(loss.program(), {**at, "eps": 1e-12})
    np.testing.assert_allclose(again, value[0], rtol=1e-12)
    np.testing.assert_allclose(slopes, gradient[:, 0], rtol=1e-12)


def test_points_and_the_signs_that_are_wanted() -> None:
    points, again = ProxyPoints.draw(PAIRWISE, 3), ProxyPoints.draw(PAIRWISE, 3)
    assert set(points.values) == {"pos", "neg"}
    count = len(points.values["pos"])
    assert count == len(points.values["neg"]) >= 40
    for name, column in points.values.items():
        np.testing.assert_array_equal(column, again.values[name])
        assert not np.array_equal(column, ProxyPoints.draw(PAIRWISE, 4).values[name])
    # pairs in the wrong order as well as in the right one
    assert 0.2 < (points.values["pos"] > points.values["neg"]).mean() < 0.8
    assert points.towards.tolist() == [-1.0] * count + [1.0] * count
    assert [part.sum() for part in points.parts] == [count, count]


def test_proxy_test_of_pairwise_losses() -> None:
    grammar = LossGrammar(["extended"], 8, PAIRWISE)
    idle = ("neg", 2, 2)
    losses = {
        "hinge": row(
            grammar, ("neg", 0, 0), ("add", 1, 3), ("add", 4, 2), ("relu", 5, 5), ("identity", 6, 6)
        ),
        "hinge again": row(grammar, idle, ("neg", 0, 0), ("add", 2, 4), ("add", 5, 1), ("relu", 6, 6)),
        "other way": row(grammar, idle, idle, ("neg", 1, 1), ("add", 0, 5), ("relu", 6, 6)),
        "positive alone": row(grammar, idle, idle, idle, idle, ("neg", 0, 0)),
        "constant": row(grammar, idle, idle, idle, idle, ("square", 2, 2)),
        "squared gap": row(grammar, idle, idle, ("neg", 0, 0), ("add", 1, 5), ("square", 6, 6)),
        "linear": row(grammar, idle, idle, idle, ("neg", 0, 0), ("add", 1, 6)),
    }
    tokens = Tokens.joined(list(losses.values()))
    report = ProxyTest(grammar, delta=1e-4, eps=EPS, seed=0).test(tokens)
    found = {name: k for k, name in enumerate(losses)}
    assert {name for name, k in found.items() if not report.wrong[k]} == {"hinge", "hinge again", "linear"}
    assert report.zero.tolist() == [name == "constant" for name in losses]
    assert report.number[found["hinge"]] == report.number[found["hinge again"]]
    assert not report.new[found["hinge again"]]
    assert len(set(report.number.tolist()) - {-1}) == 5
    assert report.right_way[found["linear"]] == 1.0
    assert report.right_way[found["positive alone"]] == 0.5
    assert report.right_way[found["other way"]] == 0.0


def test_gradients_that_differ_by_one_prediction_alone_are_different() -> None:
    grammar = LossGrammar(["add", "neg", "identity"], 6, PAIRWISE)
    tokens = Tokens.joined(
        [
            row(grammar, ("neg", 0, 0), ("neg", 0, 0), ("add", 1, 3)),
            row(grammar, ("neg", 0, 0), ("add", 1, 3), ("add", 1, 4)),
        ]
    )
    report = ProxyTest(grammar, delta=1e-4, eps=EPS, seed=0).test(tokens)
    assert report.number.tolist() == [0, 1]


def likeness(gradients: np.ndarray[Any, np.dtype[np.float64]], target: np.ndarray[Any, Any]) -> float:
    cut = gradients.clip(-20, 20)
    return float(cut @ target / np.linalg.norm(cut) / np.linalg.norm(target))


@pytest.mark.parametrize("name", STRATEGIES)
def test_strategies_search_pairwise_losses(name: str) -> None:
    """The reward: how much a gradient looks like that of BPR, where it points the right way."""
    grammar = LossGrammar(["extended"], 9, PAIRWISE)
    proxy = ProxyTest(grammar, delta=1e-4, eps=EPS, seed=0, max_complexity=6)
    gap = proxy.points.values["neg"] - proxy.points.values["pos"]
    push = 1 / (1 + np.exp(-gap))
    target = np.concatenate([-push, push])
    strategy, again = (make_strategy(name, grammar, 3, max_complexity=6) for _ in range(2))
    best = -1.0
    for _ in range(12):
        tokens = strategy.ask(100)
        for one, other in zip(tokens.parts(), again.ask(100).parts(), strict=True):
            np.testing.assert_array_equal(one, other)
        assert (grammar.complexity(tokens) <= 6).all()
        report = proxy.test(tokens)
        gradients = proxy.gradients(proxy.programs(tokens))
        rewards = np.full(100, -1.0)
        for k in np.flatnonzero((report.number >= 0) & ~report.wrong).tolist():
            rewards[k] = likeness(gradients[k], target)
        best = max(best, rewards.max())
        told = Feedback(rewards, report.number, report.right_way)
        strategy.tell(tokens, told)
        again.tell(tokens, told)
        again.restore(strategy.state())
    assert best > 0.5


@pytest.mark.parametrize(
    "text",
    [
        "relu(1 - pos + neg)",
        "square(1 - pos + neg)",
        "log(1 + exp(min(neg - pos, 10)) + eps)",
        "tanh(neg - pos) - sigmoid(pos)",
        "max(neg, 1 - pos)*abs(neg)",
    ],
)
def test_formulas_come_back_as_tokens(text: str) -> None:
    grammar = LossGrammar(["extended"], 15, PAIRWISE)
    loss = Loss(text)
    tokens = encode(loss, grammar, exact=False)
    generator = np.random.default_rng(1)
    at = {name: generator.normal(0, 1, 30) for name in ("pos", "neg")}
    value, gradient = values_and_gradients(grammar.programs(tokens, EPS), at)
    exact, slopes = value_and_gradient(loss.program(), {**at, "eps": EPS})
    np.testing.assert_allclose(gradient[:, 0], slopes, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(value[0], exact, rtol=1e-9, atol=1e-11)


def test_kinds_do_not_mix() -> None:
    pairwise, pointwise = LossGrammar(signature=PAIRWISE), LossGrammar()
    with pytest.raises(OptionError, match="is a pointwise loss and this search writes pairwise ones"):
        encode(Loss("(yhat - y)**2"), pairwise)
    with pytest.raises(OptionError, match="is a pairwise loss and this search writes pointwise ones"):
        encode(Loss("neg - pos"), pointwise)
    with pytest.raises(DomainError, match="those of this grammar are pairwise"):
        assert pairwise.domain
    with pytest.raises(OptionError, match="exact=False"):
        ProxyTest(pairwise, delta=1e-4, eps=EPS, seed=0, exact=True)
    with pytest.raises(OptionError, match="it counts pos, neg, 1"):
        LossGrammar(n_variables=3, signature=PAIRWISE)
    with pytest.raises(OptionError, match="unknown input 'neg'"):
        assemble(sympy.exp(neg - pos))
