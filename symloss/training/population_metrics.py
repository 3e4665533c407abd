"""Metrics of all members at once, computed where their scores are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from symloss.data.dataset import Dataset
from symloss.models.trainer import Trainer
from symloss.tasks.metric import Metric
from symloss.tasks.part import Part
from symloss.tasks.rating_task import of
from symloss.tasks.task import Task
from symloss.training.assess import every_metric_of, metric_of, predicts_score

if TYPE_CHECKING:
    from torch import Tensor


def validation_metrics(
    trainer: Trainer,
    states: Sequence[Any],
    dataset: Task | Dataset,
    takes_score: Sequence[bool],
    metric: Metric,
) -> list[float]:
    """Return the metric of each state on the validation part.

    Args:
        trainer: what made the states.
        states: K states.
        dataset: the trainer's task, or its data set of ratings; its validation part is used.
        takes_score: for each state, whether its loss sees the raw score.
        metric: which.
    """
    if not states:
        return []
    task = of(dataset)
    part = task.validation
    scores = trainer.scores(states, part)
    if isinstance(scores, np.ndarray):
        return [
            metric_of(row, part, task.signature, flag, metric)
            for row, flag in zip(scores, takes_score, strict=True)
        ]
    # Imported here: the kernels' states do without torch.
    from symloss.training.device_metrics import metric_rows

    values: list[float] = metric_rows(*_on_device(scores, part, task, takes_score), metric).tolist()
    return values


def all_test_metrics(
    trainer: Trainer, states: Sequence[Any], dataset: Task | Dataset, takes_score: Sequence[bool]
) -> list[dict[str, float]]:
    """Return every metric of the task of each state on the test part, by name; arguments as of `validation_metrics`."""
    if not states:
        return []
    task = of(dataset)
    part = task.test
    scores = trainer.scores(states, part)
    if isinstance(scores, np.ndarray):
        return [every_metric_of(row, part, task, flag) for row, flag in zip(scores, takes_score, strict=True)]
    from symloss.training.device_metrics import every_metric_rows

    found = every_metric_rows(*_on_device(scores, part, task, takes_score), task.metrics)
    columns = {name: values.tolist() for name, values in found.items()}
    return [{name: values[k] for name, values in columns.items()} for k in range(len(states))]


def _on_device(
    scores: Tensor, part: Part, task: Task, takes_score: Sequence[bool]
) -> tuple[Tensor, Tensor, Tensor]:
    """Return scores, labels and which scores are predictions, on the device of the scores."""
    import torch

    labels = torch.from_numpy(part.labels).to(scores.device)
    as_score = torch.tensor(
        [predicts_score(task.signature, flag) for flag in takes_score], device=scores.device
    )
    return scores, labels, as_score
