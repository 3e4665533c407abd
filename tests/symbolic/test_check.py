"""`check` as a whole: verdicts, witnesses, zeros, properties, time, on known and on random losses."""

from __future__ import annotations

import json
import time

import mpmath
import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from sympy import Rational

from symloss import zoo
from symloss.loss import Loss
from symloss.ops.construct import exact_number
from symloss.signature import eps, y, yhat
from symloss.symbolic.arithmetic.precise import precise
from symloss.symbolic.check import check
from symloss.symbolic.direction.sampled import sampled_direction
from tests.symbolic.sampling import sampled_losses, zoo_mutations


def slope(loss: Loss, point: float, label: float) -> mpmath.mpf:
    """The derivative in 60 digits, from the formula as written."""
    values = {
        yhat: Rational(*float(point).as_integer_ratio()),
        y: Rational(*float(label).as_integer_ratio()),
        eps: exact_number(loss.eps_value),
    }
    return precise(loss.expression, values, 60)[1]


@pytest.mark.parametrize("name", zoo.names())
def test_every_zoo_loss_is_decided(name):
    report = check(zoo.get(name))
    assert report.verdict == ("invalid" if name == "tangent" else "valid")
    json.dumps(report.to_json(), allow_nan=False)
    assert report.page()[-1][0] == "Verdict"
    for proof in report.direction:
        if proof.status == "refuted":
            want = 1 - 2 * int(proof.label)
            assert slope(zoo.get(name), proof.witness.yhat, int(proof.label)) * want < 0


def test_json_has_the_promised_keys():
    data = check(Loss("y*yhat")).to_json()
    assert {
        "formula",
        "labels",
        "verdict",
        "direction",
        "positive_rate",
        "zero_gradient",
        "duplicate_of",
        "gradient",
    } <= set(data)
    first, second = data["direction"]
    assert (first["label"], first["status"], first["vanishes_on"]) == (0, "refuted", [["0", "1"]])
    assert (first["witness"], first["witness_gradient"]) == (0.5, 0.0)
    assert (second["label"], second["status"]) == (1, "refuted")
    assert 0 < second["witness"] < 1
    assert data["verdict"] == "invalid"


@pytest.mark.parametrize(
    ("formula", "verdict"),
    [
        ("(yhat - y)**2", "valid"),
        ("-(yhat - y)**2", "invalid"),
        ("y - y*yhat + yhat - y*yhat", "valid"),
        ("(yhat - 1/3)**2", "invalid"),
        ("y*(yhat*log(yhat) - yhat) + (1 - y)*(yhat - 1/2)**3", "valid"),
        ("0*yhat", "invalid"),
        ("yhat - yhat + y", "invalid"),
        ("max(yhat, 1)", "invalid"),
        ("sqrt(yhat - 0.5)", "invalid"),
        ("plog(yhat - y)*(yhat - y)", None),
    ],
)
def test_verdicts(formula, verdict):
    report = check(Loss(formula))
    assert report.sentence
    if verdict is not None:
        assert report.verdict == verdict


def test_where_learning_stops_is_said():
    report = check(Loss("y*max(0, 0.7 - yhat) + (1 - y)*max(0, yhat - 0.2)"))
    assert report.verdict == "valid"
    assert [proof.vanishes_on for proof in report.direction] == [(("0", "1/5"),), (("7/10", "1"),)]
    assert not report.direction[0].strict
    assert "stops" in report.sentence


def test_jumps_and_poles_are_said_and_smooth_joints_are_not():
    assert "jumps up by 2" in check(Loss("sign(yhat - 0.4) + yhat")).direction[0].jump
    assert "pole" in check(Loss("1/(yhat - 0.5)")).direction[0].jump
    assert check(Loss("max(yhat**2, log(yhat + 1.1))")).direction[0].jump == ""


def test_open_eps_has_a_scope():
    assert [proof.scope for proof in check(zoo.get("maxr")).direction] == ["every eps > 0"] * 2
    scoped = check(zoo.get("logmin")).direction[1]
    assert scoped.status == "proved"
    assert scoped.scope == "eps = 1e-06"
    assert "fails" in scoped.note
    assert check(zoo.get("logmin").with_eps(10.0)).verdict == "invalid"
    assert check(zoo.get("logmin").with_eps(0.1)).verdict == "valid"


