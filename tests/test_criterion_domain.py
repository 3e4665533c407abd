"""Criteria refuse what lies outside of their domain, as torch.nn.BCELoss does; from_logits and weight."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import symloss as sl
from symloss import zoo
from symloss.errors import DomainError, OptionError, SymlossError
from symloss.export import export
from symloss.export.header import class_name
from tests.export.oracle import load_module

Make = Callable[..., Any]


def library(loss: sl.Loss, folder: Path) -> Make:
    return loss.torch


def exported(loss: sl.Loss, folder: Path) -> Make:
    return getattr(load_module(export(loss, "torch"), folder), class_name(loss))  # type: ignore[no-any-return]


MAKERS = pytest.mark.parametrize("maker", [library, exported])


def rows(count: int = 12) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    score = torch.randn(count, generator=generator, dtype=torch.float64)
    weight = torch.rand(count, generator=generator, dtype=torch.float64) * 3
    return score, (torch.arange(count) % 2).double(), weight


@MAKERS
@pytest.mark.parametrize("name", ["bce", "maxr", "focal", "mse"])
def test_raw_scores_are_refused_and_from_logits_is_named(name: str, maker: Any, tmp_path: Path) -> None:
    criterion = maker(zoo.get(name), tmp_path)()
    for bad in (-0.01, 1.01, 5.0, float("nan"), float("inf")):
        yhat = torch.tensor([0.5, bad])
        with pytest.raises(RuntimeError):
            torch.nn.BCELoss()(yhat, torch.tensor([0.0, 1.0]))
        with pytest.raises(ValueError, match="from_logits=True"):
            criterion(yhat, torch.tensor([0.0, 1.0]))
    for bad in (-1.0, 2.0, float("nan")):
        with pytest.raises(ValueError, match="y "):
            criterion(torch.tensor([0.5, 0.5]), torch.tensor([0.0, bad]))
    # Ends and smoothed labels are fine, as they are for torch.
    assert criterion(torch.tensor([0.0, 1.0, 0.3]), torch.tensor([0.0, 1.0, 0.1])).isfinite()
    assert criterion(torch.empty(0), torch.empty(0)).isnan()
    outside = maker(zoo.get(name), tmp_path)(validate=False)
    outside(torch.tensor([0.5, 7.0]), torch.tensor([0.0, 1.0]))


def test_the_error_of_the_library_is_one_of_its_own() -> None:
    assert issubclass(DomainError, SymlossError) and issubclass(DomainError, ValueError)
    assert sl.DomainError is DomainError


@MAKERS
def test_from_logits_is_bce_with_logits(maker: Any, tmp_path: Path) -> None:
    score, y, weight = rows()
    for reduction in ("mean", "sum", "none"):
        criterion = maker(zoo.bce, tmp_path)(reduction, from_logits=True)
        expected = torch.nn.functional.binary_cross_entropy_with_logits(score, y, weight, reduction=reduction)
        torch.testing.assert_close(criterion(score, y, weight), expected)
        torch.testing.assert_close(criterion(score, y, weight=weight), expected)
        torch.testing.assert_close(
            maker(zoo.bce, tmp_path)(reduction, from_logits=True, weight=weight)(score, y), expected
        )
    slope = score.clone().requires_grad_()
    maker(zoo.bce, tmp_path)(from_logits=True, weight=weight)(slope, y).backward()
    torch.testing.assert_close(slope.grad, weight * (torch.sigmoid(score) - y) / len(y))


@MAKERS
def test_weights_are_those_of_bce_loss(maker: Any, tmp_path: Path) -> None:
    score, y, weight = rows()
    yhat = torch.sigmoid(score)
    for reduction in ("mean", "sum", "none"):
        theirs = torch.nn.BCELoss(weight=weight, reduction=reduction)(yhat, y)
        torch.testing.assert_close(maker(zoo.bce, tmp_path)(reduction, weight=weight)(yhat, y), theirs)
    table = maker(zoo.bce, tmp_path)("none")(yhat.reshape(6, 2), y.reshape(6, 2), weight[:6, None])
    assert table.shape == (6, 2)
    with pytest.raises((OptionError, RuntimeError)):
        maker(zoo.bce, tmp_path)()(yhat, y, weight[:5])


@MAKERS
@pytest.mark.parametrize("loss", [zoo.hinge, zoo.mse.with_domain("real", "score")], ids=str)
def test_from_logits_of_a_score_loss_is_an_error(loss: sl.Loss, maker: Any, tmp_path: Path) -> None:
    with pytest.raises((OptionError, ValueError), match="losses of a probability"):
        maker(loss, tmp_path)(from_logits=True)
    assert maker(loss, tmp_path)(from_logits=False)(torch.tensor([5.0]), torch.tensor([1.0])).isfinite()


@MAKERS
def test_real_labels_are_finite_numbers(maker: Any, tmp_path: Path) -> None:
    criterion = maker(zoo.mse.with_domain("real", "score"), tmp_path)()
    assert criterion(torch.tensor([5.0]), torch.tensor([-100.0])).item() == 105.0**2
    with pytest.raises(ValueError, match="finite"):
        criterion(torch.tensor([5.0]), torch.tensor([float("nan")]))
    assert criterion(torch.tensor([float("nan")]), torch.tensor([1.0])).isnan()


@MAKERS
def test_transforms_are_left_alone(maker: Any, tmp_path: Path) -> None:
    yhat, y = torch.rand(5), torch.tensor([0.0, 1.0, 1.0, 0.0, 1.0])
    each = torch.func.vmap(torch.func.grad(maker(zoo.bce, tmp_path)("none")))(yhat, y)
    torch.testing.assert_close(each, (yhat - y) / (yhat * (1 - yhat)))


def test_numpy_and_jax(tmp_path: Path) -> None:
    score, y, weight = (part.numpy() for part in rows())
    module = load_module(export(zoo.bce, "numpy"), tmp_path)
    expected = weight * (np.logaddexp(0, score) - y * score)
    slope = weight * (1 / (1 + np.exp(-score)) - y)
    np.testing.assert_allclose(module.loss(score, y, from_logits=True, weight=weight), expected, rtol=1e-10)
    np.testing.assert_allclose(module.gradient(score, y, from_logits=True, weight=weight), slope, rtol=1e-8)
    with pytest.raises(ValueError, match="from_logits=True"):
        module.loss(score, y)
    with pytest.raises(ValueError, match="y must be"):
        module.gradient([0.5], [3])
    module.loss([0.5], [3], validate=False)
    with pytest.raises(ValueError, match="losses of a probability"):
        load_module(export(zoo.hinge, "numpy"), tmp_path).loss(score, y, from_logits=True)
    jax = pytest.importorskip("jax")
    module = load_module(export(zoo.bce, "jax"), tmp_path)
    with jax.enable_x64(True):
        np.testing.assert_allclose(
            module.loss(score, y, from_logits=True, weight=weight), expected, rtol=1e-10
        )
        found = jax.grad(lambda s: module.loss(s, y, from_logits=True, weight=weight).sum())(score)
        np.testing.assert_allclose(found, slope, rtol=1e-8)
        saturated = jax.grad(lambda s: module.loss(s, 0.0, from_logits=True))(200.0)
        assert float(saturated) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="from_logits=True"):
        module.loss(score, y)
    with pytest.raises(ValueError, match="losses of a probability"):
        load_module(export(zoo.hinge, "jax"), tmp_path).loss(score, y, from_logits=True)
