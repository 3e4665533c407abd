"""The options of a contest between found and handcrafted losses, and the settings of its fast trainings."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from symloss.contest.grids import PAPER_EPS_GRID, check_grid
from symloss.errors import OptionError
from symloss.formula.allowed import LARGEST_EPS
from symloss.training.clock import FAST_RATES, LEAST_PATIENCE
from symloss.training.settings import Optimizer, TrainingSettings

SCALE_GRID = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Factors that every loss is tried at."""

UNIT_SCALE_GRID = (0.25, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
"""The same for losses of unit gradient: MSE has it at 6, BCE at 2."""


def accelerated(settings: TrainingSettings) -> TrainingSettings:
    """Return settings with a larger learning rate and as many times fewer epochs.

    The product of rate and epochs, how far training gets, stays. Settings that are fast
    already are returned as they are.
    """
    factor = FAST_RATES[Optimizer(settings.optimizer)] / settings.learning_rate
    if factor <= 1:
        return settings
    return replace(
        settings,
        learning_rate=settings.learning_rate * factor,
        max_epochs=max(1, math.ceil(settings.max_epochs / factor)),
        patience=max(LEAST_PATIENCE, math.ceil(settings.patience / factor)),
    )


@dataclass(frozen=True)
class ContestOptions:
    """How much is tried, and on how many seeds.

    Attributes:
        eps_grid: values of eps for losses that leave it open.
        scale_grid: factors on every loss; with `unit_scale` relative to its unit gradient, and the loss as it is too.
        unit_scale: whether losses are first brought to a gradient on the logit of 1 in the mean (`unit_gradient`), so
            that the grid means the same for a loss that is written ten times as steep.
        match_budget: give losses with no eps, or few valid ones, as many configurations as the one with most has,
            by a finer grid of scales over the same range.
        rungs: epochs of each rung of successive halving, increasing.
        screening_rate: learning rate of the rungs; None for 0.3 with SGD and 0.01 with Adam, or the settings'
            own where that is larger.
        judged_from: rungs of fewer epochs only choose among the configurations of each loss; the losses
            themselves are judged from here on (and always by the last rung).
        keep: share of the candidates that goes on from a rung that judges them; in (0, 1).
        keep_configurations: share of each loss's configurations that goes on; in (0, 1).
        finalists: losses that are trained to convergence (baselines are not counted).
        configurations: for each of them and each baseline, how many of its configurations.
        seed: of the rungs; further seeds count up from it.
        ranking_seeds: trainings to convergence of each configuration that choose the winner by validation.
        final_seeds: trainings of the winner and the baselines whose test metrics are read. With 8, the
            exact two-sided Wilcoxon test can reach the level of 0.01.
        time_limit: seconds in all; None for no limit.
    """

    eps_grid: tuple[float, ...] = PAPER_EPS_GRID
    scale_grid: tuple[float, ...] = UNIT_SCALE_GRID
    unit_scale: bool = True
    match_budget: bool = True
    rungs: tuple[int, ...] = (25, 50, 100)
    screening_rate: float | None = None
    judged_from: int = 50
    keep: float = 1 / 2
    keep_configurations: float = 1 / 3
    finalists: int = 4
    configurations: int = 2
    seed: int = 42
    ranking_seeds: int = 3
    final_seeds: int = 8
    time_limit: float | None = None

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            OptionError: a value is not allowed.
        """
        check_grid("eps", self.eps_grid, None, LARGEST_EPS)
        check_grid("scale", self.scale_grid, None, None)
        for name in ("finalists", "configurations", "ranking_seeds", "final_seeds", "judged_from"):
            if not _whole(getattr(self, name)):
                raise OptionError(
                    f"{name} is {getattr(self, name)!r}; it must be a whole number of at least 1"
                )
        if (
            not all(_whole(epochs) for epochs in self.rungs)
            or list(self.rungs) != sorted(set(self.rungs))
            or not self.rungs
        ):
            raise OptionError(
                f"rungs are {self.rungs!r}; they must be whole numbers of epochs, increasing, such as (25, 50, 100)"
            )
        for name in ("keep", "keep_configurations"):
            if not 0 < getattr(self, name) < 1:
                raise OptionError(
                    f"{name} is {getattr(self, name)!r}; it must be between 0 and 1, such as 0.5"
                )
        if self.screening_rate is not None and not 0 < self.screening_rate < math.inf:
            raise OptionError(f"screening_rate is {self.screening_rate!r}; it must be a positive number")
        if self.time_limit is not None and not 0 < self.time_limit < math.inf:
            raise OptionError(f"time_limit is {self.time_limit!r}; it must be a positive number of seconds")

    def rung_settings(self, settings: TrainingSettings) -> list[TrainingSettings]:
        """Return the settings of each rung.

        No rung goes further than training by `settings` does (rate times epochs); rungs that become
        equal by that count once.
        """
        rate = self.screening_rate
        if rate is None:
            rate = max(settings.learning_rate, FAST_RATES[Optimizer(settings.optimizer)])
        longest = max(1, math.ceil(settings.max_epochs * settings.learning_rate / rate))
        lengths = sorted({min(epochs, longest) for epochs in self.rungs})
        return [
            replace(settings, learning_rate=rate, max_epochs=epochs, patience=epochs) for epochs in lengths
        ]

    def to_json(self) -> dict[str, Any]:
        """Return all values, ready for JSON."""
        return asdict(self)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
