"""Ranking losses f(pos, neg): verdicts against an independent evaluation, forms, comparisons, and what is refused."""

from __future__ import annotations

import itertools
import json

import mpmath
import pytest
import sympy
from click.testing import CliRunner

import symloss.cli
from symloss import Loss
from symloss.errors import FormulaError, OptionError
from symloss.formula.parse import parse
from symloss.formula.text import formula_text
from symloss.symbolic.check import quick_verdict
from symloss.symbolic.direction.pairwise import prove_pairwise
from symloss.symbolic.pieces.pair_forms import one_variable
from symloss.symbolic.same.same_gradient import compare
from symloss.symbolic.undecided import Deadline
from tests.mp_evaluate import mp_evaluate

VALID = [
    "log(1 + exp(neg - pos))",
    "log(exp(pos) + exp(neg)) - pos",
    "-log(exp(pos)/(exp(pos) + exp(neg)))",
    "max(0, 1 - pos + neg)",
    "max(pos, neg) - pos",
    "max(0, 2 - pos + neg)**2",
    "-tanh((pos - neg)/2)",
    "1/(1 + exp(pos - neg))",
    "exp(neg)*exp(-pos)",
    "log(1 + exp(neg - 2*pos))",
    "log(1 + exp(3*neg - pos/7))",
    "log(1 + exp(-pos)) + log(1 + exp(neg))",
    "neg**3 - pos**3 + neg - pos",
    "log(1 + exp(neg - pos)) + log(1 + exp(-pos)) + sigmoid(neg)",
    "(1 + exp(neg))*log(1 + exp(-pos))",
    "-sigmoid(pos)*(1 - sigmoid(neg))",
    "log(1 + exp((neg - pos)/0.07))",
    "sqrt(1 + (pos - neg)**2) - pos + neg",
]
INVALID = [
    "log(1 + exp(pos - neg))",
    "(pos - neg - 1)**2",
    "sigmoid(neg - pos) + sigmoid(neg**2)",
    "pos*neg",
    "log(1 + exp(neg - pos)) + 0.1*pos**2",
    "sign(neg)*(pos - neg)",
    "log(1 + exp(neg))",
    "(neg - pos)**3 - 3*(neg - pos)",
]


def slope(text: str, name: str, at: dict[str, float]) -> mpmath.mpf:
    """The derivative by a central difference of the text itself, in 60 digits; no code of symloss."""
    with mpmath.workdps(60):
        step = mpmath.mpf(10) ** -20
        above, below = (
            mp_evaluate(text, **{**at, name: mpmath.mpf(at[name]) + way}) for way in (step, -step)
        )
        return (above - below) / (2 * step)


@pytest.mark.parametrize("text", VALID)
def test_valid_with_proof(text: str) -> None:
    report = Loss(text).check(time_limit=20)
    assert report.verdict == "valid", report.sentence
    assert [(one.requirement.slope_of, one.requirement.sign) for one in report.requirements] == [
        ("pos", -1),
        ("neg", 1),
    ]
    for pos, neg in itertools.product((-6.3, -1.1, 0.17, 2.9), (-4.7, -0.6, 0.9, 5.2)):
        at = {"pos": pos, "neg": neg}
        assert slope(text, "pos", at) <= 1e-15
        assert slope(text, "neg", at) >= -1e-15


@pytest.mark.parametrize("text", INVALID)
def test_invalid_with_a_witness_that_holds(text: str) -> None:
    report = Loss(text).check(time_limit=20)
    assert report.verdict == "invalid"
    refuted = [one for one in report.requirements if one.proof.status == "refuted"]
    assert refuted
    for one in refuted:
        assert one.witness is not None
        at = {name: one.witness[name] for name in ("pos", "neg")}
        found = slope(text, one.requirement.slope_of, at)
        assert float(found) == pytest.approx(one.witness["slope"], rel=1e-9, abs=1e-12)
        assert one.proof.zero or found * one.requirement.sign < 0


