"""What old names of metrics and baselines stand for; `symloss.deprecated` hands them out, with a warning.

Of today are `symloss.tasks.metrics`, the references of a task, and `symloss.tasks.kinds`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symloss.data.dataset import Dataset
from symloss.tasks.kinds import CLASSIFICATION, KINDS
from symloss.tasks.metric import Metric
from symloss.tasks.metrics.measure import measure_all
from symloss.tasks.metrics.registry import get
from symloss.tasks.rating_task import RatingTask
from symloss.tasks.references import Reference

NAMES = CLASSIFICATION.metrics
METRICS = {name: one.metrics[0] for name, one in KINDS.items()}
BASELINES = {name: one.baselines for name, one in KINDS.items()}
CONTEST_BASELINES = {name: one.contest_baselines for name, one in KINDS.items()}


def all_metrics(
    scores: NDArray[np.float32], predictions: NDArray[np.float32], labels: NDArray[np.float32]
) -> dict[str, float]:
    """Return AUC, F1, accuracy, RMSE and MAE by name; arguments as of `Metric.measure`."""
    return measure_all(map(get, NAMES), scores, predictions, labels)


def references(dataset: Dataset, metric: Metric) -> tuple[Reference, ...]:
    """Return the trivial baselines of a data set of ratings."""
    return RatingTask.of(dataset).references(metric)
