"""Measures a state on a part of a task."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from symloss.errors import DataError
from symloss.models.trainer import Trainer
from symloss.signature import Labels
from symloss.tasks.auc_rmse import sigmoid
from symloss.tasks.metric import Metric
from symloss.tasks.metrics.measure import measure_all
from symloss.tasks.part import Part
from symloss.tasks.task import Task


def predicts_score(dataset: Task, takes_score: bool) -> bool:
    """Return whether the prediction is the raw score rather than its sigmoid.

    With labels in [0, 1] a prediction is a probability, whatever the loss was
    given; with real labels it is what the loss was given.
    """
    return takes_score and dataset.signature.labels is Labels.REAL


def host_scores(trainer: Trainer, state: Any, part: Part) -> NDArray[np.float32]:
    """Return the raw scores of a part by one state as an array, shape (rows,)."""
    (scores,) = trainer.scores([state], part)
    return scores if isinstance(scores, np.ndarray) else scores.cpu().numpy()


def metric_of(
    scores: NDArray[np.float32], part: Part, dataset: Task, takes_score: bool, metric: Metric
) -> float:
    """Return the metric of raw scores of a part, shape (rows,)."""
    as_score = metric.ranks or predicts_score(dataset, takes_score)
    return metric.measure(scores, scores if as_score else sigmoid(scores), part.labels)


def every_metric_of(
    scores: NDArray[np.float32], part: Part, dataset: Task, takes_score: bool
) -> dict[str, float]:
    """Return every metric of the task for raw scores of a part, by name."""
    predictions = scores if predicts_score(dataset, takes_score) else sigmoid(scores)
    return measure_all(dataset.metrics, scores, predictions, part.labels)


def validation_metric(
    trainer: Trainer, state: Any, dataset: Task, takes_score: bool, metric: Metric
) -> float:
    """Return the metric of one state on the validation part."""
    part = dataset.validation
    return metric_of(host_scores(trainer, state, part), part, dataset, takes_score, metric)


def test_metrics(trainer: Trainer, state: Any, dataset: Task, takes_score: bool) -> dict[str, float]:
    """Return every metric of one state on the test part, by name."""
    part = dataset.test
    return every_metric_of(host_scores(trainer, state, part), part, dataset, takes_score)


def check_dataset(dataset: Task, metric: Metric) -> None:
    """Check that a task can be trained on and its validation metric is defined.

    Raises:
        DataError: a part has no rows, or the metric refuses the validation part.
    """
    for name, part in (("train", dataset.train), ("validation", dataset.validation)):
        if not len(part):
            raise DataError(f"the {name} part of {dataset.name} is empty; it needs at least one row")
    refusal = metric.refuses(dataset.validation)
    if refusal is not None:
        raise DataError(f"the validation part of {dataset.name} can't be measured: {refusal}")
