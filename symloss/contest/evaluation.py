"""Phase III for given losses: train a fresh model to convergence with each of them.

Every loss is tried at every eps and every scale of the grids, as one population;
for each loss and seed the trial with the best validation metric counts, and only
its test metrics are read. A scale multiplies the loss: against the L2 term it
acts as a learning rate does, so all losses get the same grid of scales.
`symloss.contest.contest` compares many losses with few handcrafted ones at less cost.
"""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symloss import zoo
from symloss.compile.realness import refuse_unreal
from symloss.constants import LARGEST_EPS, PAPER_EPS_GRID
from symloss.contest.significance import Comparison, compare_with_best
from symloss.contest.trial import Trial, grid
from symloss.contest.trial_runner import TrialRecord, TrialRunner, read_test
from symloss.contest.trial_store import Store
from symloss.contest.verdict import Scored
from symloss.data.dataset import Dataset
from symloss.deprecated import old_names
from symloss.engine.engine import Engine
from symloss.engine.local import LocalEngine
from symloss.errors import OptionError
from symloss.formula.param_grid import expand
from symloss.interrupt import stop_on_interrupt
from symloss.loss import Loss
from symloss.models.model import Model
from symloss.options.kinds import check_grid
from symloss.progress import SearchEvent, silent
from symloss.training.settings import TrainingSettings

__all__ = [
    "EvaluationResult",
    "Trial",
    "evaluate",
    "evaluate_and_compare",
    "grid",
    "result_of",
]


