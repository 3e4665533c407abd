"""Phase II: what passes, at which eps, and what is passed over."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from symloss import zoo
from symloss.loss import Loss
from symloss.progress import SearchEvent, silent
from symloss.search import validation
from symloss.search.candidates.candidate import Candidate
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.proxy import ProxyTest
from symloss.search.candidates.tokens import Tokens
from symloss.search.options import SearchOptions
from symloss.search.validation import ValidationResult, validate
from tests.search.test_proxy import MSE, WRONG, token_rows

TWICE_MSE = [("neg", 1, 1), ("add", 0, 3), ("square", 4, 4), ("add", 5, 2), ("add", 5, 6)]
PADDED_MSE = [("neg", 1, 1), ("add", 0, 3), ("square", 4, 4), ("add", 5, 2), ("identity", 5, 5)]
# log(eps + yhat + y): towards 0 for both labels
BOTH_DOWN = [("add", 0, 1), ("log", 3, 3), ("identity", 4, 4), ("identity", 4, 4), ("identity", 4, 4)]
# 1/(eps + max(y, yhat)) falls for y = 0 only: it pushes up where the label is 0
UP = [("max", 0, 1), ("reciprocal", 3, 3), ("identity", 4, 4), ("identity", 4, 4), ("identity", 4, 4)]


def candidates(tokens: Tokens, *, rewards: list[float], wrong: list[bool]) -> list[Candidate]:
    return [
        Candidate(k, tokens.take([k]), 1, 1.0, wrong[k], rewards=[rewards[k]]) for k in range(len(tokens))
    ]


def go(
    losses: list[list[tuple[str, int, int]]], rewards: list[float], wrong: list[bool], **options: Any
) -> ValidationResult:
    grammar = LossGrammar(n_variables=8)
    proxy = ProxyTest(grammar, delta=1e-4, eps=1e-6, seed=0)
    found = candidates(token_rows(grammar, *losses), rewards=rewards, wrong=wrong)
    return validate(found, proxy, SearchOptions(n_variables=8, **options), silent, threading.Event())


def test_valid_and_invalid() -> None:
    # numerically all are let in, so the symbolic check has to tell them apart
    result = go([UP, PADDED_MSE, BOTH_DOWN], [0.3, 0.1, 0.2], [False, False, False])
    assert [report["verdict"] for report in result.reports] == ["invalid", "invalid", "valid"]
    assert [survivor.loss.formula for survivor in result.survivors] == ["(-y + yhat)**2"]
    assert result.survivors[0].eps_values == ()
    assert [report["gradient_number"] for report in result.reports] == [0, 2, 1]


def test_what_is_passed_over() -> None:
    result = go([PADDED_MSE, TWICE_MSE, BOTH_DOWN], [0.1, 0.2, 0.3], [False, False, True])
    assert result.wrong_direction == 1
    assert result.same_gradient == 1
    assert [survivor.candidate.number for survivor in result.survivors] == [1]
    assert len(result.reports) == 1


def test_eps_values_are_those_that_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    verdicts = {None: "undecided", 1.0: "invalid", 0.1: "valid", 0.01: "undecided"}
    monkeypatch.setattr(
        validation, "direction_report", lambda loss: {"verdict": verdicts[loss.eps], "formula": loss.formula}
    )
    result = go([UP], [0.1], [False], eps_grid=(1.0, 0.1, 0.01))
    assert result.survivors[0].eps_values == (0.1,)
    assert result.reports[0]["verdict_at_eps"] == {"1": "invalid", "0.1": "valid", "0.01": "undecided"}


def test_a_check_that_fails_leaves_the_loss_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(loss: Any) -> dict[str, Any]:
        raise ArithmeticError("out of luck")

    monkeypatch.setattr(validation, "direction_report", fail)
    result = go([PADDED_MSE], [0.1], [False])
    assert result.survivors == ()
    assert "out of luck" in result.reports[0]["sentence"]


def test_limits() -> None:
    assert len(go([UP, PADDED_MSE], [0.3, 0.1], [False, False], max_checks=1).reports) == 1
    stop = threading.Event()
    stop.set()
    grammar = LossGrammar(n_variables=6)
    events: list[SearchEvent] = []
    proxy = ProxyTest(grammar, delta=1e-4, eps=1e-6, seed=0)
    found = candidates(token_rows(grammar, MSE, WRONG), rewards=[0.1, 0.2], wrong=[False, False])
    result = validate(found, proxy, SearchOptions(n_variables=6), events.append, stop)
    assert result.reports == ()
    assert len(events) == 1


def test_a_proof_at_one_eps_is_none_for_the_grid() -> None:
    loss = Loss("-yhat*(2*y - 1) + 20*eps*yhat")
    # at y = 1 the gradient is 20 eps - 1: right at 1e-6 and 0.01, wrong at 0.1 and 1
    _, values = validation._check_over_grid(loss, (1.0, 0.1, 0.01, 1e-6))
    assert values == (0.01, 1e-6)
    _, values = validation._check_over_grid(zoo.get("maxr"), (1.0, 0.1, 1e-6))
    assert values == (1.0, 0.1, 1e-6)
