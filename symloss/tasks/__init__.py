"""What is learned and how it is measured: tasks, their parts, metrics, references.

`ratings` and `features` make tasks of frames, arrays and files; `of` makes one of a data set. The public names are
loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symloss.tasks import metrics
    from symloss.tasks.feature_task import FeatureTask
    from symloss.tasks.make_features import features
    from symloss.tasks.make_ratings import ratings
    from symloss.tasks.metric import Metric
    from symloss.tasks.part import Part
    from symloss.tasks.rating_task import RatingTask, of
    from symloss.tasks.references import Reference
    from symloss.tasks.task import Task

__all__ = [
    "FeatureTask",
    "Metric",
    "Part",
    "RatingTask",
    "Reference",
    "Task",
    "features",
    "metrics",
    "of",
    "ratings",
]

_HOME = {
    "FeatureTask": "symloss.tasks.feature_task",
    "features": "symloss.tasks.make_features",
    "ratings": "symloss.tasks.make_ratings",
    "Metric": "symloss.tasks.metric",
    "Part": "symloss.tasks.part",
    "RatingTask": "symloss.tasks.rating_task",
    "Reference": "symloss.tasks.references",
    "Task": "symloss.tasks.task",
    "of": "symloss.tasks.rating_task",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    if name == "metrics":
        return importlib.import_module("symloss.tasks.metrics")
    raise AttributeError(f"module 'symloss.tasks' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
