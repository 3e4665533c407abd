"""The options of a search, with the paper's settings as defaults (AutoLossGen, section 4.1)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from symloss.domain import DEFAULT_EPS
from symloss.errors import OptionError, unknown_name
from symloss.loss import LARGEST_EPS
from symloss.models.registry import NAMES as MODELS
from symloss.ops.constants import XI
from symloss.ops.registry import operator_set
from symloss.search.grammar import LossGrammar
from symloss.search.strategies import check_strategy
from symloss.training.settings import TrainingSettings

PAPER_EPS_GRID = (1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
"""The values of eps that phase III tries."""

DEFAULT_TIME_LIMIT = 600.0
"""Seconds of phase I where neither a time nor a number of loops is given."""

BASELINES = {"classification": ("bce", "mse"), "regression": ("mse", "mae")}
"""For each task, the zoo losses that the result is compared with; the keys are the tasks."""

METRICS = {"classification": "auc", "regression": "rmse"}
"""For each task, the validation metric."""


@dataclass(frozen=True)
class SearchOptions:
    """What to search, how and for how long.

    Attributes:
        task: "classification" (reward: more validation AUC) or "regression" (less RMSE).
        model: name of the recommender.
        strategy: name of what proposes losses.
        operators: names of operators; "paper" and "extended" stand for sets.
        n_variables: most variables of a loss, with yhat, y and 1 among them.
        batch: losses a loop.
        delta: gradients closer than this are the same (absolute up to size 1, relative above).
        eta: a reward below -eta counts as -1, and no such loss changes the recommender.
        eps: the smoothing during phases I and II's numeric part.
        loops: loops of phase I at most; None for no limit.
        time_limit: seconds of phase I at most; None for no limit, but 600 where `loops` is None too.
        check_first: do not train losses whose gradient points the wrong way at a sampled prediction.
        max_checks: losses that phase II checks at most.
        survivors: losses that phase III trains to convergence at most.
        screen: losses that phase III trains for `screen_epochs` at most, to find the survivors.
        screen_epochs: epochs of that; None (the paper's way) takes survivors in the order of their reward.
        eps_grid, scale_grid: what phase III tries for each loss.
        evaluation_time: seconds of phase III at most; None for no limit.
        seed: of the strategy, the points of the proxy test and the recommender.
        training: how models are trained; its metric and seed follow from `task` and `seed`.
    """

    task: str = "classification"
    model: str = "mf"
    strategy: str = "reinforce"
    operators: tuple[str, ...] = ("paper",)
    n_variables: int = 10
    batch: int = 100
    delta: float = 1e-4
    eta: float = 1e-5
    eps: float = DEFAULT_EPS
    loops: int | None = None
    time_limit: float | None = None
    check_first: bool = False
    max_checks: int = 500
    survivors: int = 10
    screen: int = 60
    screen_epochs: int | None = None
    eps_grid: tuple[float, ...] = PAPER_EPS_GRID
    scale_grid: tuple[float, ...] = (1.0,)
    evaluation_time: float | None = None
    seed: int = 42
    training: TrainingSettings = field(default_factory=TrainingSettings)

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            OptionError: a value is not allowed; the message names it and what is.
        """
        if self.task not in BASELINES:
            raise OptionError(unknown_name("task", self.task, BASELINES, "--task takes one of these"))
        if self.model not in MODELS:
            raise OptionError(unknown_name("model", self.model, MODELS, "--model takes one of these"))
        check_strategy(self.strategy)
        operator_set(self.operators)
        LossGrammar(self.operators, self.n_variables)
        for name, least in (("batch", 1), ("survivors", 1), ("screen", 1), ("max_checks", 1), ("seed", 0)):
            _whole(name, getattr(self, name), least)
        for name in ("loops", "screen_epochs"):
            if getattr(self, name) is not None:
                _whole(name, getattr(self, name), 1)
        for name in ("delta", "eta"):
            _number(name, getattr(self, name), above=0.0 if name == "delta" else None, most=1.0)
        for name in ("time_limit", "evaluation_time"):
            if getattr(self, name) is not None:
                _number(name, getattr(self, name), above=0.0)
        _number("eps", self.eps, above=None, least=XI, most=LARGEST_EPS)
        check_grid("eps", self.eps_grid, XI, LARGEST_EPS)
        check_grid("scale", self.scale_grid, None, None)
        if self.loops is None and self.time_limit is None:
            object.__setattr__(self, "time_limit", DEFAULT_TIME_LIMIT)
        training = replace(self.training, metric=METRICS[self.task], seed=self.seed)
        object.__setattr__(self, "training", training)

    @property
    def higher_is_better(self) -> bool:
        """Whether more of the validation metric is better."""
        return self.task == "classification"

    @property
    def wanted(self) -> int:
        """Valid losses that phase II looks for."""
        return self.survivors if self.screen_epochs is None else max(self.screen, self.survivors)

    def to_json(self) -> dict[str, Any]:
        """Return all values, ready for JSON."""
        return asdict(self)


def check_grid(name: str, values: Sequence[float], least: float | None, most: float | None) -> None:
    """Accept a non-empty grid of positive numbers without repetitions.

    Raises:
        OptionError: it is empty, repeats a value, or holds one that is out of range.
    """
    if not len(values):
        raise OptionError(f"the {name} grid is empty; give at least one number")
    for value in values:
        _number(name, value, above=0.0, least=least, most=most)
    if len(set(values)) < len(values):
        raise OptionError(f"the {name} grid {', '.join(f'{value:g}' for value in values)} repeats a value")


def _whole(name: str, value: object, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise OptionError(f"{name} is {value!r}; it must be a whole number of at least {least}")


def _number(
    name: str, value: object, *, above: float | None, least: float | None = None, most: float | None = None
) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    low = 0.0 if least is None else least
    wrong = not number or value < low or (above is not None and value <= above)  # type: ignore[operator]
    if wrong or (most is not None and value > most):  # type: ignore[operator]
        bounds = f"above {above:g}" if above is not None and least is None else f"at least {low:g}"
        bounds += "" if most is None else f" and at most {most:g}"
        raise OptionError(f"{name} is {value!r}; it must be a finite number {bounds}")
