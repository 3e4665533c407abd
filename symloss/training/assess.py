"""Measures a state on a part of a task."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from symloss.data.dataset import Dataset
from symloss.errors import DataError
from symloss.models.trainer import Trainer
from symloss.signature import Domain, Labels
from symloss.tasks.auc_rmse import sigmoid
from symloss.tasks.metric import Metric
from symloss.tasks.metrics.measure import measure_all
from symloss.tasks.part import Part
from symloss.tasks.rating_task import of
from symloss.tasks.task import Task


def predicts_score(signature: Domain, takes_score: bool) -> bool:
    """Return whether the prediction is the raw score rather than its sigmoid.

    With labels in [0, 1] a prediction is a probability, whatever the loss was
    given; with real labels it is what the loss was given.
    """
    return takes_score and signature.labels is Labels.REAL


def host_scores(trainer: Trainer, state: Any, part: Part) -> NDArray[np.float32]:
    """Return the raw scores of a part by one state as an array, shape (rows,)."""
    (scores,) = trainer.scores([state], part)
    return scores if isinstance(scores, np.ndarray) else scores.cpu().numpy()


def metric_of(
    scores: NDArray[np.float32], part: Part, signature: Domain, takes_score: bool, metric: Metric
) -> float:
    """Return the metric of raw scores of a part, shape (rows,)."""
    as_score = metric.ranks or predicts_score(signature, takes_score)
    return metric.measure(scores, scores if as_score else sigmoid(scores), part.labels)


def every_metric_of(
    scores: NDArray[np.float32], part: Part, task: Task, takes_score: bool
) -> dict[str, float]:
    """Return every metric of a task of raw scores of one of its parts, by name."""
    predictions = scores if predicts_score(task.signature, takes_score) else sigmoid(scores)
    return measure_all(task.metrics, scores, predictions, part.labels)


def validation_metric(
    trainer: Trainer, state: Any, dataset: Task | Dataset, takes_score: bool, metric: Metric
) -> float:
    """Return the metric on the validation part."""
    task = of(dataset)
    part = task.validation
    return metric_of(host_scores(trainer, state, part), part, task.signature, takes_score, metric)


def test_metrics(
    trainer: Trainer, state: Any, dataset: Task | Dataset, takes_score: bool
) -> dict[str, float]:
    """Return every metric of the task on the test part, by name."""
    task = of(dataset)
    return every_metric_of(host_scores(trainer, state, task.test), task.test, task, takes_score)


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
