"""A short, seeded form of benchmarks/fuzz_formulas.py; and the oracle itself against what is known by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from mpmath import mp, mpf

from tests.fuzz.drive import examine, read
from tests.fuzz.dual import NotRealError, Reader, SkipError, to_mpf
from tests.fuzz.texts import SLOTS, text
from tests.fuzz.verdicts import judge, judge_pair
from tests.mp_evaluate import mp_evaluate, mp_gradient

TEXTS, CHECKS = 17 * 20, 10
SEED = 20


def faults(row: dict[str, Any]) -> Any:
    return row.get("tracebacks", []) + row.get("findings", [])


def test_texts_are_read_or_refused() -> None:
    rows = [read(number, SEED) for number in range(TEXTS)]
    assert {row["outcome"] for row in rows} == {"accepted", "refused"}
    assert {row["slot"] for row in rows} == set(SLOTS)
    assert [(row["text"], faults(row)) for row in rows if faults(row)] == []


def test_verdicts_hold_against_the_second_reading() -> None:
    rows = [examine(number, SEED, time_limit=0.3) for number in range(CHECKS)]
    assert [(row["text"], faults(row)) for row in rows if faults(row)] == []
    assert all(row["exports"] for row in rows)


def test_texts_have_seeds_of_their_own() -> None:
    assert [text(number, 5) for number in range(40)] == [text(number, 5) for number in range(40)]
    assert text(7, 5) != text(7, 6)


POINT = {"yhat": Fraction(37, 100), "y": Fraction(1), "eps": Fraction(1, 10)}


@pytest.mark.parametrize(
    "formula",
    [
        "-(y*log(yhat) + (1 - y)*log(1 - yhat + eps))", "max((yhat+eps)/(y+eps), (y+eps)/(yhat+eps))",
        "sqrt((yhat - y)**2/4) + yhat**y*0.5**yhat", "plog(yhat - y, eps)*recip(yhat)/psqrt(yhat - 2*y)",
        "aq(yhat, y) + pexp(3*yhat) + guard(1e7*yhat) + tanh(yhat)*atan(y + yhat)",
        "sigmoid(yhat)**-3 - abs(yhat - y)**1.5",
        "min(yhat, 0.3, y)*2 + relu(yhat - 0.2)*sign(yhat - 0.1) - square(yhat)", "-yhat**2 - -yhat/7e-1",
    ],
)  # fmt: skip
def test_the_oracle_against_another_evaluator(formula: str) -> None:
    found = Reader(formula)(**POINT)
    with mp.workdps(60):
        values = {name: mpf(value.numerator) / value.denominator for name, value in POINT.items()}
        assert abs(to_mpf(found.value) - mp_evaluate(formula, **values)) < mpf(10) ** -50
        assert abs(to_mpf(found.slope) - mp_gradient(formula, **values)) < mpf(10) ** -15


def test_the_oracle_at_edges() -> None:
    at = {"yhat": Fraction(1, 2), "y": Fraction(0), "eps": Fraction(1, 10)}
    # a tie has the mean of both slopes; abs, sign and the protected functions have slope 0 at 0
    assert Reader("max(yhat, 1 - yhat) + max(yhat, 2*yhat - 0.5)")(**at).slope == Fraction(3, 2)
    assert Reader("abs(yhat - 0.5) + plog(yhat - 0.5) + recip(yhat - 1/2)")(**at).slope == 0
    for formula in (
        "log(yhat - 1)",
        "1/(yhat - 0.5)",
        "sqrt(yhat - 1)",
        "(yhat - 1)**0.3",
        "yhat + 1/y",
        "log(y)*yhat",
    ):
        with pytest.raises(NotRealError):
            Reader(formula)(**at)
    with pytest.raises(SkipError):
        Reader("sqrt(yhat - 0.5)")(**at)
    # 0 times no number, and 0**0: no number as a whole, 0 and 1 where each is read on its own
    for formula, value in (("y*log(-yhat) + yhat", Fraction(1, 2)), ("0**y*yhat", Fraction(1, 2))):
        with pytest.raises(NotRealError):
            Reader(formula)(**at)
        assert Reader(formula, strict=False)(**at).value == value


def report(**changes: Any) -> dict[str, Any]:
    proofs = [
        {"label": label, "status": "proved", "strict": True, "note": "", "scope": "", "witness": None}
        for label in (0, 1)
    ]
    names = ("convex", "convex_in_logit", "bounded_gradient", "symmetric", "proper")
    properties = {name: {"status": "undecided", "value": None} for name in names}
    document = {"labels": "binary", "input": "probability", "eps": 0.1, "direction": proofs, "duplicate_of": [],
                "duplicate_notes": {}, "verdict_at_eps": {}, "properties": properties}  # fmt: skip
    return document | changes


def test_wrong_verdicts_are_seen() -> None:
    mse = "(yhat - y)**2"
    assert judge(mse, report(), 1) == []
    assert judge("yhat*(1 - 2*y)", report(), 1) == []
    # the wrong way, wrong beyond a kink only, wrong in the last millionth, and nowhere a number
    for wrong in (
        "(y - yhat)**3",
        "max(yhat, eps)*(1 - 2*y)*-1",
        "(1-2*y)*(yhat - 1e8*(yhat - 0.999999)**2)",
        "log(-yhat)",
    ):
        assert judge(wrong, report(), 1), wrong
    for name in ("convex", "bounded_gradient", "symmetric", "proper"):
        claims = {**report()["properties"], name: {"status": "proved", "value": 1.5}}
        assert (
            judge("atan(yhat - y)*(1 - 2*y)" if name == "convex" else mse, report(properties=claims), 1)
            or name == "proper"
        )
    witness = [{**proof, "status": "refuted", "witness": 0.25, "witness_y": float(proof["label"]), "witness_eps": None,
                "witness_gradient": -1.0} for proof in report()["direction"]]  # fmt: skip
    assert len(judge(mse, report(direction=witness), 1)) == 2
    assert judge(mse, report(duplicate_of=["bce"]), 1)
    maxr, notes = "max((yhat + 0.7)/(y + 0.7), (y + 0.7)/(yhat + 0.7))", {"maxr": "this is maxr at eps = 0.7"}
    assert judge(maxr, report(duplicate_of=["maxr"], duplicate_notes=notes), 1) == []
    assert judge(maxr, report(duplicate_of=["maxr"]), 1)
    assert judge_pair(mse, "2*(yhat - y)**2", "proportional", report(), 1) == []
    assert judge_pair(mse, "2*(yhat - y)**2", "equal", report(), 1)
    assert judge_pair(mse, "(yhat - y)**2 + 1e-9*yhat", "proportional", report(), 1)
