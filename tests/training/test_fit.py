"""Training to convergence: early stopping, independence of members, divergence, interruption."""

from __future__ import annotations

import math
import threading
from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics as oracle

from symloss.errors import DataError
from symloss.models import registry
from symloss.ops.opcode import Opcode
from symloss.training.fit import fit
from symloss.training.member import Member, pack
from symloss.training.orders import epoch_order
from symloss.training.outcome import Outcome
from symloss.training.settings import TrainingSettings
from tests.compile.programs import BCE, HINGE, MAXR, MSE, program
from tests.models.by_hand import ByHand

MODEL, HAND = registry.get("mf"), ByHand("mf")
SETTINGS = TrainingSettings(learning_rate=0.5, max_epochs=40, patience=5, batch_size=64, threads=2)
MEMBERS = [
    Member(MSE, label="mse"),
    Member(BCE, scale=2.0, seed=1),
    Member(MAXR, eps=0.1, seed=2),
    Member(HINGE, takes_score=True, seed=3),
]
NAN_LOSS = program((Opcode.SUBTRACT, 0, 0), (Opcode.DIVIDE, 3, 3))


def _same(a, b):
    assert (a.history, a.best_epoch, a.epochs, a.outcome) == (b.history, b.best_epoch, b.epochs, b.outcome)
    assert a.metrics == b.metrics
    for one, other in zip(a.state.arrays(), b.state.arrays(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_results_depend_neither_on_population_nor_on_threads(dataset):
    together = fit(MODEL, MEMBERS, dataset, SETTINGS)
    alone = [fit(MODEL, [member], dataset, replace(SETTINGS, threads=1))[0] for member in MEMBERS]
    for a, b in zip(together, alone, strict=True):
        _same(a, b)
    assert [result.member.label for result in together] == ["mse", "", "", ""]


def test_early_stopping_and_metrics_are_those_of_the_best_epoch(dataset):
    seen = []
    settings = replace(SETTINGS, max_epochs=2000, patience=30)
    (result,) = fit(MODEL, MEMBERS[:1], dataset, settings, progress=lambda *event: seen.append(event))
    assert result.outcome is Outcome.CONVERGED
    assert result.epochs == result.best_epoch + 30 == len(result.history)
    assert result.valid_metric == max(result.history) == result.history[result.best_epoch - 1]
    assert result.history.index(result.valid_metric) == result.best_epoch - 1
    assert seen == [(0, epoch, metric) for epoch, metric in enumerate(result.history, 1)]
    assert result.seconds > 0
    assert result.valid_metric > 0.6
    part = dataset.test
    scores = HAND.predict(result.state, part.users, part.items).astype(np.float64)
    assert result.metrics["auc"] == pytest.approx(oracle.roc_auc_score(part.labels, scores))
    predictions = 1 / (1 + np.exp(-scores))
    assert result.metrics["rmse"] == pytest.approx(
        oracle.root_mean_squared_error(part.labels, predictions), rel=1e-5
    )
    assert set(result.metrics) == {"auc", "f1", "accuracy", "rmse", "mae"}


def test_epochs_are_those_of_the_model(dataset):
    settings = replace(SETTINGS, max_epochs=3)
    (result,) = fit(MODEL, MEMBERS[1:2], dataset, settings)
    assert result.outcome is Outcome.MAX_EPOCHS
    state = HAND.initial_state(dataset.n_users, dataset.n_items, 1)
    for epoch in (1, 2, 3):
        order = epoch_order(1, epoch, len(dataset.train))
        HAND.train_epoch([state], pack(MEMBERS[1:2]), [order], [0], dataset.train, settings)
        part = dataset.validation
        auc = oracle.roc_auc_score(part.labels, HAND.predict(state, part.users, part.items))
        assert result.history[epoch - 1] == pytest.approx(auc)


def test_rmse_is_better_when_lower(dataset):
    (result,) = fit(MODEL, MEMBERS[:1], dataset, replace(SETTINGS, metric="rmse"))
    assert result.valid_metric == min(result.history)


def test_real_labels_are_predicted_by_the_score(ratings):
    settings = replace(SETTINGS, metric="rmse", learning_rate=0.05)
    (result,) = fit(MODEL, [Member(MSE, takes_score=True)], ratings, settings)
    part = ratings.test
    scores = HAND.predict(result.state, part.users, part.items)
    assert result.metrics["rmse"] == pytest.approx(
        oracle.root_mean_squared_error(part.labels, scores), rel=1e-5
    )
    assert math.isnan(result.metrics["auc"])


def test_a_diverged_member_leaves_the_others_alone(dataset):
    first, second, third = fit(MODEL, [MEMBERS[0], Member(NAN_LOSS), MEMBERS[2]], dataset, SETTINGS)
    assert second.outcome is Outcome.DIVERGED
    assert (second.epochs, second.best_epoch, second.history, second.metrics) == (0, 0, [], {})
    assert math.isnan(second.valid_metric)
    assert second.state is None
    _same(first, fit(MODEL, MEMBERS[:1], dataset, SETTINGS)[0])
    assert third.outcome is not Outcome.DIVERGED


def test_late_divergence_keeps_the_best_epoch(dataset):
    # (score - y)**2 at a rate too high: a few epochs of growth, then infinity.
    settings = replace(SETTINGS, learning_rate=2.0, gradient_clip=math.inf, l2=0.0, batch_size=900)
    (result,) = fit(MODEL, [Member(MSE, takes_score=True)], dataset, settings)
    assert result.outcome is Outcome.DIVERGED
    assert result.epochs == len(result.history) >= 1
    assert result.metrics["auc"] > 0


def test_stop_event_interrupts(dataset):
    stop = threading.Event()

    def progress(number, epoch, metric):
        if epoch == 3:
            stop.set()

    settings = replace(SETTINGS, max_epochs=10**6, patience=10**6)
    results = fit(MODEL, MEMBERS[:2], dataset, settings, progress=progress, stop=stop)
    assert [result.outcome for result in results] == [Outcome.INTERRUPTED] * 2
    assert max(result.epochs for result in results) >= 3
    assert results[0].metrics or results[1].metrics
    stop.set()
    (never,) = fit(MODEL, MEMBERS[:1], dataset, settings, stop=stop)
    assert (never.outcome, never.epochs) == (Outcome.INTERRUPTED, 0)


def test_an_error_in_progress_ends_the_others(dataset):
    def progress(number, epoch, metric):
        raise ValueError("from the caller")

    settings = replace(SETTINGS, max_epochs=10**6, patience=10**6)
    with pytest.raises(ValueError, match="from the caller"):
        fit(MODEL, MEMBERS, dataset, settings, progress=progress)


def test_what_can_not_be_trained(dataset):
    assert fit(MODEL, [], dataset, SETTINGS) == []
    one_label = replace(
        dataset, validation=dataset.validation.take(np.flatnonzero(dataset.validation.labels))
    )
    with pytest.raises(
        DataError, match="the validation part of .* can't be measured: AUC needs labels 0 and 1"
    ):
        fit(MODEL, MEMBERS, one_label, SETTINGS)
    assert fit(MODEL, MEMBERS[:1], one_label, replace(SETTINGS, metric="rmse"))[0].epochs
    with pytest.raises(DataError, match="the train part of made up is empty"):
        fit(MODEL, MEMBERS, replace(dataset, train=dataset.train.take(np.arange(0))), SETTINGS)
    without_test = replace(dataset, test=dataset.test.take(np.arange(0)))
    assert fit(MODEL, MEMBERS[:1], without_test, SETTINGS)[0].metrics == {}


def test_a_population_that_is_trained_side_by_side(dataset):
    model = registry.get("mlp")
    members = [*MEMBERS[:3], Member(NAN_LOSS), Member(BCE, seed=6)]
    settings = replace(SETTINGS, learning_rate=0.05, max_epochs=8, patience=3)
    together = fit(model, members, dataset, settings)
    assert together[3].outcome is Outcome.DIVERGED
    for k in (0, 2, 4):
        (alone,) = fit(model, members[k : k + 1], dataset, replace(settings, threads=1))
        assert (alone.history, alone.metrics, alone.outcome) == (
            together[k].history, together[k].metrics, together[k].outcome,
        )  # fmt: skip