@pytest.mark.parametrize(("name", "labels", "verdict"), [
    ("mse", "unit", "valid"), ("mae", "real", "valid"), ("log-cosh", "real", "valid"), ("huber", "real", "valid"),
    ("bce", "unit", "valid"), ("maxr", "unit", "valid"), ("poisson", "unit", "valid"), ("sumr", "unit", "invalid"),
    ("focal", "unit", "invalid"),
])  # fmt: skip
def test_labels_that_fill_an_interval(name, labels, verdict):
    loss = zoo.get(name).with_domain(labels=labels, input="score" if labels == "real" else "probability")
    report = check(loss)
    assert report.verdict == verdict
    (proof,) = report.direction
    if verdict == "invalid":
        found = proof.witness
        assert slope(loss, found.yhat, found.y) * (found.yhat - found.y) < 0


def test_verdicts_hold_against_sixty_digits():
    near = 2.0 ** -np.arange(1.0, 40.0, 3.0)
    points = np.unique(np.concatenate([np.arange(1, 40) / 40, near, 1 - near]))
    directions = undecided = 0
    for loss in sampled_losses(120, 77) + sampled_losses(40, 78, open_eps=True) + zoo_mutations(40, 79):
        grid = points if not loss.takes_score else np.log(points / (1 - points))
        for proof in check(loss).direction:
            directions += 1
            undecided += proof.status == "undecided"
            label = int(proof.label)
            want = 1 - 2 * label
            if proof.status == "proved":
                for point in grid:
                    assert not slope(loss, point, label) * want < 0, (loss.formula, loss.eps, label, point)
            elif proof.zero:
                assert all(abs(slope(loss, point, label)) < 1e-40 for point in grid[::5])
            elif proof.status == "refuted":
                value = slope(loss, proof.witness.yhat, label)
                assert mpmath.isnan(value) or value * want < 0, (loss.formula, loss.eps, label)
    assert undecided <= 0.01 * directions


@pytest.mark.parametrize("formula", [
    "(yhat**40 + yhat**39*log(yhat + 1) + log(yhat + 2)*log(yhat + 3)*log(yhat + 4))**12",
    "plog(plog(plog(plog(yhat*y + yhat) - y) - yhat*recip(yhat - 0.5)) - recip(plog(yhat)))",
    " + ".join(f"abs(yhat - {i}/53)*log(yhat + {i})" for i in range(1, 40)),
    "tanh(tanh(tanh(tanh(yhat*y + yhat))))*atan(atan(yhat - y))",
    "/".join(f"(yhat + {i}*eps + y*{i})" for i in range(1, 15)),
])  # fmt: skip
def test_hard_formulas_end_in_time(formula):
    start = time.monotonic()
    report = check(Loss(formula), time_limit=0.5)
    assert report.verdict in ("valid", "invalid", "undecided")
    # Generous, because the machine may be busy: an unguarded step takes minutes here.
    assert time.monotonic() - start < 15


def expected_loss(loss: Loss, p: float):
    def value(point: float) -> float:
        parts = []
        for label, weight in ((0, 1 - p), (1, p)):
            values = {
                yhat: Rational(*float(point).as_integer_ratio()),
                y: Rational(label),
                eps: exact_number(loss.eps_value),
            }
            parts.append(weight * float(precise(loss.expression, values, 30)[0]))
        return sum(parts)

    return value


