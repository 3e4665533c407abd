"""torch, jax, numpy and keras: every named loss, executed, against 40 digits; kinks against the training rules."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings

import symloss as sl
from symloss import zoo
from symloss.compile.reference import evaluate
from symloss.export import export
from symloss.export.header import class_name
from tests.export.oracle import EPS, expected, load_module
from tests.formulas import formulas

Evaluator = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def torch_evaluator(loss: sl.Loss, folder: Path, **options: object) -> Evaluator:
    module = load_module(export(loss, "torch"), folder)
    criterion = getattr(module, class_name(loss))(reduction="none", **options)

    def run(yhat: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        prediction = torch.tensor(yhat, requires_grad=True)
        values = criterion(prediction, torch.tensor(y))
        values.sum().backward()
        assert prediction.grad is not None and values.dtype == prediction.dtype
        return values.detach().numpy(), prediction.grad.numpy()

    return run


def numpy_evaluator(loss: sl.Loss, folder: Path) -> Evaluator:
    module = load_module(export(loss, "numpy"), folder)

    def run(yhat: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with np.errstate(all="ignore"):
            value, gradient = module.loss(yhat, y), module.gradient(yhat, y)
        assert value.dtype == gradient.dtype == yhat.dtype
        return value, gradient

    return run


def jax_evaluator(loss: sl.Loss, folder: Path) -> Evaluator:
    jax = pytest.importorskip("jax")
    module = load_module(export(loss, "jax"), folder)

    def run(yhat: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with jax.enable_x64(yhat.dtype == np.float64):
            value, pull = jax.vjp(jax.jit(lambda prediction: module.loss(prediction, y)), yhat)
            (gradient,) = pull(jax.numpy.ones_like(value))
            assert value.dtype == yhat.dtype
            return np.asarray(value), np.asarray(gradient)

    return run


EVALUATORS = {"torch": torch_evaluator, "numpy": numpy_evaluator, "jax": jax_evaluator}


@pytest.mark.parametrize("target", EVALUATORS)
@pytest.mark.parametrize("name", zoo.names())
def test_every_named_loss_at_a_thousand_points(name: str, target: str, tmp_path: Path) -> None:
    yhat, y, value, gradient = expected(name)
    run = EVALUATORS[target](zoo.get(name).with_eps(EPS), tmp_path)
    got_value, got_gradient = run(yhat, y)
    np.testing.assert_allclose(got_value, value, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(got_gradient, gradient, rtol=1e-9, atol=1e-12)
    # In float32 predictions are rounded first, so that near a singular point they are other predictions.
    inner = (yhat > 0.01) & (yhat < 0.99) if zoo.entry(name).input == "probability" else np.abs(yhat) < 5
    small_value, small_gradient = run(yhat[inner].astype(np.float32), y[inner].astype(np.float32))
    np.testing.assert_allclose(small_value, value[inner], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(small_gradient, gradient[inner], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", zoo.names())
def test_ends_and_ties_are_as_in_training(name: str, tmp_path: Path) -> None:
    loss = zoo.get(name)
    if loss.takes_score:
        yhat = np.array([-1e3, -60.0, -1.0, -0.5, 0.0, 0.5, 1.0, 60.0, 1e3])
    else:
        # Exact 0 and 1 move inside, as in the torch criterion.
        tiny, below_one = np.finfo(np.float64).tiny, 1 - 2.0**-53
        yhat = np.array([tiny, 1e-300, 1e-30, 0.25, 0.5, 0.75, 1 - 1e-15, below_one])
    for label in (0.0, 0.5, 1.0):
        y = np.full_like(yhat, label)
        value, gradient = evaluate(loss.program(), yhat, y, loss.eps_value)
        for target in ("torch", "numpy"):
            got_value, got_gradient = EVALUATORS[target](loss, tmp_path)(yhat, y)
            np.testing.assert_allclose(got_value, value, rtol=1e-8, atol=1e-15, err_msg=target)
            np.testing.assert_allclose(got_gradient, gradient, rtol=1e-8, atol=2e-16, err_msg=target)


def test_probabilities_of_exactly_0_and_1_and_saturated_scores_in_float32(tmp_path: Path) -> None:
    yhat = np.array([0.0, 1.0, 0.0, 1.0], np.float32)
    y = np.array([1.0, 0.0, 0.0, 1.0], np.float32)
    for name in zoo.names():
        loss = zoo.get(name)
        if loss.takes_score:
            continue
        for target in ("torch", "numpy"):
            parts = EVALUATORS[target](loss, tmp_path)(yhat, y)
            assert all(np.isfinite(part).all() for part in parts), (name, target, parts)
    scores = np.array([-200.0, 200.0, -30.0, 30.0], np.float32)
    for name, largest in (("bce", 1.0), ("focal", 1.0), ("mse", 1e-6)):
        _, gradient = torch_evaluator(zoo.get(name), tmp_path, from_logits=True)(scores, y)
        assert np.isfinite(gradient).all()
        np.testing.assert_allclose(np.abs(gradient[:2]), largest, rtol=1e-5, atol=1e-6)


def test_logits_follow_the_chain_rule(tmp_path: Path) -> None:
    scores = np.linspace(-6, 6, 101)
    y = np.arange(101) % 2.0
    loss = sl.zoo.bce
    value, gradient = torch_evaluator(loss, tmp_path, from_logits=True)(scores, y)
    prediction = torch.tensor(scores, requires_grad=True)
    plain = torch.nn.BCEWithLogitsLoss(reduction="none")(prediction, torch.tensor(y))
    plain.sum().backward()
    np.testing.assert_allclose(value, plain.detach(), rtol=1e-10)
    np.testing.assert_allclose(gradient, prediction.grad, rtol=1e-10)


# Examples share a folder; every one writes files of its own.
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=formulas(max_leaves=10))
def test_any_formula_is_exported_as_it_is_trained(text: str, tmp_path: Path) -> None:
    loss = sl.Loss(text, eps=0.1, labels="unit")
    yhat = np.array([0.03, 0.2, 0.25, 0.5, 0.5, 0.77, 0.999])
    y = np.array([0.0, 1.0, 0.25, 0.5, 1.0, 0.0, 1.0])
    value, gradient = evaluate(loss.program(), yhat, y, 0.1)
    for target in ("torch", "numpy"):
        got_value, got_gradient = EVALUATORS[target](loss, tmp_path)(yhat, y)
        # Where terms of up to 1e6 (guard) cancel, fewer digits are due.
        np.testing.assert_allclose(got_value, value, rtol=1e-9, atol=1e-9, err_msg=text)
        np.testing.assert_allclose(got_gradient, gradient, rtol=1e-7, atol=1e-7, err_msg=text)


@pytest.mark.parametrize(
    "formula",
    [
        "max(yhat, y)", "min(yhat, 0.5)", "max(0.5, yhat)", "abs(yhat - y)", "sign(yhat - y)*yhat", "relu(yhat - 0.5)",
        "plog(yhat - y, eps)", "recip(yhat - 0.5)", "psqrt(yhat - y, eps)", "guard(1e7*yhat)", "pexp(30*yhat)",
        "aq(yhat, y)", "aq(1, yhat)", "2**yhat", "yhat**y", "yhat**eps", "(yhat + eps)**(yhat*y)", "yhat*0 + yhat",
        "yhat", "yhat - yhat + 3", "log(eps)*yhat", "y*log(y)*yhat", "max(eps, 0.2)*yhat", "sqrt(abs(yhat - 0.5))",
        "abs(yhat - 0.5)**0.5", "max(yhat, y, 0.5)", "log(yhat - 0.5)", "max(log(yhat - 0.5), 0)", "tanh(50*yhat)",
        "1/(yhat - 0.5)", "plog(log(2), eps)*yhat", "atan(yhat)/sigmoid(30*yhat)", "eps**yhat", "pexp(log(yhat) + 20)",
    ],
)  # fmt: skip
def test_each_function_at_its_singular_points(formula: str, tmp_path: Path) -> None:
    loss = sl.Loss(formula, eps=0.1)
    yhat = np.array([0.25, 0.5, 0.5, 0.5, 0.75, 0.3])
    y = np.array([0.0, 0.0, 1.0, 0.5, 1.0, 0.3])
    value, gradient = evaluate(loss.program(), yhat, y, 0.1)
    # jax compiles every operation anew: a few formulas show what is its own.
    own = any(name in formula for name in ("max", "recip", "yhat**y", "sigmoid", "guard"))
    for target in ("torch", "numpy", "jax") if own else ("torch", "numpy"):
        got_value, got_gradient = EVALUATORS[target](loss, tmp_path)(yhat, y)
        np.testing.assert_allclose(got_value, value, rtol=1e-12, atol=1e-13, err_msg=target)
        np.testing.assert_allclose(got_gradient, gradient, rtol=1e-12, atol=1e-13, err_msg=target)


def test_a_long_formula(tmp_path: Path) -> None:
    loss = sl.Loss(" + ".join(f"yhat**{1 + i % 9}*y" for i in range(240)) + " + log(1 + yhat)")
    yhat, y = np.array([0.1, 0.9]), np.array([0.0, 1.0])
    value, gradient = evaluate(loss.program(), yhat, y, 0.1)
    got_value, got_gradient = numpy_evaluator(loss, tmp_path)(yhat, y)
    np.testing.assert_allclose(got_value, value, rtol=1e-12)
    np.testing.assert_allclose(got_gradient, gradient, rtol=1e-12)


class TestTorchModule:
    def test_gradcheck_and_reductions(self, tmp_path: Path) -> None:
        module = load_module(export(sl.zoo.maxr, "torch"), tmp_path)
        yhat = torch.rand(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * 0.8 + 0.1
        y = (torch.arange(12).reshape(3, 4) % 2).double()
        values = module.MaxrLoss(reduction="none", eps=0.1)(yhat, y)
        torch.testing.assert_close(module.MaxrLoss(eps=0.1)(yhat, y), values.mean())
        torch.testing.assert_close(module.MaxrLoss("sum", eps=0.1)(yhat, y), values.sum())
        assert torch.autograd.gradcheck(module.MaxrLoss(eps=0.1), (yhat.requires_grad_(), y))
        assert str(module.MaxrLoss(eps=0.1)) == "MaxrLoss(reduction=mean, eps=0.1, from_logits=False)"

    def test_errors(self, tmp_path: Path) -> None:
        module = load_module(export(sl.zoo.maxr, "torch"), tmp_path)
        with pytest.raises(ValueError, match="must be equal"):
            module.MaxrLoss()(torch.rand(3, 1), torch.rand(3))
        with pytest.raises(TypeError, match="floating point"):
            module.MaxrLoss()(torch.ones(3, dtype=torch.int64), torch.ones(3))
        for eps in (0, -1, float("nan"), 2000):
            with pytest.raises(ValueError, match="eps is"):
                module.MaxrLoss(eps=eps)
        with pytest.raises(ValueError, match="'mean', 'sum' or 'none'"):
            module.MaxrLoss(reduction="average")

    def test_second_derivatives(self, tmp_path: Path) -> None:
        yhat = torch.linspace(0.05, 0.95, 7, dtype=torch.float64, requires_grad=True)
        y = torch.tensor([0, 1, 0, 1, 0, 1, 0]).double()
        for name in ("bce", "maxr", "gce", "logmin", "log-cosh"):
            module = load_module(export(zoo.get(name).with_eps(0.1), "torch"), tmp_path)
            criterion = getattr(module, class_name(zoo.get(name)))()
            assert torch.autograd.gradgradcheck(criterion, (yhat, y)), name

    def test_needs_torch_alone(self) -> None:
        for name in zoo.names():
            imports = [
                line for line in export(zoo.get(name), "torch").splitlines() if "import" in line.split()
            ]
            assert imports == ["import torch"]


def test_jax_transformations(tmp_path: Path) -> None:
    jax = pytest.importorskip("jax")
    module = load_module(export(sl.zoo.logmin, "jax"), tmp_path)
    yhat, y = np.array([0.2, 0.7], np.float32), np.array([0, 1])
    per_point = jax.vmap(jax.grad(module.loss), in_axes=(0, 0))(yhat, y)
    total = jax.jit(jax.grad(lambda p: module.loss(p, y).sum()))(yhat)
    np.testing.assert_allclose(per_point, total, rtol=1e-6)
    traced = jax.jit(lambda eps: module.loss(yhat, y, eps))(0.1)
    np.testing.assert_allclose(traced, module.loss(yhat, y, 0.1), rtol=1e-6)
    with pytest.raises(ValueError, match="eps is 0"):
        module.loss(yhat, y, 0)


def test_numpy_takes_numbers_lists_and_integers(tmp_path: Path) -> None:
    module = load_module(export(sl.zoo.hinge, "numpy"), tmp_path)
    assert float(module.loss(2, 0)) == 2.0 and float(module.gradient(0, 1)) == -1.0
    np.testing.assert_array_equal(module.gradient([[0.0], [3.0]], [0, 1]), [[1.0, -1.0], [1.0, 0.0]])


@pytest.mark.skipif(importlib.util.find_spec("keras") is None, reason="keras is not installed")
@pytest.mark.parametrize("name", zoo.names())
def test_keras(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    import keras

    if keras.backend.backend() != "torch":
        pytest.skip("gradients are taken with the torch backend of keras")
    loss = zoo.get(name).with_eps(EPS)
    yhat, y, value, gradient = expected(name)
    made = getattr(load_module(export(loss, "keras"), tmp_path), class_name(loss))
    criterion = made(reduction="sum", dtype="float64")
    device = keras.ops.convert_to_tensor(0.0).device
    prediction = torch.tensor(yhat[:, None], requires_grad=True, device=device)
    total = criterion(torch.tensor(y[:, None], device=device), prediction)
    total.backward()
    # Keras itself takes means and powers in float32 with this backend.
    np.testing.assert_allclose(total.detach().cpu(), value.sum(), rtol=1e-6)
    np.testing.assert_allclose(prediction.grad.cpu()[:, 0], gradient, rtol=1e-6, atol=1e-7)
    again = made.from_config(criterion.get_config())
    assert again.get_config() == criterion.get_config()


@pytest.mark.parametrize("target", EVALUATORS)
def test_losses_of_counts_take_counts(target: str, tmp_path: Path) -> None:
    loss = sl.Loss("exp(yhat) - y*yhat", labels="positive", input="log")
    yhat, y = np.array([-1.0, 0.5, 2.0]), np.array([0.0, 7.0, 3.0])
    value, gradient = EVALUATORS[target](loss, tmp_path)(yhat, y)
    np.testing.assert_allclose(value, np.exp(yhat) - y * yhat)
    np.testing.assert_allclose(gradient, np.exp(yhat) - y)
    with pytest.raises(ValueError, match="from 0 upwards"):
        load_module(export(loss, "numpy"), tmp_path).loss(yhat, y - 1)
