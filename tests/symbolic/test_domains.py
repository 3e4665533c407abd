"""Labels that fill an interval: counts with a mean or its logarithm, soft labels, what a loss elicits, hints."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
import torch
from mpmath import mp, mpf
from sympy import Rational

from symloss import zoo
from symloss.compile.reference import evaluate
from symloss.errors import OptionError
from symloss.export import export, load
from symloss.loss import Loss
from symloss.search.candidates.proxy_points import ProxyPoints
from symloss.signature import DEFAULT_EPS, Domain, y, yhat
from symloss.symbolic.arithmetic.precise import precise
from symloss.symbolic.check import check
from symloss.symbolic.direction.sampled import sampled_direction
from symloss.symbolic.same.same_gradient import compare
from tests.symbolic.domain_losses import DOMAINS, contradiction, gradient, random_loss, wanted

TIME_LIMIT = 20.0
"""Generous: these tests ask what is decided, not how fast."""


@pytest.mark.parametrize(
    ("formula", "kind"),
    [
        ("exp(yhat) - y*yhat", "log"),
        ("y*exp(-yhat) + yhat", "log"),
        ("2*y*exp(-yhat/2) + 2*exp(yhat/2)", "log"),
        ("(exp(yhat) - y)**2", "log"),
        ("abs(exp(yhat) - y)", "log"),
        ("yhat - y*log(yhat)", "positive"),
        ("y/yhat + log(yhat)", "positive"),
        ("2*y/sqrt(yhat) + 2*sqrt(yhat)", "positive"),
        ("(log(1 + y) - log(1 + yhat))**2", "positive"),
        ("(sqrt(yhat) - sqrt(y))**2", "positive"),
        ("(yhat**(1/3) - y**(1/3))**2", "positive"),
        ("(yhat - y)**2/(1 + yhat + y)", "positive"),
        ("abs(yhat - y)", "score"),
    ],
)
def test_losses_of_counts_and_amounts_are_valid(formula, kind):
    loss = Loss(formula, labels="positive", input=kind)
    report = check(loss, time_limit=TIME_LIMIT)
    assert report.verdict == "valid", report.sentence
    assert contradiction(loss, report, random.Random(1)) is None
    assert not sampled_direction(loss).wrong


@pytest.mark.parametrize(
    ("formula", "kind"),
    [
        ("exp(yhat) - 2*y*yhat", "log"),
        ("exp(yhat) - y*yhat", "positive"),
        ("exp(yhat) - y*yhat", "score"),
        ("(log(1 + y) - yhat)**2", "log"),
        ("(sqrt(yhat) - y)**2", "positive"),
        ("yhat + y*log(yhat)", "positive"),
    ],
)
def test_losses_with_another_goal_are_refuted_with_a_witness(formula, kind):
    loss = Loss(formula, labels="positive", input=kind)
    report = check(loss, time_limit=TIME_LIMIT)
    assert report.verdict == "invalid"
    assert contradiction(loss, report, random.Random(1)) is None


def test_random_losses_hold_against_sixty_digits():
    rng = random.Random(11)
    for _ in range(40):
        loss = random_loss(rng)
        said = contradiction(loss, check(loss), rng)
        assert said is None, f"{loss.formula} ({loss.domain}): {said}"


def test_domains_that_make_no_sense_are_refused():
    for labels, kind in (
        ("binary", "log"),
        ("real", "positive"),
        ("positive", "probability"),
        ("unit", "log"),
    ):
        with pytest.raises(OptionError, match="do not go with"):
            Domain.of(labels, kind)
    assert Domain.of("positive").input == "positive"


def test_proxy_points_of_positive_labels_know_their_goal():
    for kind in ("positive", "log", "score"):
        domain = Domain.of("positive", kind)
        points = ProxyPoints.draw(domain, 3)
        assert (points.values["y"] >= 0).all() and (points.values["y"] == 0).any()
        mean = np.exp(points.values["yhat"]) if kind == "log" else points.values["yhat"]
        assert (np.sign(mean - points.values["y"]) == points.towards).all()
        low, high = domain.yhat_range
        assert ((points.values["yhat"] > low) & (points.values["yhat"] < high)).all()


def test_a_criterion_of_the_log_mean_is_that_of_torch():
    generator = torch.Generator().manual_seed(0)
    raw, counts = torch.randn(50, generator=generator), torch.poisson(3 * torch.rand(50, generator=generator))
    ours = Loss("exp(yhat) - y*yhat", labels="positive", input="log").torch()
    assert torch.allclose(ours(raw, counts), torch.nn.PoissonNLLLoss()(raw, counts), rtol=1e-5)
    mean = Loss("yhat - y*log(yhat)", labels="positive").torch(reduction="none")
    edge = torch.zeros(2, requires_grad=True)
    mean(edge, torch.tensor([0.0, 1.0])).sum().backward()
    assert torch.isfinite(edge.grad).all()


def test_positive_labels_survive_export_and_load():
    loss = Loss("exp(yhat) - y*yhat", labels="positive", input="log")
    assert load(export(loss, "json")).domain == loss.domain
    assert "the logarithm of a mean" in export(loss, "torch")


def test_soft_labels_check_and_compare_agree():
    kl = Loss("y*log(y/yhat) + (1 - y)*log((1 - y)/(1 - yhat))", labels="unit")
    bce = zoo.get("bce").with_domain(labels="unit")
    assert compare(kl, bce, TIME_LIMIT).relation == "equal"
    report = check(kl, time_limit=TIME_LIMIT)
    assert report.verdict == check(bce, time_limit=TIME_LIMIT).verdict == "valid"
    assert "at y = 0 and y = 1 the formula itself is not a number" in report.sentence.lower()
    # so it is in floats
    assert np.isnan(evaluate(kl.program(), np.array([0.5]), np.array([0.0]), DEFAULT_EPS)[0]).all()


def test_equal_gradients_have_equal_verdicts():
    rng = random.Random(5)
    pairs = 0
    while pairs < 12:
        loss = random_loss(rng)
        factor, extra = (
            rng.choice(("2", "1/3", "5")),
            rng.choice(("y**2", "3*y", "exp(y)", "1", "y*log(1 + y)")),
        )
        other = Loss(
            f"{factor}*({loss.formula}) + {extra}",
            eps=loss.eps,
            labels=loss.domain.labels,
            input=loss.domain.input,
        )
        if compare(loss, other, TIME_LIMIT).relation not in ("equal", "proportional"):
            continue
        pairs += 1
        verdicts = {check(one, time_limit=TIME_LIMIT).verdict for one in (loss, other)}
        assert len(verdicts) == 1, f"{loss.formula} on {loss.domain}: {verdicts}"


def test_a_pole_in_the_label_is_named_and_time_is_not_asked_for():
    for formula, labels in (("abs((yhat - y)/y)", "real"), ("abs(yhat - y)/y", "positive")):
        report = check(Loss(formula, labels=labels), time_limit=TIME_LIMIT)
        assert report.verdict == "invalid"
        assert "not a real number for y = 0" in report.sentence and "time" not in report.sentence
        assert report.properties["scale"].value is None
        json.dumps(report.to_json(), allow_nan=False)


def test_time_is_asked_for_only_where_it_ran_out():
    # two terms that pull in turn: beyond the proofs on regions, however long they take
    loss = Loss("(yhat - y)**2*(1 + exp(-(yhat + y)**2))", labels="real")
    report = check(loss, time_limit=TIME_LIMIT)
    if report.verdict == "undecided" and report.seconds < TIME_LIMIT / 4:
        assert "raise the time limit" not in report.sentence
    short = check(loss, time_limit=1e-3)
    assert short.verdict != "undecided" or "raise the time limit" in short.sentence


def test_label_smoothing_says_where_it_is_right():
    text = "-((0.9*y + 0.05)*log(yhat) + (1 - 0.9*y - 0.05)*log(1 - yhat))"
    report = check(Loss(text), time_limit=TIME_LIMIT)
    assert report.verdict == "invalid"
    zero, one = report.direction
    assert zero.right_on == (("1/20", "1"),) and one.right_on == (("0", "19/20"),)
    assert zero.pulls_to == "1/20" and one.pulls_to == "19/20"
    for proof in (zero, one):
        assert 0 < proof.witness.yhat < 1
        assert f"yhat = {proof.witness.yhat:g}:" in report.sentence
    assert "right on (1/20, 1)" in report.sentence and "label smoothing" in report.sentence
    found = report.properties["fisher_consistent"]
    assert found.status == "proved" and found.value == "yhat*(p) = 9*p/10 + 1/20"
    assert report.to_json()["direction"][0]["right_on"] == [["1/20", "1"]]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("(yhat - 0.1 - 0.8*y)**2", [("1/10", "1"), ("0", "9/10")]),
        ("(yhat - y)**2 - 0.3*yhat*(1 - y)", [("3/20", "1"), None]),
        ("(yhat - 1/4)**2*(yhat - 3/4)**2*(1 - y) - y*yhat", [("1/4", "1/2"), None]),
    ],
)
def test_right_intervals_hold_against_a_grid(formula, expected):
    loss = Loss(formula)
    report = check(loss, time_limit=TIME_LIMIT)
    for label, (proof, first) in enumerate(zip(report.direction, expected, strict=True)):
        if first is None:
            assert proof.right_on == ()
            continue
        assert proof.right_on[0] == first
        for k in range(1, 200):
            point = Rational(k, 200) + Rational(1, 1009)
            slope = precise(loss.expression, {yhat: point, y: Rational(label)}, 60)[1] * (1 - 2 * label)
            inside = any(Rational(low) < point < Rational(high) for low, high in proof.right_on)
            assert (slope >= 0) == inside


@pytest.mark.parametrize(
    ("formula", "labels", "kind", "value"),
    [
        ("(yhat - y)**2", "real", "score", "mean"),
        ("exp(yhat) - y*yhat", "positive", "log", "mean"),
        ("y/yhat + log(yhat)", "positive", "positive", "mean"),
        ("-y*log(yhat) - (1 - y)*log(1 - yhat)", "unit", "probability", "mean"),
        ("abs(yhat - y)", "real", "score", "median"),
        ("abs(log(1 + yhat) - log(1 + y))", "positive", "positive", "median"),
        ("max(0.9*(y - yhat), 0.1*(yhat - y))", "real", "score", "0.9-quantile"),
        ("(0.5 + 0.3*sign(yhat - y))*(yhat - y)**2", "real", "score", "0.2-expectile"),
        ("sqrt(1 + (yhat - y)**2)", "real", "score", None),
        ("(yhat - y)**4", "real", "score", None),
    ],
)
def test_what_a_loss_elicits(formula, labels, kind, value):
    loss = Loss(formula, labels=labels, input=kind)
    found = check(loss, time_limit=TIME_LIMIT).properties["elicits"]
    assert (found.status, found.value) == (("proved", value) if value else ("refuted", None))
    sample = np.random.default_rng(0).gamma(2.0, 1.0, 4001) / (20 if labels == "unit" else 1)
    sample = sample[sample < 1] if labels == "unit" else sample
    grid = np.linspace(0.01, 0.99, 991) if labels == "unit" else np.linspace(0.02, 6, 5981)
    points = np.log(grid) if kind == "log" else grid
    risk = [evaluate(loss.program(), np.full(len(sample), p), sample, DEFAULT_EPS)[0].mean() for p in points]
    best = grid[int(np.argmin(risk))]
    expected = {"mean": sample.mean(), "median": np.median(sample), "0.9-quantile": np.quantile(sample, 0.9)}
    if value in expected:
        assert abs(best - expected[value]) < 0.01
    elif value == "0.2-expectile":
        above, below = sample[sample > best] - best, best - sample[sample <= best]
        assert abs(0.2 * above.sum() - 0.8 * below.sum()) < 0.01 * len(sample)
    else:
        assert min(abs(best - sample.mean()), abs(best - np.median(sample))) > 0.01


def test_real_labels_have_no_open_questions_that_are_not_theirs():
    report = check(Loss("max(0.9*(y - yhat), 0.1*(yhat - y))", labels="real"), time_limit=TIME_LIMIT)
    assert {found.status for found in report.properties.values()} <= {"proved", "refuted", "not applicable"}
    assert report.properties["convex"].status == "proved"
    assert report.properties["bounded_gradient"].value == pytest.approx(0.9)
    rows = dict(report.page())["Properties"]
    assert not any("symmetric" in row[0] or "Fisher" in row[0] for row in rows)


@pytest.mark.parametrize(
    ("formula", "labels", "kind", "said"),
    [
        ("max(0, 1 - y*yhat)", "binary", None, "labels -1 and 1"),
        ("log(1 + exp(-y*yhat))", "binary", "score", "labels -1 and 1"),
        ("exp(yhat) - y*yhat", "real", None, "at log(y)"),
        ("exp(yhat) - y*yhat", "real", None, "--labels positive --input log"),
        ("yhat - y*log(yhat)", "real", None, "--labels positive"),
        ("log(1 + exp(yhat)) - y*yhat", "unit", "score", "the logit of y"),
        ("(yhat - y)**2*(1 - y) + y", "binary", None, ""),
    ],
)
def test_hints_name_what_a_loss_may_be_meant_for(formula, labels, kind, said):
    report = check(Loss(formula, labels=labels, input=kind), time_limit=TIME_LIMIT)
    assert report.verdict == "invalid"
    assert said in report.sentence
    if not said:
        assert "-1 and 1" not in report.sentence


def test_wanted_signs_are_those_of_the_mean():
    with mp.workdps(60):
        for labels, kind in DOMAINS:
            domain = Domain.of(labels, kind)
            assert wanted(domain, Rational(1, 2), Rational(1, 4)) == 1
            assert wanted(domain, Rational(1, 8), Rational(1)) == (1 if kind == "log" else -1)
        assert gradient(Loss("(yhat - y)**2", labels="real"), Rational(1), Rational(0)) == mpf(2)