@pytest.mark.parametrize(
    ("name", "proper"), [("mse", True), ("bce", True), ("focal", False), ("maxr", False), ("sumr", False)]
)
def test_consistency_agrees_with_minimisation(name, proper):
    loss = zoo.get(name).with_eps(0.1) if zoo.get(name).has_eps else zoo.get(name)
    properties = check(loss).properties
    assert properties["fisher_consistent"].status == "proved"
    assert (properties["proper"].status == "proved") == proper
    found = []
    for p in (0.2, 0.35, 0.5, 0.65, 0.8):
        best = minimize_scalar(
            expected_loss(loss, p), bounds=(1e-9, 1 - 1e-9), method="bounded", options={"xatol": 1e-10}
        ).x
        found.append(best)
        if proper:
            assert best == pytest.approx(p, abs=1e-5)
        if name in ("maxr", "sumr"):
            text = properties["fisher_consistent"].value.removeprefix("yhat*(p) = ").split(",")[0]
            import sympy

            assert float(sympy.parse_expr(text).subs("p", p)) == pytest.approx(best, abs=1e-5)
    assert found == sorted(found)


@pytest.mark.parametrize(("name", "expected"), [
    ("mse", {"convex": "proved", "symmetric": "refuted", "bounded_gradient": "proved"}),
    ("squared-hinge", {"fisher_consistent": "proved", "proper": "refuted"}),
    ("hinge", {"fisher_consistent": "refuted"}),
    ("mae", {"convex": "proved", "symmetric": "proved", "fisher_consistent": "refuted", "proper": "refuted"}),
    ("bce", {"convex_in_logit": "proved", "bounded_gradient": "refuted", "finite_float32": "proved"}),
    ("focal", {"convex_in_logit": "refuted"}),
    ("savage", {"convex": "refuted"}),
    ("exponential", {"convex": "proved", "bounded_gradient": "refuted"}),
])  # fmt: skip
def test_properties(name, expected):
    properties = check(zoo.get(name)).properties
    assert {key: properties[key].status for key in expected} == expected


def test_saturation_and_scale():
    assert check(zoo.get("mse")).properties["saturation"].value == "vanishes"
    assert check(zoo.get("bce")).properties["saturation"].value == "bounded"
    assert check(zoo.get("exponential")).properties["saturation"].value == "explodes"
    assert check(zoo.get("bce")).properties["scale"].value == pytest.approx(2.0)


def test_positive_rate_counts_steps_towards_the_label():
    assert sampled_direction(Loss("(yhat - y)**2")).positive_rate == 1.0
    assert sampled_direction(Loss("-(yhat - y)**2")).positive_rate == 0.0
    assert sampled_direction(Loss("y*yhat")).positive_rate == 0.0
    assert sampled_direction(Loss("yhat*(1 - y)")).positive_rate == 0.5
    assert sampled_direction(Loss("1e-7*(yhat - y)**2")).positive_rate == 0.0
    assert sampled_direction(Loss("(yhat - 0.5)**2"), seed=3) == sampled_direction(
        Loss("(yhat - 0.5)**2"), seed=3
    )


@pytest.mark.parametrize(("formula", "value", "said"), [
    ("(yhat - y)**2", 2.0, "the supremum is 2 for y = 0 (as yhat tends to 1), 2 for y = 1 (as yhat tends to 0)"),
    ("-yhat*y", 1.0, "the supremum is 0 for y = 0, 1 for y = 1"),
    ("3*abs(yhat - y)", 3.0, "3 for y = 0, 3 for y = 1"),
    ("yhat**2*(1 - yhat)", 1.0, "1 for y = 0 (as yhat tends to 1)"),
    ("4*yhat**3 - 3*yhat**4", 16 / 9, "1.77778 for y = 0 (at yhat = 2/3)"),
    ("yhat*atan(3*yhat)", None, "the supremum is"),
])  # fmt: skip
def test_the_bound_of_the_gradient_is_exact(formula, value, said):
    found = check(Loss(formula)).properties["bounded_gradient"]
    assert found.status == "proved"
    assert said in found.detail
    if value is not None:
        assert found.value == value


def test_the_bound_of_the_gradient_with_open_eps_is_a_formula():
    found = check(zoo.get("maxr")).properties["bounded_gradient"]
    assert "(eps + 1)/eps**2 = 1e+12 for y = 1 (as yhat tends to 0)" in found.detail
    assert found.value == pytest.approx(1e12 * (1 + 1e-6), rel=1e-12)
    # 4 u^2/(1 + u)^3 with u = exp(2 yhat) is largest at u = 2.
    savage = check(zoo.get("savage")).properties["bounded_gradient"]
    assert savage.value == pytest.approx(16 / 27, rel=1e-15)
    assert (
        "for y = 1 it explodes as yhat tends to 0"
        in check(zoo.get("bce")).properties["bounded_gradient"].detail
    )


