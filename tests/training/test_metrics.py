"""Metrics against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from symloss.tasks.auc_rmse import auc, f1_and_accuracy, rmse, sigmoid
from symloss.tasks.metrics import NAMES, get
from symloss.tasks.metrics.measure import measure_all


def _arrays(scores, labels):
    return np.array(scores, np.float32), np.array(labels, np.float32)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.sampled_from([0.0, -0.0, 0.5, -1.0, 1e-45, 3e38, -3e38, math.inf, -math.inf]),
                      st.floats(width=32, allow_nan=False)),
            st.integers(0, 1),
        ),
        min_size=2, max_size=60,
    )
)  # fmt: skip
def test_auc_and_f1_agree_with_scikit_learn(rows):
    scores, labels = _arrays(*zip(*rows, strict=True))
    if labels.min() == labels.max():
        assert math.isnan(auc(scores, labels))
        assert all(map(math.isnan, f1_and_accuracy(scores, labels)))
        return
    # Ranks keep the order and the ties, and every oracle accepts them.
    ranks = np.searchsorted(np.unique(scores), scores)
    assert auc(scores, labels) == pytest.approx(oracle.roc_auc_score(labels, ranks), abs=1e-12)
    f1, accuracy = f1_and_accuracy(scores, labels)
    precision, recall, thresholds = oracle.precision_recall_curve(labels, ranks)
    with np.errstate(invalid="ignore"):
        curve = np.nan_to_num(2 * precision * recall / (precision + recall))[:-1]
    assert f1 == pytest.approx(curve.max(), abs=1e-12)
    lowest = thresholds[np.flatnonzero(curve >= curve.max() - 1e-12)[0]]
    assert accuracy == pytest.approx(oracle.accuracy_score(labels, ranks >= lowest), abs=1e-12)


@pytest.mark.parametrize("levels", [2, 50, 10**6])
def test_large_input_with_ties(levels):
    generator = np.random.default_rng(levels)
    scores, labels = _arrays(
        generator.integers(0, levels, 3000) / levels - 0.3, generator.integers(0, 2, 3000)
    )
    assert auc(scores, labels) == pytest.approx(oracle.roc_auc_score(labels, scores), abs=1e-12)


def test_undefined_is_nan():
    for labels in ([1, 1, 1], [0, 0, 0], [0, 0.5, 1], []):
        scores, labels = _arrays(np.arange(len(labels)), labels)
        assert math.isnan(auc(scores, labels))
        assert all(map(math.isnan, f1_and_accuracy(scores, labels)))
    assert math.isnan(auc(*_arrays([math.nan, 1], [0, 1])))
    assert math.isnan(rmse(*_arrays([], [])))


def test_all_metrics_agree_with_scikit_learn():
    generator = np.random.default_rng(0)
    scores, labels = _arrays(generator.normal(0, 2, 500), generator.integers(0, 2, 500))
    predictions = sigmoid(scores)
    np.testing.assert_allclose(predictions, 1 / (1 + np.exp(-scores.astype(np.float64))), rtol=1e-6)
    found = measure_all(map(get, NAMES), scores, predictions, labels)
    assert tuple(found) == NAMES
    assert found["auc"] == pytest.approx(oracle.roc_auc_score(labels, scores))
    assert found["rmse"] == pytest.approx(oracle.root_mean_squared_error(labels, predictions), rel=1e-6)
    assert found["mae"] == pytest.approx(oracle.mean_absolute_error(labels, predictions), rel=1e-6)


def test_sigmoid_does_not_overflow():
    np.testing.assert_array_equal(sigmoid(np.float32([-1e30, 0, 1e30])), [0, 0.5, 1])
