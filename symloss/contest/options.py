"""The options of a contest between found and handcrafted losses, and the settings of its fast trainings."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from symloss.constants import LARGEST_EPS, PAPER_EPS_GRID
from symloss.options.evaluate import SCALE_GRID as SCALE_GRID
from symloss.options.kinds import Epochs, Grid, Number, Share, Whole
from symloss.options.option import check_values, option
from symloss.options.search import Effectiveness
from symloss.training.clock import FAST_RATES
from symloss.training.settings import Optimizer, TrainingSettings

UNIT_SCALE_GRID = (0.25, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
"""The same for losses of unit gradient: MSE has it at 6, BCE at 2."""

EPS_GRID = Grid(of="eps", most=LARGEST_EPS)
COUNT = Whole(least=1)


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

    eps_grid: tuple[float, ...] = option(PAPER_EPS_GRID, "Of losses that leave eps open.", EPS_GRID)
    scale_grid: tuple[float, ...] = option(UNIT_SCALE_GRID, "Factors on every loss.", Grid(of="scale"))
    unit_scale: bool = True
    match_budget: bool = True
    rungs: tuple[int, ...] = option(Effectiveness.rungs, "Epochs of the rungs.", Epochs())
    screening_rate: float | None = option(None, "Learning rate of the rungs.", Number(above=0.0))
    judged_from: int = option(50, "Epochs of the first rung that judges losses.", COUNT)
    keep: float = option(1 / 2, "Share of the candidates that goes on.", Share())
    keep_configurations: float = option(1 / 3, "Share of a loss's configurations that goes on.", Share())
    finalists: int = option(4, "Losses that are trained to convergence.", COUNT)
    configurations: int = option(2, "Configurations of each of them.", COUNT)
    seed: int = 42
    ranking_seeds: int = option(3, "Seeds that choose the winner.", COUNT)
    final_seeds: int = option(Effectiveness.final_seeds, "Seeds of the last comparison.", COUNT)
    time_limit: float | None = option(None, "Seconds in all.", Number(above=0.0))

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            OptionError: a value is not allowed.
        """
        check_values(self)

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
