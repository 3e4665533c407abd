"""Phase III, the effectiveness test: train a fresh model to convergence with each loss.

Every loss is tried at every eps and every scale of the grids, as one population;
for each loss and seed the trial with the best validation metric counts, and only
its test metrics are reported. A scale multiplies the loss: against the L2 term it
acts as a learning rate does, so all losses get the same grid of scales.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from symloss.data.dataset import Dataset
from symloss.errors import OptionError
from symloss.loss import LARGEST_EPS, Loss
from symloss.models.recommender import Recommender
from symloss.search.options import PAPER_EPS_GRID, check_grid
from symloss.search.progress import EvaluationStep, SearchEvent, silent
from symloss.training.fit import FitResult, fit
from symloss.training.member import Member
from symloss.training.metrics import NAMES
from symloss.training.settings import TrainingSettings

SECONDS_BETWEEN_EVENTS = 0.1


@dataclass(frozen=True, eq=False)
class Trial:
    """One loss at one eps, scale and seed; eps is None where the loss has none."""

    loss: Loss
    eps: float | None
    scale: float
    seed: int

    def member(self) -> Member:
        """Return the member of a population that trains it."""
        return Member(
            program=self.loss.program(),
            eps=self.loss.eps_value if self.eps is None else self.eps,
            scale=self.scale,
            seed=self.seed,
            takes_score=self.loss.takes_score,
            label=self.loss.title,
        )


@dataclass(frozen=True)
class EvaluationResult:
    """A loss and seed at its best eps and scale by validation.

    Attributes:
        loss: its name, or its formula.
        formula: its formula, without the scale.
        eps: the best value, None where the loss has none.
        scale: the best factor.
        seed: of the initial state and the order of interactions.
        metrics: on the test part at the best epoch: auc, f1, accuracy, rmse, mae.
        valid_metric: the best validation metric.
        best_epoch: its epoch.
        epochs: epochs trained.
        seconds: of training, for this trial alone.
        outcome: how its training ended, a sentence.
        trials: grid points tried.
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

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def grid(
    loss: Loss, eps_grid: Sequence[float], scale_grid: Sequence[float], seeds: Sequence[int]
) -> list[Trial]:
    """Return the trials of a loss: a loss with a fixed eps, or without one, has the scales only."""
    values: Sequence[float | None] = [loss.eps]
    if loss.has_eps and loss.eps is None:
        # with_eps refuses values that the loss's protected operators do not allow
        values = [loss.with_eps(value).eps for value in eps_grid]
    return [Trial(loss, eps, scale, seed) for seed in seeds for eps in values for scale in scale_grid]


