"""Metrics of all members at once against scikit-learn and the CPU's."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn import metrics as oracle

from symloss.models import registry
from symloss.tasks.kinds import CLASSIFICATION, watching
from symloss.tasks.metrics import AUC, RMSE
from symloss.tasks.metrics.on_device import auc_rows, f1_and_accuracy_rows, rmse_rows
from symloss.tasks.rating_task import of
from symloss.training import device_metrics
from symloss.training.assess import test_metrics as measure
from symloss.training.assess import validation_metric
from symloss.training.device_metrics import every_metric_rows, metric_rows
from symloss.training.population_metrics import all_test_metrics, validation_metrics
from symloss.training.settings import TrainingSettings


def trainers(name, data):
    """Return what trains a model by its kernel, and on a device."""
    settings = (TrainingSettings(), TrainingSettings(device="torch-cpu"))
    return [registry.trainer_for(registry.get(name), of(data), one) for one in settings]


@pytest.mark.parametrize("distinct", [2, 5, 40, 10_000])
def test_auc_with_ties(distinct):
    generator = np.random.default_rng(distinct)
    scores = (generator.integers(0, distinct, (7, 300)) - distinct // 2).astype(np.float32) / 8
    labels = generator.integers(0, 2, 300).astype(np.float32)
    found = auc_rows(torch.from_numpy(scores), torch.from_numpy(labels))
    assert found.dtype == torch.float64
    for row, value in zip(scores, found.tolist(), strict=True):
        assert value == pytest.approx(oracle.roc_auc_score(labels, row), abs=1e-12)


def test_auc_of_zeros_and_infinities():
    scores = torch.tensor(
        [[-0.0, 0.0, 0.0, -0.0], [-math.inf, -1, 1, math.inf], [math.inf, 1, -1, -math.inf]]
    )
    assert auc_rows(scores, torch.tensor([0.0, 1.0, 0.0, 1.0])).tolist() == [0.5, 0.75, 0.25]


def test_auc_where_it_is_undefined():
    scores = torch.tensor([[0.1, 0.2, 0.3], [0.1, math.nan, 0.3]])
    one, other = auc_rows(scores, torch.tensor([0.0, 1.0, 1.0])).tolist()
    assert one == 1.0
    assert math.isnan(other)
    for labels in ([0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.5, 1.0]):
        assert all(math.isnan(value) for value in auc_rows(scores, torch.tensor(labels)).tolist())


def test_rmse():
    generator = np.random.default_rng(0)
    predictions, labels = (
        generator.normal(0, 2, (5, 100)).astype(np.float32),
        generator.random(100).astype(np.float32),
    )
    found = rmse_rows(torch.from_numpy(predictions), torch.from_numpy(labels)).tolist()
    for row, value in zip(predictions, found, strict=True):
        assert value == pytest.approx(oracle.root_mean_squared_error(labels, row), rel=1e-6)


def test_pieces_do_not_matter(monkeypatch):
    scores = torch.rand(9, 50, generator=torch.Generator().manual_seed(0))
    labels, flags = (torch.arange(50) % 2).float(), torch.arange(9) % 2 == 0
    for metric in (AUC(), RMSE()):
        whole = metric_rows(scores, labels, flags, metric)
        monkeypatch.setattr(device_metrics, "_NUMBERS_AT_A_TIME", 100)
        assert metric_rows(scores, labels, flags, metric).tolist() == whole.tolist()
        monkeypatch.undo()


@pytest.mark.parametrize(("metric", "kind"), [(AUC(), "dataset"), (RMSE(), "dataset"), (RMSE(), "ratings")])
def test_states_of_every_kind(metric, kind, request):
    data = request.getfixturevalue(kind)
    kernel, device = trainers("mf", data)
    task = kernel.task
    flags = [False, True, False, True]
    plain = [kernel.start(seed) for seed in range(4)]
    expected = [
        validation_metric(kernel, s, task, flag, metric) for s, flag in zip(plain, flags, strict=True)
    ]
    # States on the host are measured there, whatever the device.
    assert validation_metrics(device, plain, task, flags, metric) == expected
    assert validation_metrics(kernel, plain, task, flags, metric) == expected
    states = [device.start(seed) for seed in range(4)]
    found = validation_metrics(device, states, task, flags, metric)
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("distinct", [2, 3, 8, 10_000])
def test_every_metric_with_ties(distinct):
    generator = np.random.default_rng(distinct)
    scores = ((generator.integers(0, distinct, (9, 201)) - distinct // 2) / 8).astype(np.float32)
    labels = generator.integers(0, 2, 201).astype(np.float32)
    flags = np.arange(9) % 2 == 0
    found = every_metric_rows(
        *(torch.from_numpy(array) for array in (scores, labels, flags)),
        watching(CLASSIFICATION.metrics, None),
    )
    assert tuple(found) == ("auc", "f1", "accuracy", "rmse", "mae")
    for k, row in enumerate(scores):
        thresholds = np.unique(row)
        f1 = [oracle.f1_score(labels, row >= threshold) for threshold in thresholds]
        # Of equal ones the lowest threshold, as argmax has it.
        best = thresholds[int(np.argmax(np.round(f1, 12)))]
        predictions = row if flags[k] else 1 / (1 + np.exp(-row.astype(np.float64)))
        expected = {
            "auc": oracle.roc_auc_score(labels, row),
            "f1": max(f1),
            "accuracy": oracle.accuracy_score(labels, row >= best),
            "rmse": oracle.root_mean_squared_error(labels, predictions),
            "mae": oracle.mean_absolute_error(labels, predictions),
        }
        assert {name: float(values[k]) for name, values in found.items()} == pytest.approx(expected, rel=1e-6)


def test_f1_where_it_is_undefined():
    scores = torch.tensor([[0.1, 0.2, 0.3], [0.1, math.nan, 0.3]])
    f1, accuracy = (values.tolist() for values in f1_and_accuracy_rows(scores, torch.tensor([0.0, 1.0, 1.0])))
    assert (f1[0], accuracy[0]) == (1.0, 1.0)
    assert math.isnan(f1[1]) and math.isnan(accuracy[1])
    for labels in ([0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.5, 1.0]):
        found = torch.stack(f1_and_accuracy_rows(scores, torch.tensor(labels)))
        assert torch.isnan(found).all()


@pytest.mark.parametrize("kind", ["dataset", "ratings"])
@pytest.mark.parametrize("name", ["mf", "mlp"])
def test_test_metrics_of_all_states_are_those_of_the_host(name, kind, request):
    data = request.getfixturevalue(kind)
    (kernel, device), flags = trainers(name, data), [False, True, False]
    states = [device.start(seed) for seed in range(3)]
    found = all_test_metrics(device, states, device.task, flags)
    expected = [
        measure(kernel, device.to_host(state), kernel.task, flag)
        for state, flag in zip(states, flags, strict=True)
    ]
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other, rel=1e-5, nan_ok=True)
