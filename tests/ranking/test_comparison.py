"""Ranking losses compared, against the slopes that torch finds."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from symloss import Loss, zoo
from symloss.symbolic.same.row_gradient import RowWitness
from symloss.symbolic.same.same_gradient import compare

pytest.importorskip("torch")

from tests.ranking.rows import random_rows, slopes, statistics_of


def confirm(a: Loss, b: Loss, time_limit: float = 10) -> str:
    """Compare two losses; hold the answer against slopes at random rows, and at the witness."""
    found = compare(a, b, time_limit)
    generator = np.random.default_rng(3)
    if found.same:
        assert found.factors is not None
        factor = float(next(iter(found.factors.values())))
        pos, neg = random_rows(a, generator, 100, 4)
        given = statistics_of(a, generator, 100, 4)
        mine, other = (slopes(loss, pos, neg, **given)[1:] for loss in (a, b))
        for left, right in zip(mine, other, strict=True):
            np.testing.assert_allclose(left, factor * right, rtol=1e-7, atol=1e-12)
    elif found.witness is not None:
        witness = found.witness
        assert isinstance(witness, RowWitness)
        for loss, size in ((a, witness.gradient_a), (b, witness.gradient_b)):
            values = {
                name: [value]
                for name, value in (("beta", loss.signature.score_range[1] / 3), ("n_pos", 7.0))
                if name in loss.signature.statistics
            }
            if not values and not loss.signature.statistics:
                _, by_pos, by_neg = slopes(loss, [witness.pos], [list(witness.neg)])
                own = by_pos[0] if witness.slope_of == "pos" else by_neg[0, 0]
                assert own == pytest.approx(size, rel=1e-7, abs=1e-12)
    return found.relation


def test_published_losses_that_are_one() -> None:
    assert confirm(zoo.get("bsl-2024"), zoo.sl) == "proportional"
    factors = compare(zoo.get("bsl-2024").with_params(tau1=0.1, tau2=0.2), zoo.sl).factors
    assert factors == {"pos, neg": sympy.Integer(2)}
    assert confirm(zoo.bsl, zoo.sl) == "proportional"
    weighted = Loss("0.3*log(1 + exp(-pos)) + sum_neg(log(1 + exp(neg)))")
    assert confirm(zoo.gbce.with_params(b=0.3), weighted) == "equal"
    assert confirm(zoo.gbce, Loss("sum_neg(-log(sigmoid(-neg))) - 0.3*log(sigmoid(pos)) + 7")) in (
        "equal",
        "undecided",
    )


def test_terms_without_a_slope_and_ways_to_write_it() -> None:
    sl = Loss("lse_neg((neg - pos)/0.2)")
    for text in (
        "lse_neg(neg/0.2) - pos/0.2 + 3",
        "lse_neg((neg - pos)/0.2 - 1)",
        "log(sum_neg(exp(neg/0.2))) - pos/0.2",
    ):
        assert confirm(sl, Loss(text)) == "equal"
    assert confirm(sl, Loss("2*lse_neg(5*neg - 5*pos)")) == "proportional"
    assert confirm(zoo.bpr, Loss("3*mean_neg(log(exp(pos) + exp(neg)) - pos)")) == "proportional"
    assert confirm(zoo.xe, Loss("log(exp(pos) + exp(lse_neg(neg))) - pos")) == "equal"
    assert confirm(zoo.xe, Loss("log(exp(pos) + sum_neg(exp(neg))) - pos")) == "equal"


@pytest.mark.parametrize(
    ("first", "second"),
    [("sl", "psl"), ("sl", "infonce"), ("bpr", "xe"), ("slk", "sl"), ("approx-ndcg", "approx-mrr")],
)
def test_different_ones(first: str, second: str) -> None:
    assert confirm(zoo.get(first), zoo.get(second)) == "different"


def test_the_weight_matters_through_its_slope() -> None:
    passed = Loss("sigmoid(pos)*lse_neg(neg - pos)")
    stopped = Loss("stop(sigmoid(pos))*lse_neg(neg - pos)")
    assert confirm(passed, stopped) == "different"
    assert confirm(stopped, Loss("stop(sigmoid(pos))*lse_neg(neg - pos) + 1")) == "equal"


def test_no_two_of_the_zoo_are_called_the_same_but_those_that_are() -> None:
    names = zoo.ranking_names()
    same = set()
    for index, name in enumerate(names):
        for other in names[:index]:
            relation = compare(zoo.get(other), zoo.get(name), 2).relation
            assert relation != "undecided", (other, name)
            if relation != "different":
                same.add((other, name))
    assert same == {("sl", "bsl"), ("sl", "bsl-2024"), ("bsl", "bsl-2024")}
