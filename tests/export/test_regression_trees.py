"""Tree objectives for real labels: against the built-in objectives of LightGBM and XGBoost, for labels of any size."""

from __future__ import annotations

import copy
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_friedman1

import symloss as sl
from symloss import zoo
from symloss.export import export
from tests.export.oracle import load_module

FEATURES, LABELS = make_friedman1(1200, noise=2.0, random_state=1)
TEST = np.arange(len(LABELS)) % 3 == 0
SIZES = {
    "near 1000": lambda y: y + 1000,
    "small": lambda y: y * 1e-4,
    "negative": lambda y: -100 * y,
    "large": lambda y: y * 1e5 + 1e7,
    "outliers": lambda y: np.where(np.arange(len(y)) % 50 == 7, y * 200, y),
}


def pinball(quantile: float) -> sl.Loss:
    below = round(quantile - 1, 2)
    return sl.Loss(f"max({quantile}*(y - yhat), {below}*(y - yhat))", labels="real")


def real(name: str) -> sl.Loss:
    return zoo.get(name).with_domain("real", "score")


def pinball_of(quantile: float, y: np.ndarray, predicted: np.ndarray) -> float:
    return float(np.where(y > predicted, quantile * (y - predicted), (1 - quantile) * (predicted - y)).mean())


def fitted(estimator: Any, y: np.ndarray) -> np.ndarray:
    return np.asarray(estimator.fit(FEATURES[~TEST], y[~TEST]).predict(FEATURES[TEST]))


def boosted(library: str, objective: Any, **options: Any) -> Any:
    if library == "lightgbm":
        module = pytest.importorskip("lightgbm")
        return module.LGBMRegressor(objective=objective, n_jobs=1, verbose=-1, **options)
    module = pytest.importorskip("xgboost")
    return module.XGBRegressor(objective=objective, n_jobs=1, max_depth=4, **options)


def builtin_quantile(library: str, quantile: float) -> Any:
    if library == "lightgbm":
        return boosted(library, "quantile", alpha=quantile)
    return boosted(library, "reg:quantileerror", quantile_alpha=quantile)


def shared(module: Any, library: str) -> Any:
    return module.objective if library == "lightgbm" else module.sklearn_objective