def test_not_a_real_number_is_invalid() -> None:
    for text in ("log(pos - neg)", "log(neg) + log(1 + exp(neg - pos))", "log(sigmoid(pos) - sigmoid(neg))"):
        report = Loss(text).check(time_limit=20)
        assert report.verdict == "invalid"
        assert "not a real number" in report.sentence
        assert report.to_json()["requirements"][0]["witness"]["slope"] is None


def test_what_the_proofs_do_not_reach_is_undecided() -> None:
    # right everywhere: exp(neg) + exp(-pos) inside of a logarithm with a square in both scores beside it
    report = Loss("atan(exp(neg)/(1 + exp(pos)**2)) + atan(exp(neg - pos**3))").check(time_limit=20)
    assert report.verdict == "undecided"
    assert report.exit_code == 3


def test_flat_regions_and_strictness() -> None:
    hinge = Loss("max(0, 1 - pos + neg)").check(time_limit=20)
    for one in hinge.requirements:
        assert one.proof.strict is False
        assert one.proof.vanishes_on == (("1", "infinity"),)
    assert "pos - neg on (1, infinity)" in hinge.sentence
    assert all(one.proof.strict for one in Loss("log(1 + exp(neg - pos))").check(time_limit=20).requirements)


def test_properties_by_the_difference() -> None:
    found = Loss("log(1 + exp(neg - pos))").check(time_limit=20).properties
    assert (found["convex"].status, found["bounded_gradient"].value) == ("proved", 1.0)
    found = Loss("1/(1 + exp(pos - neg))").check(time_limit=20).properties
    assert (found["convex"].status, found["bounded_gradient"].value) == ("refuted", 0.25)


def test_open_eps() -> None:
    every = Loss("-log(sigmoid(pos - neg) + eps)").check(time_limit=20)
    assert (every.verdict, {one.scope for one in every.requirements}) == ("valid", {"every eps > 0"})
    some = Loss("log(1 + exp(neg - pos)) + (eps - 0.05)*(pos - neg)").check(time_limit=20)
    assert some.verdict_at_eps["0.1"] == "invalid"
    assert some.verdict_at_eps["0.01"] == "valid"
    assert (
        Loss("log(1 + exp(neg - pos)) + (eps - 0.05)*(pos - neg)", eps=1).check(time_limit=20).verdict
        == "invalid"
    )


def test_form_by_an_identity() -> None:
    deadline = Deadline(5)
    for text, ratio in (
        ("log(exp(pos) + exp(neg)) - pos", -1),
        ("pos**2 - 2*pos*neg + neg**2", -1),
        ("log(1 + exp(neg - 2*pos))", sympy.Rational(-1, 2)),
    ):
        expression = parse(text)
        form = one_variable(expression, deadline)
        assert form is not None
        assert form.ratio == ratio
        at = {"pos": 0.83, "neg": -1.37}
        u = at["pos"] + float(ratio) * at["neg"]
        whole = sympy.lambdify(sorted(expression.free_symbols, key=str), expression, "mpmath")
        one = sympy.lambdify(list(form.function.free_symbols), form.function, "mpmath")
        assert float(whole(at["neg"], at["pos"])) == pytest.approx(float(one(u)), rel=1e-12)
    for text in (
        "pos*neg",
        "sign(neg)*(pos - neg)",
        "log(1 + exp(neg - pos)) + pos",
        "abs(neg)/neg*(pos - neg)",
    ):
        assert one_variable(parse(text), deadline) is None


def test_text_and_latex_round_trip() -> None:
    for text in VALID + INVALID:
        loss = Loss(text)
        assert Loss(loss.formula) == loss
        assert parse(formula_text(loss.expression)) == loss.expression
    assert r"\mathrm{neg}" in Loss(VALID[0]).latex()
    assert Loss(VALID[0]).kind == "pairwise"
    assert Loss("yhat - y").kind == "pointwise"


