"""Random formulas of the whole grammar: no traceback, and no verdict that 60 digits contradict."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from symloss.errors import SymlossError
from symloss.loss import Loss
from symloss.symbolic.check import check
from symloss.symbolic.same.same_gradient import compare
from tests.random_formulas import random_domain, random_formula
from tests.verdict_oracle import contradictions


def _loss(text: str, domain: dict[str, str]) -> Loss | None:
    try:
        return Loss(text, **domain)
    except SymlossError:
        return None


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32), st.integers(1, 3))
def test_no_formula_ends_in_a_traceback(seed, depth):
    dice = random.Random(seed)
    loss = _loss(random_formula(dice, depth), random_domain(dice))
    if loss is None:
        return
    report = check(loss, time_limit=0.5)
    json.dumps(report.to_json(), allow_nan=False)
    assert report.page()
    compare(loss, Loss("(yhat - y)**2", labels=loss.domain.labels, input=loss.domain.input), 0.3)


@pytest.mark.parametrize("seed", range(12))
def test_verdicts_agree_with_60_digits_on_the_text(seed):
    dice = random.Random(900 + seed)
    for _ in range(3):
        text, domain = random_formula(dice, dice.randrange(2, 4)), random_domain(dice)
        loss = _loss(text, domain)
        if loss is not None:
            assert not contradictions(text, loss, check(loss, time_limit=0.5), dice)


@pytest.mark.parametrize(
    "text",
    [
        "sqrt((yhat - y)**2/4) + 0*log(yhat)",
        "y*log(yhat-1)*0.5 + yhat",
        "(-2)**y*yhat - 0.5*sqrt((y - yhat)**2)",
        "max(y**yhat, yhat) - 2*y*yhat",
        "-log((yhat - 0.4)**2)*y",
    ],
)
def test_edges_agree_with_60_digits_on_the_text(text):
    loss = Loss(text)
    assert not contradictions(text, loss, check(loss, time_limit=5), random.Random(1))