@pytest.mark.parametrize("library", ["lightgbm", "xgboost"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_pinball_is_near_the_builtin_quantile_objective(
    library: str, size: str, quantile: float, tmp_path: Path
) -> None:
    y = SIZES[size](LABELS)
    module = load_module(export(pinball(quantile), library), tmp_path)
    theirs = fitted(builtin_quantile(library, quantile), y)
    wanted, covered = pinball_of(quantile, y[TEST], theirs), float((y[TEST] <= theirs).mean())
    for objective in (shared(module, library), module.make_objective(y[~TEST])):
        ours = fitted(boosted(library, objective), y)
        assert pinball_of(quantile, y[TEST], ours) < 1.12 * wanted
        share = float((y[TEST] <= ours).mean())
        assert abs(share - quantile) < abs(covered - quantile) + 0.07


@pytest.mark.parametrize("library", ["lightgbm", "xgboost"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["mse", "huber", "log-cosh"])
def test_losses_for_real_labels_learn_labels_of_any_size(
    library: str, size: str, name: str, tmp_path: Path
) -> None:
    y = SIZES[size](LABELS)
    ours = fitted(boosted(library, shared(load_module(export(real(name), library), tmp_path), library)), y)
    plain = np.abs(y[TEST] - np.median(y[~TEST])).mean()
    squared = np.abs(y[TEST] - y[~TEST].mean()).mean()
    # A squared error follows outliers.
    if name != "mse" or size != "outliers":
        assert np.abs(y[TEST] - ours).mean() < (1.0 if size == "outliers" else 0.75) * max(plain, squared)


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5, 1.0])
def test_any_learning_rate_arrives(rate: float, tmp_path: Path) -> None:
    module = load_module(export(pinball(0.9), "lightgbm"), tmp_path)
    ours = fitted(boosted("lightgbm", module.objective, learning_rate=rate, n_estimators=30), LABELS + 1000)
    assert 0.6 < float((LABELS[TEST] + 1000 <= ours).mean()) < 0.98


def test_mse_is_the_builtin_squared_error(tmp_path: Path) -> None:
    module = load_module(export(real("mse"), "lightgbm"), tmp_path)
    np.testing.assert_allclose(
        fitted(boosted("lightgbm", module.objective), LABELS),
        fitted(boosted("lightgbm", "l2"), LABELS),
        rtol=0.02,
    )


def test_start_and_the_functions_of_old(tmp_path: Path) -> None:
    lightgbm, xgboost = pytest.importorskip("lightgbm"), pytest.importorskip("xgboost")
    y = LABELS + 1000
    module = load_module(export(pinball(0.9), "lightgbm"), tmp_path)
    assert module.make_objective(y).start == pytest.approx(np.quantile(y, 0.9), abs=0.1)
    assert load_module(export(real("mse"), "xgboost"), tmp_path).make_objective(y).start == pytest.approx(
        y.mean()
    )
    for objective in (module.train_objective, module.make_objective(y), module.Objective(max_step=2)):
        data = lightgbm.Dataset(FEATURES, y)
        trained = lightgbm.train({"objective": objective, "verbose": -1, "num_threads": 1}, data, 60)
        assert (y <= trained.predict(FEATURES)).mean() > 0.75
    module = load_module(export(pinball(0.9), "xgboost"), tmp_path)
    start = module.make_objective(y).start
    for objective, options in ((module.objective, {}), (module.make_objective(y), {"base_score": start})):
        trained = xgboost.train({"nthread": 1, **options}, xgboost.DMatrix(FEATURES, y), 60, obj=objective)
        assert 0.75 < (y <= trained.predict(xgboost.DMatrix(FEATURES))).mean() < 0.99
    gradient, hessian = module.gradient_hessian(np.zeros(3), np.array([1.0, -1.0, 5.0]), max_step=2)
    np.testing.assert_allclose(gradient, [-0.9, 0.1, -0.9])
    np.testing.assert_allclose(hessian, np.abs(gradient) / 2)


def test_weights_count_as_repeated_rows(tmp_path: Path) -> None:
    module = load_module(export(pinball(0.9), "lightgbm"), tmp_path)
    y = np.array([1.0, 2.0, 3.0, 4.0, 100.0])
    weight = np.array([10.0, 10.0, 10.0, 10.0, 1.0])
    assert module.make_objective(y, weight).start == pytest.approx(4.0, abs=1e-6)
    assert module.make_objective(y).start == pytest.approx(100.0, abs=1e-6)
    assert module.make_objective(y, np.ones(5)).start == pytest.approx(100.0, abs=1e-6)


def test_an_objective_serves_one_training_after_the_other_and_can_be_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = load_module(export(pinball(0.5), "lightgbm"), tmp_path)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    first = fitted(boosted("lightgbm", module.objective), LABELS + 1000)
    fitted(boosted("lightgbm", module.objective), -LABELS)
    np.testing.assert_array_equal(fitted(boosted("lightgbm", module.objective), LABELS + 1000), first)
    for again in (copy.deepcopy(module.objective), pickle.loads(pickle.dumps(module.objective))):
        np.testing.assert_array_equal(fitted(boosted("lightgbm", again), LABELS + 1000), first)


def test_a_log_link_starts_from_the_labels(tmp_path: Path) -> None:
    counts = np.random.default_rng(2).poisson(np.exp(LABELS / 5))
    module = load_module(export(sl.Loss("exp(yhat) - y*yhat", labels="real"), "lightgbm"), tmp_path)
    assert module.make_objective(counts).start == pytest.approx(np.log(counts.mean()))
    ours = np.exp(fitted(boosted("lightgbm", module.objective), counts.astype(float)))
    assert np.corrcoef(ours, np.exp(LABELS[TEST] / 5))[0, 1] > 0.7
    assert ours.mean() == pytest.approx(counts[TEST].mean(), rel=0.15)


def test_the_text_speaks_of_predictions_not_of_logits() -> None:
    for target in ("lightgbm", "xgboost", "torch", "numpy"):
        text = export(pinball(0.9), target)
        assert "logit)" not in text and "the prediction, any real number" in text
    assert "a raw score (a logit)" in export(zoo.hinge, "torch")
