"""Formulas of ranking losses: aggregates over the negative items, stop, and statistics of a row."""

from __future__ import annotations

import pytest

from symloss import Loss
from symloss.errors import FormulaError, OptionError
from symloss.formula.row import Row, top_count
from symloss.signature import PAIRWISE, Ranking, Scores
from symloss.symbolic.worker.wire import pack, unpack

FORMULAS = [
    "lse_neg((neg - pos)/tau)",
    "sigmoid((pos - beta)/2.5)*lse_neg((neg - pos)/tau)",
    "max(0, 1 - pos) + 150*mean_neg(max(0, neg - tau))",
    "topmean_neg(log(1 + exp(neg - pos)), tau)",
    "pnorm_neg(max(0, 1 + neg - pos), 3)/tau",
    "wmean_neg(exp(neg/tau), sigmoid(neg - pos) + sigmoid(neg**2))",
    "lse_neg(neg - logq) - (pos - logq)",
    "-1/(1 + sum_neg(sigmoid((neg - pos)/tau)))",
    "stop(log(1 + sum_neg(sign(1 + neg - pos) + 1)))*mean_neg(max(0, 1 + neg - pos))/tau",
    "max(0, 5 - pos + max_neg(neg))*n_pos**tau",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_round_trip(text: str) -> None:
    loss = Loss(text, params={"tau": 0.5} if "tau" in text else None)
    assert loss.kind == "ranking"
    again = Loss(loss.formula, params=loss.params or None)
    assert again.expression == loss.expression
    assert again.formula == loss.formula
    assert Loss(loss.plain_formula).expression == loss.expression
    assert unpack(pack(loss)) == loss
    assert "operatorname" in loss.latex()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lse_neg(mean_neg(neg) - neg)", "mean_neg lies within lse_neg; aggregates are not nested"),
        ("mean_neg(pos)", "mean_neg aggregates nothing"),
        ("mean_neg(neg - neg)", "mean_neg aggregates nothing"),
        ("mean_neg(neg) - pos*neg", "neg stands outside of mean_neg"),
        ("mean_neg(neg)*yhat", "not in both"),
        ("mean_neg(neg) + max_neg(neg) + sum_neg(neg) - pos", "3 different aggregates; at most 2"),
        ("topmean_neg(neg, 1.5) - pos", "must be the share, a number above 0 and at most 1"),
        ("topmean_neg(neg, pos) - pos", "must be the share"),
        ("pnorm_neg(neg, 0.5) - pos", "must be the exponent p"),
        ("topmean_neg(neg) - pos", "topmean_neg takes 2 arguments, not 1"),
        ("stop(yhat) - y", "stop is there for ranking losses"),
        ("mean_neg(yhat)", "mean_neg aggregates nothing"),
        ("n_pos*yhat", "unknown name 'n_pos'"),
        ("pos + lse_neg", "lse_neg is a function"),
    ],
)
def test_errors_say_what_is_allowed(text: str, says: str) -> None:
    with pytest.raises(FormulaError) as caught:
        Loss(text)
    assert says in str(caught.value)


def test_settings() -> None:
    plain = Loss("log(1 + exp(neg - pos))")
    assert plain.signature == PAIRWISE
    bounded = Loss("log(1 + exp(neg - pos))", input="cosine", negatives=100)
    assert isinstance(bounded.signature, Ranking)
    assert bounded.signature.scores is Scores.COSINE
    assert bounded.signature.score_range == (-1.0, 1.0)
    assert bounded.with_name("x").with_scale(2).signature == bounded.signature
    assert bounded.with_negatives(5).signature.negatives == 5
    assert bounded.with_domain(input="half-cosine").signature.score_range == (-0.5, 0.5)
    assert bounded != Loss("log(1 + exp(neg - pos))", input="cosine")
    with pytest.raises(OptionError, match="allowed are score, cosine, half-cosine"):
        Loss("mean_neg(neg - pos)", input="probability")
    with pytest.raises(OptionError, match="negatives is 0"):
        Loss("mean_neg(neg - pos)", negatives=0)
    with pytest.raises(OptionError, match="goes with ranking losses"):
        Loss("(yhat - y)**2", negatives=3)
    with pytest.raises(OptionError, match="has no labels"):
        Loss("mean_neg(neg - pos)", labels="unit")


def test_a_statistic_with_a_value_is_a_constant() -> None:
    assert Loss("beta*mean_neg(neg - pos)").signature.inputs == ("pos", "neg", "eps", "beta")
    assert Loss("beta*mean_neg(neg - pos)", params={"beta": 2}).signature.inputs == ("pos", "neg", "eps")
    assert Loss("beta*(yhat - y)**2", params={"beta": 2}).kind == "pointwise"
    with pytest.raises(OptionError, match="lse_neg is a function of formulas"):
        Loss("lse_neg*pos", params={"lse_neg": 1})


def test_row() -> None:
    row = Row.of(Loss("max(0, 1 - pos) + 150*mean_neg(max(0, neg - 1/2))"))
    assert [part.kind for part in row.parts] == ["mean_neg"]
    assert str(row.outer) in ("150*A1 + Max(0, 1 - pos)", "150*A1 + Max(1 - pos, 0)")
    assert [top_count(Loss("topmean_neg(neg - pos, 0.4)").expression.args[1], n) for n in (1, 5, 6)] == [
        1, 2, 3,
    ]  # fmt: skip