@dataclass(frozen=True)
class EvaluationResult:
    """A loss and seed at its best eps and scale by validation.

    Attributes:
        loss: its name, or its formula.
        formula: its formula, without the scale, with numbers for its named constants.
        eps: the best value, None where the loss has none.
        scale: the best factor.
        seed: of the initial state and the order of interactions.
        metrics: those of the task on the test part at the best epoch, by name.
        valid_metric: the best validation metric.
        best_epoch: its epoch.
        epochs: epochs trained.
        seconds: of training, for this trial alone.
        outcome: how its training ended, a sentence.
        trials: grid points tried.
        labels, input: its domain.
        params: the best values of its named constants.
    """

    loss: str
    formula: str
    eps: float | None
    scale: float
    seed: int
    metrics: dict[str, float]
    valid_metric: float
    best_epoch: int
    epochs: int
    seconds: float
    outcome: str
    trials: int
    labels: str = "binary"
    input: str = "probability"
    params: dict[str, float] = field(default_factory=dict)

    @property
    def fitted(self) -> Loss:
        """The loss itself, with its eps, its scale and its domain."""
        name = self.loss if zoo.is_name(self.loss) else None
        return Loss(
            self.formula, eps=self.eps, labels=self.labels, input=self.input, name=name, scale=self.scale
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON; the domain is that of the data, which stands beside it."""
        left_out = ("labels", "input")
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in left_out}

    def scored(self, metric: str) -> Scored:
        """Return the loss in words, with its eps and scale, and a test metric."""
        eps = "" if self.eps is None else f" at eps {self.eps:g}"
        scale = "" if self.scale == 1 else f", times {self.scale:g}"
        return Scored(f"{self.loss}{eps}{scale}", self.metrics.get(metric, math.nan))


def evaluate(
    losses: Sequence[Loss],
    dataset: Dataset,
    architecture: Model,
    settings: TrainingSettings,
    *,
    eps_grid: Sequence[float] = PAPER_EPS_GRID,
    scale_grid: Sequence[float] = (1.0,),
    param_grid: Mapping[str, Sequence[float]] | None = None,
    seeds: Sequence[int] = (42,),
    progress: Callable[[SearchEvent], None] = silent,
    stop: threading.Event | None = None,
) -> list[EvaluationResult]:
    """Train with each loss to convergence and report the test metrics.

    Args:
        losses: at least one.
        dataset: train, validation and test part.
        architecture: the model.
        settings: how to train; `metric` decides what is best on validation.
        eps_grid: values for losses whose eps is open.
        scale_grid: factors for all losses.
        param_grid: values of named constants, by name, for the losses that have them; None for those they have.
        seeds: each loss is trained with each of them.
        progress: receives `EvaluationStep`s.
        stop: ends training early; the best so far is reported. So does Ctrl-C; a second one ends at once.

    Returns:
        One result for each loss and seed, in this order.

    Raises:
        OptionError: nothing to evaluate, or a grid has a value that is not allowed.
    """
    engine = LocalEngine(architecture, dataset, settings)
    return evaluate_and_compare(
        losses,
        engine,
        eps_grid=eps_grid,
        scale_grid=scale_grid,
        param_grid=param_grid,
        seeds=seeds,
        progress=progress,
        stop=stop,
    )[0]


def evaluate_and_compare(
    losses: Sequence[Loss],
    engine: Engine,
    *,
    eps_grid: Sequence[float] = PAPER_EPS_GRID,
    scale_grid: Sequence[float] = (1.0,),
    param_grid: Mapping[str, Sequence[float]] | None = None,
    seeds: Sequence[int] = (42,),
    progress: Callable[[SearchEvent], None] = silent,
    stop: threading.Event | None = None,
    store: Store | None = None,
) -> tuple[list[EvaluationResult], Comparison | None]:
    """Train as `evaluate` does, and test whether the best loss differs from the others.

    Args:
        losses, eps_grid, scale_grid, param_grid, seeds, progress, stop: as for `evaluate`.
        engine: of the model, the data and the settings.
        store: holds finished trainings, which are not repeated; None remembers nothing.

    Returns:
        The results, and the tests between the loss with the best mean validation metric and each
        other one; None with one loss or one seed, or where a training has no test metrics.

    Raises:
        OptionError: as for `evaluate`.
        DomainError: a loss is none for its labels, or not a real number for some scores.
    """
    if not losses:
        raise OptionError("there is no loss to evaluate; name at least one")
    if not seeds:
        raise OptionError("there is no seed; give at least one")
    versions = [_versions(loss, param_grid or {}) for loss in losses]
    for loss in itertools.chain(*versions):
        refuse_unreal(loss)
    check_grid("eps", eps_grid, None, LARGEST_EPS)
    check_grid("scale", scale_grid, None, None)
    groups = [
        [trial for one in each for trial in grid(one, eps_grid, scale_grid, [seed])]
        for each in versions
        for seed in seeds
    ]
    with stop_on_interrupt(stop) as event:
        tested = best_of_groups(groups, TrialRunner(engine, store, progress, event))
    results = [result for result, _ in tested]
    if len(losses) < 2 or len(seeds) < 2:
        return results, None
    count = len(seeds)
    comparison = compare_with_best(
        [each[0].title if len(each) == 1 else each[0].name or each[0].formula for each in versions],
        [[one.valid_metric for one in results[k * count :][:count]] for k in range(len(losses))],
        [np.array([row for _, row in tested[k * count :][:count]]) for k in range(len(losses))],
        engine.dataset.test.labels,
        engine.settings.validation_metric,
    )
    return results, comparison


def _versions(loss: Loss, param_grid: Mapping[str, Sequence[float]]) -> list[Loss]:
    """Return the loss at every combination of the values of its own constants."""
    own = {name: tuple(values) for name, values in param_grid.items() if name in loss.params}
    if any(not values for values in own.values()):
        raise OptionError("a grid of a named constant is empty; give at least one value")
    return list(expand(loss, own))


def best_of_groups(
    groups: Sequence[Sequence[Trial]], runner: TrialRunner
) -> list[tuple[EvaluationResult, NDArray[np.float32]]]:
    """Train all trials to convergence as one population.

    Args:
        groups: trials, at least one each.
        runner: trains them with the settings of its engine.

    Returns:
        For each group the result of its best trial, and what its test metrics are made from.
    """
    engine = runner.engine
    owner = {id(trial): number for number, group in enumerate(groups) for trial in group}
    trials = [trial for group in groups for trial in group]
    records = iter(runner.run(trials, engine.settings, keep=lambda trial: owner[id(trial)]))
    chosen = [min((next(records) for _ in group), key=lambda record: record.rank) for group in groups]
    # what came from the store has no state: it is trained again, to the same one
    chosen = runner.with_states(chosen)
    tested = []
    for best, group in zip(chosen, groups, strict=True):
        metrics, values = read_test(engine, best)
        tested.append((result_of(best, metrics, len(group)), values))
    return tested


def result_of(record: TrialRecord, metrics: dict[str, float], trials: int) -> EvaluationResult:
    """Return the result of a trained trial with its test metrics, chosen from so many trials."""
    trial = record.trial
    return EvaluationResult(
        loss=trial.loss.title,
        formula=trial.loss.plain_formula,
        eps=trial.eps,
        scale=trial.scale,
        seed=trial.seed,
        metrics=metrics,
        valid_metric=record.valid_metric,
        best_epoch=record.best_epoch,
        epochs=record.epochs,
        seconds=record.seconds,
        outcome=record.outcome,
        trials=trials,
        labels=str(trial.loss.domain.labels),
        input=str(trial.loss.domain.input),
        params=dict(trial.loss.params),
    )


__getattr__ = old_names(__name__)
