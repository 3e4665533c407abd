"""Duplicates against brute force; zero gradients and directions against known losses."""

from __future__ import annotations

import numpy as np
import pytest

from symloss.search.candidates.gradient_table import GradientTable
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.proxy import ProxyTest
from symloss.search.candidates.proxy_points import ProxyPoints
from symloss.search.candidates.tokens import Tokens
from symloss.search.strategies.registry import make_strategy
from symloss.signature import Domain

DELTA = 1e-4


def add(table: GradientTable, gradients: np.ndarray) -> tuple[list[int], list[bool]]:
    numbers, new = table.find_or_add(np.arcsinh(gradients), np.arange(len(gradients)))
    return numbers.tolist(), new.tolist()


def test_table_agrees_with_comparing_all_pairs() -> None:
    generator = np.random.default_rng(1)
    centres = generator.normal(size=(60, 12)) * 10.0 ** generator.uniform(-3, 6, (60, 1))
    picked = generator.integers(60, size=600)
    # half of the disturbances are below the tolerance, half above
    seen = np.arcsinh(centres[picked]) + generator.choice([0.4, 3.0], (600, 1)) * DELTA * generator.uniform(
        -1, 1, (600, 12)
    )
    gradients = np.sinh(seen)
    numbers, new = add(GradientTable(12, DELTA), gradients)
    known: list[np.ndarray] = []
    for k in range(600):
        vector = np.arcsinh(gradients[k])
        matches = [i for i, other in enumerate(known) if np.abs(other - vector).max() < DELTA]
        if matches:
            assert (numbers[k], new[k]) == (matches[0], False)
        else:
            assert (numbers[k], new[k]) == (len(known), True)
            known.append(vector)
    assert 60 < len(known) < 600


def test_tolerance_is_absolute_for_small_and_relative_for_large_gradients() -> None:
    base = np.array([1e-3, 0.2, -0.5])
    assert add(GradientTable(3, DELTA), np.stack([base, base + 0.5 * DELTA]))[0] == [0, 0]
    assert add(GradientTable(3, DELTA), np.stack([base, base + 2 * DELTA]))[0] == [0, 1]
    large = np.array([1e5, 3e5, -2e6])
    assert add(GradientTable(3, DELTA), np.stack([large, large * (1 + 0.5 * DELTA)]))[0] == [0, 0]
    assert add(GradientTable(3, DELTA), np.stack([large, large * (1 + 2 * DELTA)]))[0] == [0, 1]


def test_confirmation_can_reject_a_match() -> None:
    asked = []

    def confirm(known: int, row: int) -> bool:
        asked.append((known, row))
        return row != 2

    table = GradientTable(2, DELTA, confirm)
    assert add(table, np.ones((3, 2))) == ([0, 0, 1], [True, False, True])
    assert asked == [(0, 1), (0, 2)]


def token_rows(grammar: LossGrammar, *losses: list[tuple[str, int, int]]) -> Tokens:
    names = [operator.name for operator in grammar.operators]
    return Tokens.from_rows(
        [[[names.index(name), left, right] for name, left, right in loss] for loss in losses]
    )


MSE = [("neg", 1, 1), ("add", 0, 3), ("square", 4, 4)]
MSE_AGAIN = [("neg", 0, 0), ("add", 1, 3), ("square", 4, 4)]
MINUS_MSE_PLUS_Y = [("neg", 1, 1), ("add", 0, 3), ("add", 4, 1)]
NO_PREDICTION = [("square", 1, 1), ("log", 3, 3), ("neg", 4, 4)]
WRONG = [("multiply", 0, 1), ("square", 0, 0), ("add", 3, 4)]
ONE_LABEL = [("max", 0, 1), ("square", 3, 3), ("neg", 4, 4)]


def test_known_losses() -> None:
    grammar = LossGrammar(n_variables=6)
    proxy = ProxyTest(grammar, delta=DELTA, eps=1e-6, seed=0)
    report = proxy.test(
        token_rows(grammar, MSE, MSE_AGAIN, MINUS_MSE_PLUS_Y, NO_PREDICTION, WRONG, ONE_LABEL)
    )
    assert report.zero.tolist() == [False, False, False, True, False, False]
    assert report.number.tolist() == [0, 0, 1, -1, 2, 3]
    assert report.new.tolist() == [True, False, True, False, True, True]
    assert report.finite.all()
    assert report.wrong.tolist()[:3] == [False, False, True]
    assert report.wrong.tolist()[4:] == [True, True]
    np.testing.assert_allclose(report.right_way[[0, 1, 2, 4, 5]], [1, 1, 0.5, 0.5, 0])
    again = proxy.test(token_rows(grammar, WRONG, MSE))
    assert again.number.tolist() == [2, 0]
    assert not again.new.any()


def test_gradients_agree_with_finite_differences() -> None:
    grammar = LossGrammar(n_variables=6)
    proxy = ProxyTest(grammar, delta=DELTA, eps=1e-6, seed=3)
    yhat, y = proxy.points.values["yhat"], proxy.points.values["y"]
    gradients = proxy.gradients(proxy.programs(token_rows(grammar, MSE, WRONG)))
    np.testing.assert_allclose(gradients, [2 * (yhat - y), y + 2 * yhat], rtol=1e-12)


@pytest.mark.parametrize("labels", ["binary", "unit", "real"])
def test_points_cover_the_domain(labels: str) -> None:
    domain = Domain.of(labels)
    points, again = ProxyPoints.draw(domain, 4), ProxyPoints.draw(domain, 4)
    np.testing.assert_array_equal(points.values["yhat"], again.values["yhat"])
    np.testing.assert_array_equal(points.values["y"], again.values["y"])
    assert not np.array_equal(points.values["yhat"], ProxyPoints.draw(domain, 5).values["yhat"])
    np.testing.assert_array_equal(points.towards, np.sign(points.values["yhat"] - points.values["y"]))
    if labels == "binary":
        assert set(points.values["y"]) == {0.0, 1.0}
    if labels != "real":
        assert 0 < points.values["yhat"].min() < 1e-3
        assert 1 - 1e-3 < points.values["yhat"].max() < 1


def test_search_space_has_the_shares_that_are_known() -> None:
    # about half of all losses have no gradient, and few point the right way (issue A's figures)
    grammar = LossGrammar()
    report = ProxyTest(grammar, delta=DELTA, eps=1e-6, seed=1).test(
        make_strategy("random", grammar, 2).ask(5000)
    )
    assert 0.4 < report.zero.mean() < 0.65
    assert 0 < ((report.number >= 0) & ~report.wrong).mean() < 0.01
    assert report.finite.all()
