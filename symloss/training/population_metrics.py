"""The validation metric of all members at once, computed where their scores are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from symloss.models.recommender import Recommender
from symloss.training.assess import predicts_score, validation_metric
from symloss.training.settings import Metric

if TYPE_CHECKING:
    from symloss.data.dataset import Dataset


def validation_metrics(
    model: Recommender, states: Sequence[Any], dataset: Dataset, takes_score: Sequence[bool], metric: Metric
) -> list[float]:
    """Return the metric of each state on the validation part.

    Args:
        model: what the states belong to; it may have a method `predict_all` that gives the scores of all
            states as one tensor, or None.
        states: K states.
        dataset: its validation part is used.
        takes_score: for each state, whether its loss sees the raw score.
        metric: which.
    """
    if not states:
        return []
    part = dataset.validation
    together = getattr(model, "predict_all", None)
    scores = None if together is None else together(states, part.users, part.items)
    if scores is None:
        return [
            validation_metric(model, state, dataset, flag, metric)
            for state, flag in zip(states, takes_score, strict=True)
        ]
    # Imported here: the kernels' states do without torch.
    import torch

    from symloss.training.device_metrics import metric_rows

    labels = torch.from_numpy(part.labels).to(scores.device)
    as_score = torch.tensor([predicts_score(dataset, flag) for flag in takes_score], device=scores.device)
    values: list[float] = metric_rows(scores, labels, as_score, metric).tolist()
    return values
