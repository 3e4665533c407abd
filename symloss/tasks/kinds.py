"""What is asked of labelled rows: for each kind of task its metrics and the handcrafted losses to compare with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symloss.errors import OptionError, unknown_name
from symloss.signature import Labels
from symloss.tasks.metric import Metric
from symloss.tasks.metrics.registry import get


@dataclass(frozen=True)
class Kind:
    """A kind of task.

    Attributes:
        name: what --task calls it.
        metrics: names; the first is watched during training.
        baselines: named losses that found ones are compared with.
        contest_baselines: those that the winner of a contest is compared with.
        labels: the labels that it is for; None for any.
    """

    name: str
    metrics: tuple[str, ...]
    baselines: tuple[str, ...]
    contest_baselines: tuple[str, ...]
    labels: Labels | None = None

    @property
    def metric(self) -> Metric:
        """The one that is watched."""
        return get(self.metrics[0])


CLASSIFICATION = Kind(
    "classification",
    ("auc", "f1", "accuracy", "rmse", "mae"),
    ("bce", "mse"),
    ("bce", "mse", "focal", "hinge"),
    Labels.BINARY,
)
REGRESSION = Kind(
    "regression", ("rmse", "mae", "auc", "f1", "accuracy"), ("mse", "mae"), ("mse", "mae", "huber")
)

KINDS: Mapping[str, Kind] = {one.name: one for one in (CLASSIFICATION, REGRESSION)}
"""By name; to add one, add an entry above."""


def kind(name: str) -> Kind:
    """Return the kind of task of that name.

    Raises:
        OptionError: there is none.
    """
    if name not in KINDS:
        raise OptionError(unknown_name("task", name, KINDS, "--task takes one of these"))
    return KINDS[name]


def kind_of(labels: Labels) -> Kind:
    """Return what is usually asked of such labels: classification of 0 and 1, regression of all others."""
    return CLASSIFICATION if labels is Labels.BINARY else REGRESSION


def watching(names: tuple[str, ...], metric: str | Metric | None) -> tuple[Metric, ...]:
    """Return the metrics of these names, with `metric` first where it is given.

    Raises:
        OptionError: there is no such metric.
    """
    first = [] if metric is None else [get(metric)]
    return (*first, *(get(name) for name in names if name not in {one.name for one in first}))