def evaluate(
    losses: Sequence[Loss],
    dataset: Dataset,
    architecture: Recommender,
    settings: TrainingSettings,
    *,
    eps_grid: Sequence[float] = PAPER_EPS_GRID,
    scale_grid: Sequence[float] = (1.0,),
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
        seeds: each loss is trained with each of them.
        progress: receives `EvaluationStep`s.
        stop: ends training early; the best so far is reported.

    Returns:
        One result for each loss and seed, in this order.

    Raises:
        OptionError: nothing to evaluate, or a grid has a value that is not allowed.
    """
    if not losses:
        raise OptionError("there is no loss to evaluate; name at least one")
    if not seeds:
        raise OptionError("there is no seed; give at least one")
    check_grid("eps", eps_grid, None, LARGEST_EPS)
    check_grid("scale", scale_grid, None, None)
    groups = [grid(loss, eps_grid, scale_grid, [seed]) for loss in losses for seed in seeds]
    return run_trials(groups, dataset, architecture, settings, progress=progress, stop=stop)


def run_trials(
    groups: Sequence[Sequence[Trial]],
    dataset: Dataset,
    architecture: Recommender,
    settings: TrainingSettings,
    *,
    progress: Callable[[SearchEvent], None] = silent,
    stop: threading.Event | None = None,
) -> list[EvaluationResult]:
    """Train all trials as one population; return the best of each group (at least one trial each)."""
    results = []
    for group, fits in zip(
        groups, _fit(groups, dataset, architecture, settings, progress, stop), strict=True
    ):
        best = min(range(len(group)), key=lambda k: _rank(fits[k], settings))
        results.append(_result(group[best], fits[best], len(group)))
    return results


def screen(
    groups: Sequence[Sequence[Trial]],
    dataset: Dataset,
    architecture: Recommender,
    settings: TrainingSettings,
    *,
    keep: int,
    epochs: int,
    progress: Callable[[SearchEvent], None] = silent,
    stop: threading.Event | None = None,
) -> list[list[Trial]]:
    """Train all trials for a few epochs and return the promising ones.

    The order of losses a third of the way is nearly that at the end, at a third of the cost.

    Args:
        groups: for each loss its trials.
        dataset, architecture, settings, progress, stop: as for `evaluate`.
        keep: losses to return.
        epochs: epochs to train.

    Returns:
        The best `keep` groups by validation metric, best first, each with the better half of its trials.
    """
    short = replace(settings, max_epochs=min(epochs, settings.max_epochs))
    ranked = []
    for number, fits in enumerate(_fit(groups, dataset, architecture, short, progress, stop)):
        ranks = [_rank(found, settings) for found in fits]
        order = sorted(range(len(fits)), key=lambda k: (ranks[k], k))
        better = sorted(order[: (len(fits) + 1) // 2])
        ranked.append((ranks[order[0]], number, [groups[number][k] for k in better]))
    return [group for _, _, group in sorted(ranked, key=lambda entry: entry[:2])[:keep]]


def _fit(
    groups: Sequence[Sequence[Trial]],
    dataset: Dataset,
    architecture: Recommender,
    settings: TrainingSettings,
    progress: Callable[[SearchEvent], None],
    stop: threading.Event | None,
) -> list[list[FitResult]]:
    """Train all trials of all groups as one population."""
    trials = [trial for group in groups for trial in group]
    watch = _Watch(trials, settings, progress)
    members = [trial.member() for trial in trials]
    fits = iter(fit(architecture, members, dataset, settings, progress=watch, stop=stop))
    return [[next(fits) for _ in group] for group in groups]


def _rank(result: FitResult, settings: TrainingSettings) -> float:
    """Return a number that is lower for a better fit."""
    if math.isnan(result.valid_metric):
        return math.inf
    return -result.valid_metric if settings.validation_metric.higher_is_better else result.valid_metric


def _result(trial: Trial, found: FitResult, trials: int) -> EvaluationResult:
    return EvaluationResult(
        loss=trial.loss.title,
        formula=trial.loss.formula,
        eps=trial.eps,
        scale=trial.scale,
        seed=trial.seed,
        metrics={name: found.metrics.get(name, math.nan) for name in NAMES},
        valid_metric=found.valid_metric,
        best_epoch=found.best_epoch,
        epochs=found.epochs,
        seconds=found.seconds,
        outcome=str(found.outcome),
        trials=trials,
    )


class _Watch:
    """Turns the epochs of members into a few events a second; called by one thread at a time."""

    def __init__(
        self, trials: Sequence[Trial], settings: TrainingSettings, progress: Callable[[SearchEvent], None]
    ) -> None:
        self._trials, self._settings, self._progress = trials, settings, progress
        self._best: dict[int, tuple[float, int]] = {}
        self._finished: set[int] = set()
        self._leader: int | None = None
        self._epochs = 0
        self._began = time.monotonic()
        self._last = -math.inf

    def __call__(self, number: int, epoch: int, metric: float) -> None:
        self._epochs += 1
        improves = self._settings.validation_metric.improves
        best, best_epoch = self._best.get(number, (self._settings.validation_metric.worst, 0))
        if improves(metric, best):
            best, best_epoch = metric, epoch
            self._best[number] = best, best_epoch
            if self._leader is None or improves(metric, self._best[self._leader][0]):
                self._leader = number
        ended = epoch >= self._settings.max_epochs or epoch - best_epoch >= self._settings.patience
        if ended:
            self._finished.add(number)
        seconds = time.monotonic() - self._began
        if ended or seconds - self._last >= SECONDS_BETWEEN_EVENTS:
            self._last = seconds
            self._progress(self._event(seconds))

    def _event(self, seconds: float) -> EvaluationStep:
        leader = self._leader
        return EvaluationStep(
            finished=len(self._finished),
            members=len(self._trials),
            epochs=self._epochs,
            best=None if leader is None else self._trials[leader].loss.title,
            best_metric=None if leader is None else self._best[leader][0],
            seconds=seconds,
        )
