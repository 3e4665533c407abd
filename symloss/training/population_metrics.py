"""Metrics of all members at once, computed where their scores are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from symloss.data.dataset import Dataset
from symloss.models.trainer import Recommender
from symloss.tasks.metric import Metric
from symloss.tasks.part import Part
from symloss.tasks.rating_task import of
from symloss.tasks.task import Task
from symloss.training.assess import predicts_score, test_metrics, validation_metric

if TYPE_CHECKING:
    from torch import Tensor


def validation_metrics(
    model: Recommender,
    states: Sequence[Any],
    dataset: Task | Dataset,
    takes_score: Sequence[bool],
    metric: Metric,
) -> list[float]:
    """Return the metric of each state on the validation part.

    Args:
        model: what the states belong to; it may have a method `predict_all` that gives the scores of all
            states as one tensor, or None.
        states: K states.
        dataset: the task, or a data set of ratings; its validation part is used.
        takes_score: for each state, whether its loss sees the raw score.
        metric: which.
    """
    task = of(dataset)
    found = _scores(model, states, task, takes_score, task.validation)
    if found is None:
        return [
            validation_metric(model, state, task, flag, metric)
            for state, flag in zip(states, takes_score, strict=True)
        ]
    # Imported here: the kernels' states do without torch.
    from symloss.training.device_metrics import metric_rows

    values: list[float] = metric_rows(*found, metric).tolist()
    return values


def all_test_metrics(
    model: Recommender, states: Sequence[Any], dataset: Task | Dataset, takes_score: Sequence[bool]
) -> list[dict[str, float]]:
    """Return every metric of the task of each state on the test part, by name; arguments as of `validation_metrics`."""
    task = of(dataset)
    found = _scores(model, states, task, takes_score, task.test)
    if found is None:
        return [
            test_metrics(model, state, task, flag) for state, flag in zip(states, takes_score, strict=True)
        ]
    from symloss.training.device_metrics import every_metric_rows

    columns = {name: values.tolist() for name, values in every_metric_rows(*found, task.metrics).items()}
    return [{name: values[k] for name, values in columns.items()} for k in range(len(states))]


def _scores(
    model: Recommender,
    states: Sequence[Any],
    task: Task,
    takes_score: Sequence[bool],
    part: Part,
) -> tuple[Tensor, Tensor, Tensor] | None:
    """Return scores, labels and which scores are predictions, on the states' device; None without one."""
    together = getattr(model, "predict_all", None)
    scores: Tensor | None = together(states, *part.inputs) if states and together else None
    if scores is None:
        return None
    import torch

    labels = torch.from_numpy(part.labels).to(scores.device)
    as_score = torch.tensor(
        [predicts_score(task.signature, flag) for flag in takes_score], device=scores.device
    )
    return scores, labels, as_score
