"""Measures a state on a part of a task."""

from __future__ import annotations

from typing import Any

from symloss.data.dataset import Dataset
from symloss.errors import DataError
from symloss.models.trainer import Recommender
from symloss.signature import Domain, Labels
from symloss.tasks.auc_rmse import sigmoid
from symloss.tasks.metric import Metric
from symloss.tasks.metrics.measure import measure_all
from symloss.tasks.rating_task import of
from symloss.tasks.task import Task


def predicts_score(signature: Domain, takes_score: bool) -> bool:
    """Return whether the prediction is the raw score rather than its sigmoid.

    With labels in [0, 1] a prediction is a probability, whatever the loss was
    given; with real labels it is what the loss was given.
    """
    return takes_score and signature.labels is Labels.REAL


def validation_metric(
    model: Recommender, state: Any, dataset: Task | Dataset, takes_score: bool, metric: Metric
) -> float:
    """Return the metric on the validation part."""
    task = of(dataset)
    part = task.validation
    scores = model.predict(state, *part.inputs)
    as_score = metric.ranks or predicts_score(task.signature, takes_score)
    return metric.measure(scores, scores if as_score else sigmoid(scores), part.labels)


def test_metrics(
    model: Recommender, state: Any, dataset: Task | Dataset, takes_score: bool
) -> dict[str, float]:
    """Return every metric of the task on the test part, by name."""
    task = of(dataset)
    part = task.test
    scores = model.predict(state, *part.inputs)
    predictions = scores if predicts_score(task.signature, takes_score) else sigmoid(scores)
    return measure_all(task.metrics, scores, predictions, part.labels)


def check_dataset(dataset: Task | Dataset, metric: Metric) -> None:
    """Check that a task can be trained on and its validation metric is defined.

    Raises:
        DataError: a part has no rows, or the metric refuses the validation part.
    """
    task = of(dataset)
    for name, part in (("train", task.train), ("validation", task.validation)):
        if not len(part):
            raise DataError(f"the {name} part of {task.name} is empty; it needs at least one row")
    refusal = metric.refuses(task.validation)
    if refusal is not None:
        raise DataError(f"the validation part of {task.name} can't be measured: {refusal}")
