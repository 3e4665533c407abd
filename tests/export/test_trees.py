"""xgboost and lightgbm: derivatives against 40 digits, a safe Hessian, and models that learn."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import log_loss, roc_auc_score

import symloss as sl
from symloss import zoo
from symloss.export import export
from symloss.export.tree_objective import is_convex
from tests.export.oracle import EPS, expected_by_score, load_module

Data = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def exported(loss: sl.Loss, target: str, folder: Path) -> ModuleType:
    return load_module(export(loss, target), folder)


@pytest.mark.parametrize("target", ["xgboost", "lightgbm"])
@pytest.mark.parametrize("name", zoo.names())
def test_every_named_loss_at_a_thousand_scores(name: str, target: str, tmp_path: Path) -> None:
    score, y, gradient, second = expected_by_score(name)
    module = exported(zoo.get(name).with_eps(EPS), target, tmp_path)
    got_gradient, got_second = module.derivatives(score, y)
    np.testing.assert_allclose(got_gradient, gradient, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(got_second, second, rtol=1e-7, atol=1e-10)
    same, hessian = module.gradient_hessian(score, y)
    np.testing.assert_array_equal(same, got_gradient)
    if "max_step" in module.__doc__:
        safe = np.maximum.reduce([np.abs(second), np.abs(gradient) / 2, np.full_like(second, 1e-16)])
        np.testing.assert_allclose(hessian, safe, rtol=1e-7, atol=1e-10)
        assert (np.abs(got_gradient) <= 2 * hessian * (1 + 1e-12)).all()
    else:
        np.testing.assert_allclose(hessian, np.maximum(second, 1e-16), rtol=1e-7, atol=1e-10)


def test_the_text_says_how_the_hessian_is_made_safe() -> None:
    for name in zoo.names():
        for target in ("xgboost", "lightgbm"):
            text = " ".join(export(zoo.get(name), target).split())
            convex = "its own second derivative is used, and never less than 1e-16" in text
            assert convex != ("max(|h|, |g| / max_step, 1e-16)" in text)
            assert convex == is_convex(zoo.get(name))
    assert is_convex(sl.zoo.bce) and is_convex(sl.zoo.exponential)
    assert not is_convex(sl.zoo.hinge) and not is_convex(sl.zoo.savage) and not is_convex(sl.zoo.maxr)


def test_extreme_scores_give_finite_numbers(tmp_path: Path) -> None:
    score = np.array([-1e300, -1e4, -800.0, -40.0, 0.0, 40.0, 800.0, 1e4, 1e300])
    for name in zoo.names():
        module = exported(zoo.get(name), "xgboost", tmp_path)
        for y in (0.0, 1.0):
            gradient, hessian = module.gradient_hessian(score, np.full_like(score, y))
            assert np.isfinite(gradient).all() and np.isfinite(hessian).all() and (hessian > 0).all()


@pytest.fixture(scope="module")
def data() -> Data:
    features, y = load_breast_cancer(return_X_y=True)
    test = np.random.default_rng(3).random(len(y)) < 0.3
    return features[~test], y[~test], features[test], y[test]


def assert_learnt(score: np.ndarray, data: Data) -> None:
    _, y_train, _, y = data
    constant = log_loss(y, np.full(len(y), y_train.mean()))
    assert roc_auc_score(y, score) > 0.95
    assert log_loss(y, 1 / (1 + np.exp(-score))) < constant


TRAINED = ["bce", "focal", "maxr", "hinge", "savage", "mae", "logmin"]


@pytest.mark.parametrize("name", TRAINED)
def test_xgboost_learns(name: str, data: Data, tmp_path: Path) -> None:
    xgboost = pytest.importorskip("xgboost")
    x_train, y_train, x_test, _ = data
    module = exported(zoo.get(name).with_eps(EPS), "xgboost", tmp_path)
    parameters = {"max_depth": 3, "nthread": 1, "base_score": 0.0, "disable_default_eval_metric": True}
    booster = xgboost.train(parameters, xgboost.DMatrix(x_train, y_train), 15, obj=module.objective)
    native = booster.predict(xgboost.DMatrix(x_test), output_margin=True)
    assert_learnt(native, data)
    # XGBClassifier reads base_score as a probability, xgboost.train with a custom objective as a raw score.
    model = xgboost.XGBClassifier(
        objective=module.sklearn_objective, n_estimators=15, max_depth=3, n_jobs=1, base_score=0.5
    )
    model.fit(x_train, y_train)
    np.testing.assert_allclose(model.predict(x_test, output_margin=True), native, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", TRAINED)
def test_lightgbm_learns(name: str, data: Data, tmp_path: Path) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    x_train, y_train, x_test, _ = data
    module = exported(zoo.get(name).with_eps(EPS), "lightgbm", tmp_path)
    model = lightgbm.LGBMClassifier(objective=module.objective, n_estimators=15, n_jobs=1, verbose=-1)
    model.fit(x_train, y_train)
    assert_learnt(model.predict(x_test, raw_score=True), data)
    parameters = {"objective": module.train_objective, "num_threads": 1, "verbose": -1}
    booster = lightgbm.train(parameters, lightgbm.Dataset(x_train, y_train), 15)
    assert_learnt(booster.predict(x_test, raw_score=True), data)


def test_an_exported_bce_is_the_built_in_log_loss(data: Data, tmp_path: Path) -> None:
    xgboost = pytest.importorskip("xgboost")
    x_train, y_train, x_test, _ = data
    module = exported(sl.zoo.bce, "xgboost", tmp_path)
    weights = np.random.default_rng(4).uniform(0.5, 2, len(y_train))
    matrix = xgboost.DMatrix(x_train, y_train, weight=weights)
    plain = {"max_depth": 3, "nthread": 1, "disable_default_eval_metric": True}
    ours = xgboost.train(plain | {"base_score": 0.0}, matrix, 10, obj=module.objective)
    built_in = plain | {"objective": "binary:logistic", "base_score": 0.5}
    theirs = xgboost.train(built_in, matrix, 10)
    found, wanted = (model.predict(xgboost.DMatrix(x_test), output_margin=True) for model in (ours, theirs))
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_weights_and_options(tmp_path: Path) -> None:
    module = exported(sl.zoo.maxr, "lightgbm", tmp_path)
    score, y = np.array([0.5, -1.0]), np.array([1.0, 0.0])
    gradient, hessian = module.Objective(eps=0.1, max_step=1)(y, score)
    weighted = module.Objective(eps=0.1, max_step=1)(y, score, np.array([2.0, 3.0]))
    np.testing.assert_allclose(weighted, [gradient * [2, 3], hessian * [2, 3]])
    assert (np.abs(gradient) <= hessian * (1 + 1e-12)).all()
    with pytest.raises(ValueError, match="eps is -1"):
        module.Objective(eps=-1)(y, score)


def test_a_lightgbm_objective_can_be_pickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = exported(sl.zoo.maxr, "lightgbm", tmp_path)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    again = pickle.loads(pickle.dumps(module.Objective(eps=0.2)))
    assert again.eps == 0.2
