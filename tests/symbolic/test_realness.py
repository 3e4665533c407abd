"""Where a loss is a real number: 0**0 is 1, and what is made from something that is not a real number is not one."""

from __future__ import annotations

import json

import mpmath
import numpy as np
import pytest
import torch

from symloss.compile.program import ProgramBatch
from symloss.compile.reference import evaluate
from symloss.compile.torch.batch import TorchPrograms
from symloss.errors import SymlossError
from symloss.loss import Loss
from symloss.symbolic.check import check
from symloss.symbolic.same.same_gradient import compare


def statuses(loss: Loss) -> list[str]:
    return [proof.status for proof in check(loss, time_limit=20).direction]


ROOTS_OF_SQUARES = [
    ("sqrt((yhat - y)**2/4)", 0.5),
    ("sqrt(2*(yhat-y)**2)", mpmath.sqrt(2)),
    ("((yhat-y)**2)**0.5", 1),
    ("sqrt(9*(y - yhat)**2)", 3),
    ("((2*yhat - 2*y)**4)**0.25", 2),
    ("sqrt(yhat**2 - 2*yhat*y + y**2)", 1),
    ("1/sqrt(1/(yhat - y)**2)", 1),
]


@pytest.mark.parametrize(("text", "bound"), ROOTS_OF_SQUARES)
def test_the_root_of_a_square_is_an_absolute_value(text, bound):
    report = check(Loss(text), time_limit=20)
    assert report.verdict == "valid"
    assert report.properties["convex"].status == "proved"
    assert report.properties["bounded_gradient"].status == "proved"
    assert report.properties["bounded_gradient"].value == pytest.approx(float(bound))
    assert compare(Loss(text), Loss(f"{float(bound)!r}*abs(yhat - y)"), 20).same


@pytest.mark.parametrize(
    "text", ["sqrt((yhat - y)**2*yhat)", "sqrt((yhat-y)**2/eps**2)", "((yhat-0.5)**4)**0.25*y"]
)
@pytest.mark.parametrize("input", ["probability", "score"])
def test_roots_with_squares_in_them_are_checked(text, input):
    json.dumps(check(Loss(text, input=input)).to_json(), allow_nan=False)


NOT_REAL_FOR = [
    ("log(-yhat)*y*(1-y) + yhat*(1-2*y)", (0, 1)),
    ("(1-2*y)*yhat + min(y, 1-y)*log(yhat-2)", (0, 1)),
    ("(1-2*y)*yhat + y*log(yhat-2)", (0, 1)),
    ("(1-2*y)*yhat + y*(1-y)*sign(log(yhat-2))", (0, 1)),
    ("(1-2*y)*yhat + y*(1-y)*max(log(-yhat), 1)", (0, 1)),
    ("(1-2*y)*yhat + y*(1-y)*abs(sqrt(yhat-1))", (0, 1)),
    ("(1-2*y)*yhat*(log(-yhat) + yhat)**(y*(1-y))", (0, 1)),
    ("(1-2*y)*yhat - y*(1-y)*sqrt(-eps*yhat**2)", (0, 1)),
    ("(1-2*y)*yhat + (1-y)*log(y)", (0,)),
    ("(1-2*y)*yhat + y*0**(y-1)", (0,)),
    ("(-2)**yhat*(1-2*y)", (0, 1)),
    ("(1-2*y)*yhat + y*(1-y)*(-2)**yhat", (0, 1)),
]


@pytest.mark.parametrize(("text", "labels"), NOT_REAL_FOR)
def test_a_part_that_is_not_real_makes_the_loss_not_real_also_where_it_vanishes(text, labels):
    """Proofs, the float32 property, the reference, torch and the population form agree: NaN or infinite."""
    loss = Loss(text, eps=0.1)
    report = check(loss, time_limit=20)
    assert report.verdict == "invalid"
    points = np.array([0.13, 0.37, 0.77])
    for proof in report.direction:
        label = int(proof.label)
        values = evaluate(loss.program(), points, float(label), 0.1)[0]
        tensor = torch.tensor(points)
        trained = loss.torch(reduction="none")(tensor, torch.full_like(tensor, label))
        batch = TorchPrograms(ProgramBatch.pack([loss.program()], [0.1]), "cpu")
        population = batch.value_and_slope(
            torch.tensor(points)[None].float(), torch.full((1, 3), float(label))
        )[0]
        if label in labels:
            assert proof.status == "refuted" and "not a real number" in proof.note
            assert (
                not np.isfinite(values).any()
                and not trained.isfinite().any()
                and not population.isfinite().any()
            )
        else:
            assert proof.status == "proved"
            assert np.isfinite(values).all() and trained.isfinite().all() and population.isfinite().all()
    assert report.properties["finite_float32"].status == "refuted"
    assert report.properties["convex"].detail.startswith("the loss is not a real number everywhere for y =")


REAL = [
    ("(-2)**y*yhat", ["proved", "proved"]),
    ("-(-2)**y*yhat", ["refuted", "refuted"]),
    ("y*(1-yhat)**2 + (1-y)*yhat*y**y", ["proved", "proved"]),
    ("(0**y)*yhat - y*yhat", ["proved", "proved"]),
    ("(1-2*y)*yhat + (1-y)**yhat - 1", ["proved", "proved"]),
    ("(yhat - 3)**(2*y)*(1 + yhat*(1-y))", ["proved", "proved"]),
    ("y*yhat**0.5*(-1) + (1-y)*yhat", ["proved", "proved"]),
]