@pytest.mark.parametrize("name", zoo.names())
def test_no_gradient_exceeds_its_bound(name):
    loss = zoo.get(name).with_eps(0.1) if zoo.get(name).has_eps else zoo.get(name)
    found = check(loss).properties["bounded_gradient"]
    near = 2.0 ** -np.arange(1.0, 30.0)
    points = np.concatenate([near, 1 - near, np.arange(1, 60) / 60])
    if loss.takes_score:
        points = np.concatenate([-20 * points, 20 * points])
    sizes = [abs(slope(loss, point, label)) for point in points for label in (0, 1)]
    if found.status == "proved":
        assert max(sizes) <= found.value * (1 + 1e-12)
        assert max(sizes) >= 0.95 * found.value
    else:
        assert found.status == "refuted"
        assert max(sizes) > 10


def test_open_eps_stays_open_in_the_best_prediction():
    maxr, sumr = (check(zoo.get(name)).properties["fisher_consistent"].value for name in ("maxr", "sumr"))
    assert maxr == "yhat*(p) = -eps + sqrt(eps*p*(eps + 1)/(1 - p)), clipped to (0, 1)"
    assert sumr == "yhat*(p) = -eps + sqrt(eps*p/(1 - p)), clipped to (0, 1)"
    assert check(zoo.get("squared-hinge")).properties["fisher_consistent"].value == "yhat*(p) = 2*p - 1"
    assert "does not rank" in check(zoo.get("mae")).properties["fisher_consistent"].detail


def test_the_sentence_says_which_eps():
    report = check(zoo.get("logmin"))
    assert report.verdict_at_eps == {
        "1": "invalid", "0.1": "valid", "0.01": "valid", "0.001": "valid", "0.0001": "valid", "1e-05": "valid",
        "1e-06": "valid",
    }  # fmt: skip
    assert "at the default eps = 1e-06" in report.sentence
    assert "It fails at eps = 1" in report.sentence
    assert "Keep eps at most 0.1." in report.sentence
    assert check(zoo.get("maxr")).verdict_at_eps == {}
    turned = check(Loss("(eps - 0.05)*(yhat - y)**2"))
    assert turned.verdict == "invalid"
    assert "right at eps = 1, 0.1" in turned.sentence


def test_the_page_is_for_people():
    pages = {name: dict(check(zoo.get(name)).page()) for name in ("mse", "logmin")}
    assert ("positive rate", "100% of 2,000 sampled pairs") in pages["mse"]["Loss"]
    assert any(row[0] == "eps" and "invalid at 1" in row[1] for row in pages["logmin"]["Loss"])
    flat = check(Loss("y*yhat"))
    assert flat.direction[0].status == "refuted"
    assert dict(flat.page())["Direction"][0] == ("y = 0", "refuted", "the gradient is zero everywhere")
    assert "add a term" in flat.sentence


def test_every_eps_with_labels_between():
    loss = zoo.get("maxr").with_domain(labels="unit", input="probability")
    (proof,) = check(loss).direction
    assert (proof.status, proof.scope) == ("proved", "every eps > 0")


def test_scores_outside_of_a_logarithm_are_refuted():
    report = check(zoo.get("bce").with_domain(labels="real", input="score"))
    assert report.verdict == "invalid"
    assert "not a real number" in report.sentence


@pytest.mark.parametrize(("formula", "domain"), [
    ("plog((yhat + min(log(1 + 1e-6), max(y**2, log(1 + 1e-6))))**2)", "probability"),
    ("exp(yhat**2*(1 - 2*y))/4 + 1", "score"),
])  # fmt: skip
def test_bounds_that_are_out_of_reach_end_no_check(formula, domain):
    found = check(Loss(formula, input=domain)).properties["bounded_gradient"]
    assert found.status in ("proved", "refuted", "undecided")
