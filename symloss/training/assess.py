"""Measures a state on a part of a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from symloss.errors import DataError
from symloss.models.trainer import Recommender
from symloss.signature import Labels
from symloss.tasks.auc_rmse import all_metrics, auc, rmse, sigmoid
from symloss.training.settings import Metric

if TYPE_CHECKING:
    from symloss.data.dataset import Dataset


def predicts_score(dataset: Dataset, takes_score: bool) -> bool:
    """Return whether the prediction is the raw score rather than its sigmoid.

    With labels in [0, 1] a prediction is a probability, whatever the loss was
    given; with real labels it is what the loss was given.
    """
    return takes_score and dataset.labels is Labels.REAL


def validation_metric(
    model: Recommender, state: Any, dataset: Dataset, takes_score: bool, metric: Metric
) -> float:
    """Return the metric on the validation part."""
    part = dataset.validation
    scores = model.predict(state, part.users, part.items)
    if metric is Metric.AUC:
        return float(auc(scores, part.labels))
    predictions = scores if predicts_score(dataset, takes_score) else sigmoid(scores)
    return float(rmse(predictions, part.labels))


def test_metrics(model: Recommender, state: Any, dataset: Dataset, takes_score: bool) -> dict[str, float]:
    """Return every metric on the test part, by name (see `metrics.all_metrics`)."""
    part = dataset.test
    scores = model.predict(state, part.users, part.items)
    predictions = scores if predicts_score(dataset, takes_score) else sigmoid(scores)
    return all_metrics(scores, predictions, part.labels)


def check_dataset(dataset: Dataset, metric: Metric) -> None:
    """Check that a data set can be trained on and its validation metric is defined.

    Raises:
        DataError: a part has no rows, or AUC is wanted and validation labels are not both 0 and 1.
    """
    for name in ("train", "validation"):
        if not len(getattr(dataset, name)):
            raise DataError(f"the {name} part of {dataset.name} is empty; it needs at least one row")
    found = set(np.unique(dataset.validation.labels).tolist())
    if metric is Metric.AUC and found != {0.0, 1.0}:
        shown = ", ".join(f"{label:g}" for label in sorted(found)[:5])
        raise DataError(
            f"AUC needs validation labels 0 and 1, both; {dataset.name} has {shown}; "
            "use the metric 'rmse' or another split"
        )