@pytest.mark.parametrize(("text", "expected"), REAL)
def test_powers_that_are_real_for_a_label_are_used(text, expected):
    loss = Loss(text)
    assert statuses(loss) == expected
    points = np.linspace(0.1, 0.9, 9)
    for label, status in enumerate(expected):
        slopes = evaluate(loss.program(), points, float(label), 1.0)[1]
        assert ((slopes * (1 - 2 * label) >= 0) == (status == "proved")).all()
    assert check(loss).properties["finite_float32"].status == "proved"


def test_zero_to_the_power_of_zero_is_one_everywhere():
    assert Loss("0**0 + yhat").expression == Loss("1 + yhat").expression
    loss = Loss("y**y*yhat + (1 - y)**(1 - y)*yhat")
    values, slopes = evaluate(loss.program(), [0.3, 0.3], [0.0, 1.0], 1.0)
    np.testing.assert_array_equal(values, [0.6, 0.6])
    point = torch.tensor([0.3, 0.3], dtype=torch.float64, requires_grad=True)
    loss.torch(reduction="sum")(point, torch.tensor([0.0, 1.0], dtype=torch.float64)).backward()
    np.testing.assert_allclose(point.grad.numpy(), slopes)
    assert statuses(loss) == ["proved", "refuted"]


def test_a_part_that_is_real_changes_nothing():
    assert statuses(Loss("y*(1-y)*log(yhat) + (yhat - y)**2")) == ["proved", "proved"]
    assert check(Loss("y*(1-y)/(yhat - 0.3) + (yhat - y)**2")).verdict == "valid"
    scores = Loss("y*exp(-yhat) + (1-y)*yhat**1.5", input="score")
    assert [proof.note for proof in check(scores).direction] == [
        "the loss is not a real number on (-infinity, 0)"
    ] * 2
    assert check(Loss("y*exp(-yhat) + (1-y)*yhat**1.5")).verdict == "valid"


def test_every_eps_covers_parts_that_vanish():
    """At the default eps the part that vanishes for y = 0 is real; for an eps above 1/2 it is not."""
    report = check(Loss("y*(1-y)*log(0.5 - eps) + (yhat - y)**2"), time_limit=20)
    assert [proof.status for proof in report.direction] == ["proved", "proved"]
    assert all(proof.scope != "every eps > 0" for proof in report.direction)


@pytest.mark.parametrize(
    "text", ["-log((yhat - 0.5)**2)", "1/(yhat**2 - yhat + 0.25)", "1/log(4*yhat*(1-yhat))**2"]
)
def test_a_pole_at_which_the_sign_stays_is_a_breakpoint(text):
    report = check(Loss(text), time_limit=20)
    assert all("pole at yhat = 1/2" in proof.jump for proof in report.direction)
    assert report.properties["bounded_gradient"].status != "proved"
    assert report.properties["convex"].status != "proved"


@pytest.mark.parametrize(
    "text", ["y**yhat", "eps**y**yhat", "yhat*0**yhat + yhat*y", "y**(yhat+1)", "y*log(y)*yhat"]
)
@pytest.mark.parametrize("domain", [{}, {"input": "score"}, {"labels": "unit"}, {"labels": "real"}])
def test_powers_of_zero_are_checked(text, domain):
    json.dumps(check(Loss(text, **domain), time_limit=1).to_json(), allow_nan=False)


@pytest.mark.parametrize(
    "text", ["yhat/0**y", "yhat*0**(-y)", "yhat - 3/(yhat*0**y)", "0**(-1) + yhat", "(0**y)**-1*yhat"]
)
def test_dividing_by_a_power_of_zero_is_refused(text):
    with pytest.raises(SymlossError, match="zero"):
        Loss(text)


@pytest.mark.parametrize(
    "text", ["(-(yhat*eps)*yhat)**0.5*(1-2*y)", "yhat - (-(yhat*eps)*yhat)**0.5*2", "y*sqrt(-yhat**2)"]
)
def test_no_imaginary_unit_gets_into_a_formula(text):
    loss = Loss(text)
    assert "I" not in loss.formula
    assert Loss(loss.formula).expression == loss.expression
    assert check(loss).verdict == "invalid"
    assert np.isnan(evaluate(loss.program(), 0.3, 1.0, 0.1)[0])


def test_a_pole_in_the_middle_is_named_and_not_called_a_scale():
    for loss in (Loss("abs(yhat - y)/abs(y)", labels="real"), Loss("1/(yhat - 0.5)**2")):
        scale = check(loss).properties["scale"]
        assert (scale.status, scale.value) == ("refuted", None)
        assert "is not a real number at yhat = " in scale.detail and "for y = 0" in scale.detail


def test_a_witness_at_zero_has_no_sign():
    report = check(Loss("abs(yhat)*(2*y-1)", input="score"), time_limit=5)
    shown = [proof.witness.yhat for proof in report.direction if proof.witness is not None]
    assert shown and all(not (point == 0 and np.signbit(point)) for point in shown)