def test_refusals_say_what_is_allowed() -> None:
    with pytest.raises(FormulaError, match="not in both"):
        Loss("log(pos) - yhat")
    with pytest.raises(FormulaError, match="cancel"):
        Loss("pos - pos")
    with pytest.raises(OptionError, match="no labels"):
        Loss("neg - pos", labels="real")
    with pytest.raises(OptionError, match="scores"):
        Loss("neg - pos", input="probability")
    assert Loss("neg - pos", input="score") == Loss("neg - pos")
    for use in (lambda loss: loss.gradient(), lambda loss: loss.domain):
        with pytest.raises(OptionError, match="ranking loss"):
            use(Loss("neg - pos"))


def test_same_gradient() -> None:
    bpr = Loss("log(1 + exp(neg - pos))")
    assert compare(bpr, Loss("log(exp(pos) + exp(neg)) - pos + 3")).relation == "equal"
    twice = compare(bpr, Loss("-2*log(sigmoid(pos - neg))"))
    assert (twice.relation, twice.factors) == ("proportional", {"pos, neg": sympy.Rational(1, 2)})
    other = compare(bpr, Loss("max(0, 1 - pos + neg)"))
    assert other.relation == "different"
    assert other.witness is not None
    found = other.witness.to_json()
    at = {"pos": found["pos"], "neg": found["neg"]}
    assert slope("log(1 + exp(neg - pos))", found["slope_of"], at) == pytest.approx(found["gradient_a"])
    assert slope("max(0, 1 - pos + neg)", found["slope_of"], at) == pytest.approx(found["gradient_b"])
    apart = Loss("log(1 + exp(-pos)) + log(1 + exp(neg))")
    assert compare(apart, apart.with_scale(2.0)).relation == "proportional"
    assert compare(apart, Loss("log(1 + exp(-pos)) + 2*log(1 + exp(neg))")).relation == "different"
    assert compare(bpr, Loss("(yhat - y)**2")).relation == "different"


def test_command_line() -> None:
    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(symloss.cli.main, list(arguments))
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.output

    code, output = run("check", "-log(sigmoid(pos - neg))", "--json")
    document = json.loads(output)
    assert (code, document["kind"], document["direction"], document["labels"]) == (0, "pairwise", [], None)
    assert [one["status"] for one in document["requirements"]] == ["proved", "proved"]
    code, output = run("check", "log(1 + exp(pos - neg))")
    assert code == 1
    assert "slope of pos <= 0" in output
    code, output = run("compare", "log(1 + exp(neg - pos))", "-2*log(sigmoid(pos - neg))", "--json")
    assert json.loads(output)["relation"] == "proportional"
    for command in (
        ["plot", "neg - pos", "--out", "never.png"],
        ["export", "neg - pos", "--to", "torch"],
        ["evaluate", "neg - pos", "--dataset", "synthetic"],
    ):
        code, output = run(*command)
        assert code == 2
        assert "ranking loss" in output


def test_pointwise_reports_have_the_same_facts_as_requirements() -> None:
    document = Loss("(yhat - y)**2").check(time_limit=20).to_json()
    assert document["kind"] == "pointwise"
    by_case = {one["case"]["y"]: one for one in document["requirements"]}
    for proof in document["direction"]:
        assert by_case[proof["label"]]["status"] == proof["status"]
    wrong = Loss("yhat*(1 - 2*y) + 2*y*yhat**2").check(time_limit=20).to_json()
    found = {one["case"]["y"]: one for one in wrong["requirements"]}
    assert found[1]["status"] == "refuted"
    assert (found[0]["sign"], found[1]["sign"]) == (1, -1)
    assert found[1]["witness"]["yhat"] == wrong["direction"][1]["witness"]
    real = Loss("abs(yhat - y)", labels="real").check().to_json()["requirements"]
    assert [(one["case"], one["sign"]) for one in real] == [
        ({"where": "yhat > y"}, 1),
        ({"where": "yhat < y"}, -1),
    ]


def test_quick_verdict_and_proofs_agree() -> None:
    assert quick_verdict(Loss(VALID[0])) == "valid"
    proofs = prove_pairwise(Loss(INVALID[0]), 0, Deadline(2))
    assert [one.proof.status for one in proofs] == ["refuted", "refuted"]
