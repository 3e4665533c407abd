"""The options of a search, with the paper's settings as defaults (AutoLossGen, section 4.1)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, TypeVar

from symloss.deprecated import old_names
from symloss.errors import OptionError
from symloss.models.registry import check_name
from symloss.ops.registry import operator_set
from symloss.options.kinds import Whole
from symloss.options.option import option
from symloss.options.search import (
    DUPLICATES,
    EFFECTIVENESS,
    REWARDS,
    Budget,
    Candidates,
    Effectiveness,
    Rewards,
)
from symloss.options.training import Problem
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.strategies.registry import check_strategy
from symloss.tasks.kinds import KINDS, kind, kind_of
from symloss.tasks.metric import Metric
from symloss.tasks.metrics.registry import get
from symloss.tasks.task import Task
from symloss.training.settings import TrainingSettings

__all__ = [
    "DEFAULT_TIME_LIMIT",
    "DUPLICATES",
    "EFFECTIVENESS",
    "REWARDS",
    "SECTIONS",
    "SearchOptions",
]

DEFAULT_TIME_LIMIT = 600.0
"""Seconds of phase I where neither a time nor a number of loops is given."""


S = TypeVar("S")

SECTIONS: tuple[type, ...] = (Problem, Candidates, Rewards, Budget, Effectiveness)
"""What the options of a search are put together from, in the order of `--help`."""


@dataclass(frozen=True)
class SearchOptions(Effectiveness, Budget, Rewards, Candidates, Problem):
    """What to search, how and for how long: all fields of `SECTIONS`, side by side.

    `options.budget`, `options.rewards` and so on give the sections for themselves.

    Attributes:
        task: what is asked: "classification" (reward: more validation AUC) or "regression" (less RMSE).
        model: name of the recommender.
        seed: of the strategy, the points of the proxy test and the recommender.
        training: how models are trained; its metric and seed follow from `task`, `metric` and `seed`.
        metric: what is watched on the validation part, a name or a metric; None for that of the task.
    """

    seed: int = option(42, "Drives everything random.", Whole())
    training: TrainingSettings = field(default_factory=TrainingSettings)

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            OptionError: a value is not allowed; the message names it and what is.
        """
        asked = kind(self.task)
        object.__setattr__(self, "model", check_name(self.model))
        check_strategy(self.strategy)
        operator_set(self.operators)
        LossGrammar(self.operators, self.n_variables)
        super().__post_init__()
        if self.loops is None and self.time_limit is None and self.max_trained is None:
            object.__setattr__(self, "time_limit", DEFAULT_TIME_LIMIT)
        metric = asked.metric if self.metric is None else self.metric
        training = replace(self.training, metric=metric, seed=self.seed)
        object.__setattr__(self, "training", training)
        # the task's own is written as None, so that equal searches have equal options
        watched = training.validation_metric
        object.__setattr__(self, "metric", None if watched == asked.metric else training.metric)

    def section(self, kind: type[S]) -> S:
        """Return the fields of one of `SECTIONS`, for themselves."""
        return kind(**{one.name: getattr(self, one.name) for one in fields(kind)})  # type: ignore[arg-type]

    @property
    def candidates(self) -> Candidates:
        """Which losses are proposed and trained."""
        return self.section(Candidates)

    @property
    def rewards(self) -> Rewards:
        """What a loss is rewarded for."""
        return self.section(Rewards)

    @property
    def budget(self) -> Budget:
        """What ends the phases."""
        return self.section(Budget)

    @property
    def contest(self) -> Effectiveness:
        """How phases II and III compare what was found."""
        return self.section(Effectiveness)

    @property
    def higher_is_better(self) -> bool:
        """Whether more of the validation metric is better."""
        return self.training.validation_metric.higher_is_better

    def for_task(self, task: Task) -> SearchOptions:
        """Return the same options for what a task watches."""
        watched = task.metrics[0]
        kinds = [one for one in KINDS.values() if one.metric == watched]
        kinds += [one for one in KINDS.values() if one.baselines == tuple(task.baselines)]
        asked = kinds[0] if kinds else kind_of(task.signature.labels)
        return replace(self, task=asked.name, metric=watched)

    @property
    def wanted(self) -> int:
        """Valid losses that phase II looks for."""
        return self.survivors if self.screen_epochs is None else max(self.screen, self.survivors)

    def to_json(self) -> dict[str, Any]:
        """Return all values, ready for JSON."""
        document = asdict(replace(self, metric=None))
        own = {"metric": None if self.metric is None else str(self.metric)}
        return {**document, "warm_start": list(self.warm_start), "training": self.training.to_json(), **own}

    @classmethod
    def from_json(cls, document: Mapping[str, Any], metrics: Iterable[Metric] = ()) -> SearchOptions:
        """Return the options that `to_json` wrote.

        Args:
            document: of the options.
            metrics: further metrics that it may name, such as those of a task of your own.

        Raises:
            OptionError: an option is unknown to this version, or a value is not allowed.
        """
        known = {entry.name for entry in fields(cls)}
        unknown = sorted(set(document) - known)
        if unknown:
            raise OptionError(f"this version of symloss has no search option {', '.join(unknown)}")
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in document.items()
        }
        settings = dict(values.pop("training", {}))
        if settings.get("gradient_clip", 0.0) is None:
            # JSON has no infinity
            settings["gradient_clip"] = math.inf
        # the metric follows from the task and `metric`
        settings.pop("metric", None)
        if values.get("metric") is not None:
            values["metric"] = get(values["metric"], metrics)
        return cls(**values, training=TrainingSettings(**settings))


__getattr__ = old_names(__name__)
