"""Exact duplicates: what agrees where the proxy test looks may still be another function."""

from __future__ import annotations

import numpy as np
import pytest

from symloss.search.candidates.exact_duplicates import ExactDuplicates
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.proxy import ProxyTest
from symloss.search.candidates.tokens import Tokens
from tests.search.test_proxy import DELTA, MSE, MSE_AGAIN, WRONG, token_rows

PADDED_MSE = [("neg", 1, 1), ("add", 0, 3), ("square", 4, 4), ("identity", 5, 5), ("identity", 6, 6)]
# 1/(1/(yhat + eps) + eps) is yhat within 2e-6 at eps = 1e-6, and another function at eps = 0.5
NEARLY_MSE = [("reciprocal", 0, 0), ("reciprocal", 3, 3), ("neg", 1, 1), ("add", 4, 5), ("square", 6, 6)]
LONG = LossGrammar(n_variables=8)
SHORT = LossGrammar(n_variables=6)


def test_programs_settle_equal_losses_and_the_rest_is_compared_once() -> None:
    proxy = ProxyTest(SHORT, delta=DELTA, eps=1e-6, seed=0, exact=True)
    report = proxy.test(token_rows(SHORT, MSE, MSE_AGAIN, WRONG, MSE))
    assert report.number.tolist() == [0, 0, 1, 0]
    assert proxy.exact is not None
    # MSE_AGAIN has another program, the second MSE has not
    assert proxy.exact.compared == 1
    assert proxy.test(token_rows(SHORT, MSE_AGAIN)).number.tolist() == [0]
    assert proxy.exact.compared == 1


@pytest.mark.parametrize(("exact", "numbers"), [(True, [0, 1, 0, 1]), (False, [0, 0, 0, 0])])
def test_losses_that_only_eps_tells_apart(exact: bool, numbers: list[int]) -> None:
    proxy = ProxyTest(LONG, delta=DELTA, eps=1e-6, seed=0, exact=exact)
    tokens = token_rows(LONG, PADDED_MSE, NEARLY_MSE, PADDED_MSE, NEARLY_MSE)
    assert proxy.test(tokens).number.tolist() == numbers


def test_several_eps_tell_them_apart_without_symbols() -> None:
    proxy = ProxyTest(LONG, delta=DELTA, eps=(1e-6, 0.5), seed=0)
    report = proxy.test(token_rows(LONG, PADDED_MSE, NEARLY_MSE))
    assert report.number.tolist() == [0, 1]
    # right at one eps is enough
    assert report.right_way[0] == 1 and not report.wrong.any()


def test_what_points_the_wrong_way_is_never_compared() -> None:
    proxy = ProxyTest(SHORT, delta=DELTA, eps=1e-6, seed=0, exact=True)
    assert proxy.exact is not None
    wrong_again = [("square", 0, 0), ("multiply", 1, 0), ("add", 4, 3)]
    assert proxy.test(token_rows(SHORT, WRONG, wrong_again)).number.tolist() == [0, 0]
    assert proxy.exact.compared == 0


def test_known_losses_can_be_given() -> None:
    programs = ProxyTest(SHORT, delta=DELTA, eps=1e-6, seed=0).programs
    exact = ExactDuplicates(SHORT)
    known = token_rows(SHORT, MSE)
    exact.fill([5], known, programs(known))
    batch: Tokens = token_rows(SHORT, MSE_AGAIN, MSE)
    exact.begin(batch, programs(batch), np.array([False, False]))
    assert exact.same(5, 0) and exact.same(5, 1)
    # an unknown number is one that points the wrong way somewhere, which these do nowhere
    assert not exact.same(1, 0)
