"""Loss.scale: a factor that everything made of a loss carries; eps that opens again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import symloss as sl
from symloss import zoo
from symloss.contest.trial import grid, unit_grid
from symloss.errors import OptionError
from symloss.export import export, load
from symloss.export.header import class_name
from symloss.plot.sample import value_and_gradient
from symloss.symbolic.same.same_gradient import compare
from tests.export.oracle import load_module

SCALES = (17.5, 0.1, 3.0)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", ["mse", "bce", "maxr", "hinge", "log-cosh", "focal"])
def test_value_and_gradient_are_multiplied_everywhere(name: str, scale: float, tmp_path: Path) -> None:
    plain = zoo.get(name).with_eps(0.1)
    scaled = plain.with_scale(scale)
    yhat = torch.linspace(0.05, 0.95, 9, dtype=torch.float64, requires_grad=True)
    y = (torch.arange(9) % 2).double()
    value = plain.torch("none")(yhat, y)
    (slope,) = torch.autograd.grad(value.sum(), yhat)
    got = scaled.torch("none")(yhat, y)
    (got_slope,) = torch.autograd.grad(got.sum(), yhat)
    torch.testing.assert_close(got, scale * value)
    torch.testing.assert_close(got_slope, scale * slope)
    drawn = value_and_gradient(scaled, yhat.detach().numpy(), y.numpy())
    np.testing.assert_allclose(drawn[0], scale * value.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(drawn[1], scale * slope.numpy(), rtol=1e-12)
    module = load_module(export(scaled, "numpy"), tmp_path)
    np.testing.assert_allclose(module.loss(yhat.detach().numpy(), y.numpy()), drawn[0], rtol=1e-12)
    np.testing.assert_allclose(module.gradient(yhat.detach().numpy(), y.numpy()), drawn[1], rtol=1e-12)
    criterion = getattr(load_module(export(scaled, "torch"), tmp_path), class_name(scaled))("none")
    torch.testing.assert_close(criterion(yhat, y), scale * value)
    whole = sl.Loss(scaled.text, eps=0.1, input=str(scaled.domain.input))
    torch.testing.assert_close(whole.torch("none")(yhat, y), scale * value)


def test_trees_carry_the_scale(tmp_path) -> None:  # type: ignore[no-untyped-def]
    score, y = np.linspace(-3, 3, 7), np.arange(7) % 2
    for target in ("xgboost", "lightgbm"):
        plain, scaled = (
            load_module(export(zoo.bce.with_scale(s), target), tmp_path).gradient_hessian(score, y)
            for s in (1, 5)
        )
        np.testing.assert_allclose(np.array(scaled), 5 * np.array(plain))


def test_the_check_speaks_of_the_scaled_loss() -> None:
    report = zoo.mse.with_scale(17.5).check()
    assert report.verdict == "valid" and report.scale == 17.5 and report.formula == zoo.mse.formula
    assert report.properties["scale"].value == pytest.approx(17.5)
    assert report.properties["bounded_gradient"].value == pytest.approx(35)
    assert report.gradient == {"0": "35*yhat", "1": "35*(yhat - 1)"}
    assert report.to_json()["scale"] == 17.5
    assert ("scale", "times 17.5") in dict(report.page())["Loss"]
    wrong = sl.Loss("-(yhat - y)**2", scale=4).check()
    right = sl.Loss("-(yhat - y)**2").check()
    first, second = wrong.direction[0].witness, right.direction[0].witness
    assert first is not None and second is not None and first.gradient == 4 * second.gradient


def test_comparison_factors_carry_the_scale() -> None:
    found = compare(zoo.bce.with_scale(6), zoo.bce)
    assert found.relation == "proportional" and found.factors is not None
    assert set(found.factors.values()) == {6}
    assert compare(zoo.mse.with_scale(2.5), sl.Loss("5*(yhat - y)**2/2")).relation == "equal"
    hard = sl.Loss("exp(sin)".replace("sin", "tanh(yhat**y) + yhat**yhat*y"))
    assert compare(hard.with_scale(3), hard).factors == {"0": 3, "1": 3}


def test_text_title_latex_and_equality() -> None:
    scaled = zoo.maxr.with_eps(0.1).with_scale(17.5)
    assert str(scaled) == "maxr (eps = 0.1) times 17.5" and scaled.title == "maxr times 17.5"
    assert scaled != zoo.maxr.with_eps(0.1) and scaled.with_scale(1) == zoo.maxr.with_eps(0.1)
    assert len({scaled, scaled.with_scale(17.5), scaled.with_scale(2)}) == 2
    assert sl.Loss("yhat - y", scale=0.5).latex() == r"0.5 \cdot \left(- y + \hat{y}\right)"
    assert "17.5" in export(scaled, "latex") and "Scale:   17.5" in export(scaled, "torch")
    assert load(export(scaled, "json")) == scaled
    assert '"scale"' not in export(zoo.maxr, "json")


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf"), 1e16, 1e-16, "2", None, True])
def test_bad_scales(scale: object) -> None:
    with pytest.raises(OptionError, match="the scale is"):
        sl.Loss("yhat", scale=scale)  # type: ignore[arg-type]


def test_a_scale_too_large_for_the_formula_says_so() -> None:
    with pytest.raises(OptionError, match="too large for this formula"):
        sl.Loss("1e10 + 0*yhat", scale=1e10).folded()


def test_eps_opens_again_and_is_checked_without_an_eps() -> None:
    assert zoo.maxr.with_eps(0.1).with_eps(None) == zoo.maxr
    assert zoo.maxr.with_eps(0.1).with_scale(2).eps == 0.1
    assert zoo.mse.with_eps(0.1).eps is None
    for eps in (0, -1, 1e4, float("nan"), "a", True):
        with pytest.raises(OptionError, match="eps is"):
            sl.Loss("(yhat - y)**2", eps=eps)  # type: ignore[arg-type]


def test_grids_are_relative_to_the_scale_and_unchanged_at_1() -> None:
    plain = grid(zoo.mse, [1e-6], [0.1, 0.3, 2.0], [1])
    assert [trial.scale for trial in plain] == [0.1, 0.3, 2.0] and plain[0].loss is zoo.mse
    scaled = grid(zoo.mse.with_scale(17.5), [1e-6], [0.5, 1.0], [1])
    assert [trial.scale for trial in scaled] == [8.75, 17.5]
    assert scaled[1].loss == zoo.mse and scaled[1].title == "mse, times 17.5"
    assert scaled[1].member().scale == 17.5
    units = [trial.scale for trial in unit_grid(zoo.mse, [1e-6], [1.0], [1])]
    own = [trial.scale for trial in unit_grid(zoo.mse.with_scale(7), [1e-6], [1.0], [1])]
    assert units[0] == own[0] and units[1:] in ([1.0], []) and own[1:] == [7.0]


def test_names_that_no_export_can_hold_are_refused() -> None:
    for name in ("x" * 201, "a\ud800b", 5):
        with pytest.raises(OptionError, match="name"):
            sl.Loss("yhat", name=name)  # type: ignore[arg-type]
