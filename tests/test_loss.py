"""Loss: values and gradients against 50-digit arithmetic and autograd; round trips; errors."""

from __future__ import annotations

import dataclasses
import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import symloss as sl
from symloss import zoo
from symloss.compile.reference import evaluate
from symloss.errors import OptionError, SymlossError
from tests.formulas import formulas
from tests.mp_evaluate import mp_evaluate, mp_gradient

POINTS = st.floats(0.02, 0.98).map(lambda value: round(value, 6) + 1.7e-8)
"""Predictions off the round numbers at which random formulas tend to have kinks."""


def agrees(found: float, expected: float, scale: float = 1.0) -> bool:
    return math.isclose(found, expected, rel_tol=1e-8, abs_tol=1e-8 * max(1.0, abs(scale)))


@settings(max_examples=150, deadline=None)
@given(formulas(), POINTS, st.sampled_from([0, 1]), st.sampled_from([0.1, 1e-3]))
def test_value_and_gradient_agree_with_50_digits_and_autograd(
    text: str, yhat: float, y: int, eps: float
) -> None:
    loss = sl.Loss(text, eps=eps)
    with mpmath.workdps(50):
        expected = float(mp_evaluate(text, yhat=yhat, y=y, eps=str(eps)))
        slope = float(mp_gradient(text, yhat=yhat, y=y, eps=str(eps)))
        near = [float(mp_gradient(text, yhat=yhat + shift, y=y, eps=str(eps))) for shift in (-1e-7, 1e-7)]
    assume(all(abs(slope - other) <= 1e-3 * (1 + abs(slope)) for other in near))  # not on a kink
    prediction = torch.tensor([yhat], dtype=torch.float64, requires_grad=True)
    value = loss.torch()(prediction, torch.tensor([float(y)], dtype=torch.float64))
    if value.requires_grad:
        (gradient,) = torch.autograd.grad(value, prediction)
    else:
        gradient = torch.zeros(1, dtype=torch.float64)
    assert agrees(value.item(), expected)
    assert agrees(gradient.item(), slope, expected)
    program_value, program_slope = evaluate(loss.program(), np.array([yhat]), np.array([float(y)]), eps)
    assert agrees(float(program_value[0]), expected)
    assert agrees(float(program_slope[0]), slope, expected)


@settings(max_examples=200, deadline=None)
@given(formulas(max_leaves=12))
def test_printed_formula_reads_back_to_the_same_loss(text: str) -> None:
    loss = sl.Loss(text)
    if "yhat" in loss.formula:
        assert sl.Loss(loss.formula) == loss
        assert sl.Loss(loss.formula).formula == loss.formula


@pytest.mark.parametrize("name", zoo.names())
def test_zoo_loss_round_trips_and_agrees_with_its_written_formula(name: str) -> None:
    entry, loss = zoo.entry(name), zoo.get(name)
    assert sl.Loss(loss.formula, input=entry.input, name=name) == loss
    criterion = loss.with_eps(0.1).torch("none")
    yhat = torch.linspace(0.05, 0.95, 7, dtype=torch.float64)
    for y in (0, 1):
        found = criterion(yhat, torch.full_like(yhat, y))
        expected = [float(mp_evaluate(entry.formula, yhat=value.item(), y=y, eps="0.1")) for value in yhat]
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-10, atol=1e-12)


def test_zoo_losses_agree_with_torch() -> None:
    generator = torch.Generator().manual_seed(0)
    yhat = torch.rand(100, generator=generator)
    score = torch.randn(100, generator=generator)
    y = (torch.rand(100, generator=generator) < 0.5).float()
    functional = torch.nn.functional
    pairs = [
        (zoo.mse, functional.mse_loss(yhat, y)),
        (zoo.mae, functional.l1_loss(yhat, y)),
        (zoo.bce, functional.binary_cross_entropy(yhat, y)),
        (zoo.huber, functional.huber_loss(yhat, y)),
        (zoo.smooth_l1, functional.smooth_l1_loss(yhat, y)),
        (zoo.poisson, functional.poisson_nll_loss(yhat, y, log_input=False, eps=0.0)),
    ]
    for loss, expected in pairs:
        torch.testing.assert_close(loss.torch()(yhat, y), expected, msg=loss.title)
    hinge = functional.hinge_embedding_loss(score, 1 - 2 * y)
    torch.testing.assert_close(zoo.hinge.torch()(score, y), hinge)


def test_huber_and_smooth_l1_differ_from_mse_outside_of_the_unit_interval() -> None:
    error = torch.tensor([-3.0, -0.5, 0.2, 2.5], dtype=torch.float64)
    zero = torch.zeros_like(error)
    for loss, expected in (
        (zoo.huber, torch.nn.functional.huber_loss(error, zero, reduction="none")),
        (zoo.smooth_l1, torch.nn.functional.smooth_l1_loss(error, zero, reduction="none")),
    ):
        torch.testing.assert_close(loss.with_domain("real", "score").torch("none")(error, zero), expected)


def test_criterion_reductions_dtypes_and_devices() -> None:
    yhat, y = torch.tensor([0.2, 0.7]), torch.tensor([0, 1])
    each = zoo.bce.torch("none")(yhat, y)
    assert each.shape == (2,) and each.dtype == torch.float32
    torch.testing.assert_close(zoo.bce.torch("sum")(yhat, y), each.sum())
    torch.testing.assert_close(zoo.bce.torch()(yhat.double(), y), each.double().mean(), rtol=1e-6, atol=1e-6)
    assert "reduction=mean" in repr(zoo.bce.torch())


