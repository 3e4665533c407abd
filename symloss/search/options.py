"""The options of a search, with the paper's settings as defaults (AutoLossGen, section 4.1)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from symloss.contest.grids import PAPER_EPS_GRID, _number, check_grid
from symloss.errors import OptionError, unknown_name
from symloss.formula.allowed import LARGEST_EPS
from symloss.models.registry import check_name
from symloss.ops.constants import XI
from symloss.ops.registry import operator_set
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.strategies.registry import check_strategy
from symloss.signature import DEFAULT_EPS
from symloss.tasks.kinds import KINDS, kind, kind_of
from symloss.tasks.metric import Metric
from symloss.tasks.metrics.registry import get
from symloss.tasks.task import Task
from symloss.training.settings import TrainingSettings

DEFAULT_TIME_LIMIT = 600.0
"""Seconds of phase I where neither a time nor a number of loops is given."""

EFFECTIVENESS = ("paper", "contest")
"""How phase III works; see `SearchOptions.effectiveness`."""

REWARDS = ("epoch", "fresh")
"""What a loss is rewarded for; see `SearchOptions.reward`."""

DUPLICATES = ("exact", "sampled")
"""How known gradients are told; see `SearchOptions.duplicates`."""


@dataclass(frozen=True)
class SearchOptions:
    """What to search, how and for how long.

    Attributes:
        task: what is asked: "classification" (reward: more validation AUC) or "regression" (less RMSE).
        model: name of the recommender.
        strategy: name of what proposes losses.
        operators: names of operators; "paper" and "extended" stand for sets.
        n_variables: most variables of a loss, with yhat, y and 1 among them.
        batch: losses a loop.
        delta: gradients closer than this are the same (absolute up to size 1, relative above).
        eta: a reward below -eta counts as -1, and no such loss changes the recommender.
        reward: "epoch" (how much one epoch improves the current recommender, as in the paper) or "fresh" (what
            training a fresh recommender for `reward_epochs` reaches).
        reward_epochs: epochs of a fresh reward.
        reward_learning_rate: of a fresh reward; None for 30 times that of `training`, at most 0.3.
        search_eps, search_scale: the eps and scales that phase I tries for each loss; the best one counts.
        unit_scale: whether `search_scale` is relative to a gradient on the logit of 1 in the mean (`unit_gradient`).
        loops: loops of phase I at most; None for no limit.
        time_limit: seconds of phase I at most; None for no limit, but 600 where there is no other budget.
        max_trained: losses trained in phase I, after which it ends with its loop; None for no limit.
        check_first: do not train losses whose gradient points the wrong way at a sampled prediction.
        proxy_test: drop losses with a zero or a known gradient; without, every sampled loss is trained.
        reward_filter: whether gains below -eta count as -1 and change no recommender.
        duplicates: "exact" (a gradient counts as known once the symbolic test confirms it) or "sampled".
        max_complexity: losses with more operators are not trained; None for no limit.
        strategy_options: further arguments of the strategy, by name.
        warm_start: losses that the strategy begins from: names or formulas.
        effectiveness: "paper" (each survivor and baseline is trained at each eps and scale, with one seed) or
            "contest" (scale-fair: all losses get the same grid of scales and eps, halving leaves the best, several
            seeds choose the winner, and a paired test compares it with the best handcrafted loss).
        coefficients: for so many of the best survivors, numbers inside the loss are fitted before the contest.
        rungs: epochs of the contest's rungs; losses are judged from the second one on.
        rung_learning_rate: of the rungs; None for what `ContestOptions` takes.
        finalists, ranking_seeds, final_seeds: of the contest; see `ContestOptions`.
        max_checks: losses that phase II checks at most.
        survivors: losses that phase III trains to convergence at most.
        screen: losses that phase III trains for `screen_epochs` at most, to find the survivors.
        screen_epochs: epochs of that; None (the paper's way) takes survivors in the order of their reward.
        eps_grid, scale_grid: what phase III tries for each loss.
        evaluation_time: seconds of phase III at most; None for no limit.
        seed: of the strategy, the points of the proxy test and the recommender.
        training: how models are trained; its metric and seed follow from `task`, `metric` and `seed`.
        metric: what is watched on the validation part, a name or a metric; None for that of the task.
    """

    task: str = "classification"
    model: str = "mf"
    strategy: str = "reinforce"
    operators: tuple[str, ...] = ("paper",)
    n_variables: int = 10
    batch: int = 100
    delta: float = 1e-4
    eta: float = 1e-5
    reward: str = "epoch"
    reward_epochs: int = 25
    reward_learning_rate: float | None = None
    search_eps: tuple[float, ...] = (DEFAULT_EPS,)
    search_scale: tuple[float, ...] = (1.0,)
    unit_scale: bool = False
    loops: int | None = None
    time_limit: float | None = None
    max_trained: int | None = None
    check_first: bool = False
    proxy_test: bool = True
    reward_filter: bool = True
    duplicates: str = "exact"
    max_complexity: int | None = None
    strategy_options: dict[str, Any] = field(default_factory=dict)
    warm_start: tuple[str, ...] = ()
    effectiveness: str = "paper"
    coefficients: int = 0
    rungs: tuple[int, ...] = (25, 50, 100)
    rung_learning_rate: float | None = None
    finalists: int = 3
    ranking_seeds: int = 2
    final_seeds: int = 8
    max_checks: int = 500
    survivors: int = 10
    screen: int = 60
    screen_epochs: int | None = None
    eps_grid: tuple[float, ...] = PAPER_EPS_GRID
    scale_grid: tuple[float, ...] = (1.0,)
    evaluation_time: float | None = None
    seed: int = 42
    training: TrainingSettings = field(default_factory=TrainingSettings)
    metric: Metric | str | None = None

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
        _one_of("reward", self.reward, REWARDS)
        _one_of("duplicates", self.duplicates, DUPLICATES)
        _one_of("effectiveness", self.effectiveness, EFFECTIVENESS)
        for name in ("finalists", "ranking_seeds", "final_seeds"):
            _whole(name, getattr(self, name), 1)
        for epochs in self.rungs:
            _whole("an entry of rungs", epochs, 1)
        if not self.rungs or list(self.rungs) != sorted(set(self.rungs)):
            raise OptionError(
                f"rungs are {self.rungs!r}; they must be epochs, increasing, such as (25, 50, 100)"
            )
        _whole("coefficients", self.coefficients, 0)
        if self.coefficients and self.effectiveness != "contest":
            raise OptionError(
                "coefficients are fitted before a contest; choose effectiveness 'contest' as well"
            )
        for name in ("batch", "survivors", "screen", "max_checks", "reward_epochs"):
            _whole(name, getattr(self, name), 1)
        _whole("seed", self.seed, 0)
        for name in ("loops", "screen_epochs", "max_trained", "max_complexity"):
            if getattr(self, name) is not None:
                _whole(name, getattr(self, name), 1)
        if self.check_first and not self.proxy_test:
            raise OptionError(
                "check_first drops losses before training, and without the proxy test every loss is trained; "
                "choose one of the two"
            )
        for name in ("delta", "eta"):
            _number(name, getattr(self, name), above=0.0 if name == "delta" else None, most=1.0)
        for name in ("time_limit", "evaluation_time", "reward_learning_rate", "rung_learning_rate"):
            if getattr(self, name) is not None:
                _number(name, getattr(self, name), above=0.0)
        for name in ("search_eps", "eps_grid"):
            check_grid("eps", getattr(self, name), XI, LARGEST_EPS)
        for name in ("search_scale", "scale_grid"):
            check_grid("scale", getattr(self, name), None, None)
        if self.loops is None and self.time_limit is None and self.max_trained is None:
            object.__setattr__(self, "time_limit", DEFAULT_TIME_LIMIT)
        metric = asked.metric if self.metric is None else self.metric
        training = replace(self.training, metric=metric, seed=self.seed)
        object.__setattr__(self, "training", training)
        # the task's own is written as None, so that equal searches have equal options
        watched = training.validation_metric
        object.__setattr__(self, "metric", None if watched == asked.metric else training.metric)

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


def _one_of(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise OptionError(unknown_name(name, str(value), allowed, f"{name} takes one of these"))


def _whole(name: str, value: object, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise OptionError(f"{name} is {value!r}; it must be a whole number of at least {least}")
