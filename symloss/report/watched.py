"""What a run watched on its validation part: the metric that its results are ordered and judged by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symloss.errors import OptionError
from symloss.report.values import mapping, text
from symloss.tasks.kinds import CLASSIFICATION, KINDS
from symloss.tasks.metric import Metric
from symloss.tasks.metrics.described import described
from symloss.tasks.metrics.registry import get


def watched_metric(config: Mapping[str, Any]) -> Metric:
    """Return the validation metric of a run.

    A run keeps its options and, since version 0.2, the metrics of its task; what is missing or damaged is taken from
    the kind of the task.
    """
    options = mapping(config.get("options"))
    usual = KINDS.get(text(options.get("task"), 40), CLASSIFICATION).metric
    name = text(options.get("metric"), 40) or usual.name
    try:
        return get(name, described(config.get("metrics")))
    except OptionError:
        return usual