def test_criterion_refuses_shapes_that_would_broadcast() -> None:
    with pytest.raises(OptionError, match="must be equal"):
        zoo.bce.torch()(torch.rand(4, 1), torch.rand(4))
    with pytest.raises(OptionError, match="floating point"):
        zoo.bce.torch()(torch.tensor([1]), torch.tensor([1]))
    with pytest.raises(OptionError, match="did you mean 'mean'"):
        zoo.bce.torch("meen")


def test_saturated_probabilities_stay_finite() -> None:
    yhat = torch.tensor([0.0, 1.0], requires_grad=True)
    value = zoo.bce.torch()(yhat, torch.tensor([1.0, 0.0]))
    value.backward()
    assert torch.isfinite(value) and torch.isfinite(yhat.grad).all()
    assert yhat.grad[0] < 0 < yhat.grad[1]


def test_constant_in_the_prediction_is_a_loss_without_gradient() -> None:
    loss = sl.Loss("yhat - yhat + y")
    assert not loss.depends_on_prediction
    torch.testing.assert_close(
        loss.torch("none")(torch.rand(3), torch.tensor([0.0, 1.0, 1.0])), torch.tensor([0.0, 1.0, 1.0])
    )
    assert sl.Loss("yhat*0 + 3").torch("none")(torch.rand(3), torch.rand(3)).tolist() == [3.0, 3.0, 3.0]


def test_functional_transforms() -> None:
    criterion = zoo.maxr.with_eps(0.1).torch()
    yhat, y = torch.rand(5), torch.tensor([0.0, 1.0, 1.0, 0.0, 1.0])
    gradient = torch.func.grad(criterion)(yhat, y)
    each = torch.func.vmap(torch.func.grad(zoo.maxr.with_eps(0.1).torch("none")))(yhat, y)
    torch.testing.assert_close(gradient * 5, each)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_compiles_as_one_graph() -> None:
    yhat, y = torch.rand(5), torch.tensor([0.0, 1.0, 1.0, 0.0, 1.0])
    criterion = zoo.logmin.torch()
    torch.testing.assert_close(torch.compile(criterion, fullgraph=True)(yhat, y), criterion(yhat, y))


def test_loss_is_immutable_and_hashable() -> None:
    loss = sl.Loss("(yhat - y)**2")
    with pytest.raises(dataclasses.FrozenInstanceError):
        loss.eps = 1.0  # type: ignore[misc]
    assert loss == sl.Loss("square(-y + yhat)") and hash(loss) == hash(sl.Loss("square(-y + yhat)"))


@pytest.mark.parametrize("eps", [0, -1, math.inf, math.nan, 1e4])
def test_bad_eps(eps: float) -> None:
    with pytest.raises(OptionError, match="eps is"):
        sl.Loss("yhat + eps", eps=eps)


def test_protected_operators_need_eps_of_at_least_xi() -> None:
    with pytest.raises(OptionError, match="at least 1e-6"):
        sl.Loss("plog(yhat, eps)", eps=1e-8)
    assert sl.Loss("log(yhat + eps)", eps=1e-8).eps == 1e-8


def test_bad_domain_and_foreign_symbols() -> None:
    import sympy

    with pytest.raises(OptionError, match="did you mean 'binary'"):
        sl.Loss("yhat", labels="binry")
    with pytest.raises(OptionError, match="allowed are probability, score"):
        sl.Loss("yhat", input="x")
    with pytest.raises(OptionError, match="the expression holds z"):
        sl.Loss(sympy.Symbol("z") + 1)
    with pytest.raises(OptionError, match="not from int"):
        sl.Loss(3)  # type: ignore[arg-type]


def test_zoo_names() -> None:
    assert len(zoo.names()) == 19
    assert {zoo.get(name).name for name in zoo.names()} == set(zoo.names())
    for spelling in ("Squared_Hinge", "squared-hinge", "SQUARED-HINGE"):
        assert zoo.get(spelling) == zoo.squared_hinge
        assert zoo.get(spelling) != zoo.hinge
    with pytest.raises(OptionError, match="did you mean 'maxr'"):
        zoo.get("max-rr")
    with pytest.raises(AttributeError, match="unknown loss"):
        zoo.nothing  # noqa: B018
    assert all(entry.source and entry.labels in ("binary", "unit", "real") for entry in zoo.ENTRIES)


def test_small_constants_that_eps_makes_are_fine() -> None:
    yhat = torch.tensor([0.3], dtype=torch.float64)
    value = zoo.charbonnier.with_eps(1e-9).torch()(yhat, torch.zeros_like(yhat))
    assert value.item() == pytest.approx(0.3)
    text = "yhat*0.25 + ((log(0.5 + abs(0.5 / (1 + eps**2))))**2)**2"
    assert sl.Loss(text, eps=0.001).torch()(yhat, yhat).item() == pytest.approx(0.075)
    with pytest.raises(SymlossError, match="too large or too small"):
        sl.Loss("yhat + eps**64", eps=1e-6).torch()


def test_a_protected_quotient_of_zero_is_zero() -> None:
    yhat = torch.tensor([0.3], dtype=torch.float64)
    assert sl.Loss("yhat + aq(yhat - yhat, 2**0.7)").torch()(yhat, yhat).item() == pytest.approx(0.3)


def test_protect_rewrites_divisions_logarithms_and_roots() -> None:
    assert (
        sl.Loss("log(yhat)/(y - yhat) + sqrt(yhat)", protect=True).formula
        == sl.Loss("plog(yhat)*recip(y - yhat) + psqrt(yhat)").formula
    )
    assert sl.Loss("yhat**-2 + yhat/3", protect=True).formula == sl.Loss("recip(yhat**2) + yhat/3").formula
