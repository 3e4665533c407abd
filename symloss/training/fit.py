"""Trains a population of losses to convergence, each with early stopping of its own."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from symloss.models.model import Model
from symloss.models.registry import trainer_for
from symloss.models.trainer import Trainer
from symloss.tasks.rating_task import of
from symloss.tasks.task import Task
from symloss.training.assess import check_dataset
from symloss.training.groups import Stop, for_groups
from symloss.training.kernel_cache import ensure_compiled
from symloss.training.member import Member, pack, rates_of
from symloss.training.memory import HOST, population_limit
from symloss.training.orders import epoch_order, epoch_seed
from symloss.training.outcome import Outcome
from symloss.training.population_metrics import all_test_metrics, validation_metrics
from symloss.training.settings import TrainingSettings

if TYPE_CHECKING:
    from symloss.data.dataset import Dataset

Progress = Callable[[int, int, float], None]
"""Called after each epoch with the member's number, the epoch (from 1) and the validation metric.

Calls come from worker threads, one at a time.
"""

_NOISE = 1
"""Keeps the seeds of dropout apart from those of the order."""

_GROUP_SECONDS = 10.0
"""Of a group of short trainings, which count only once they have ended: what ends sooner is there when time is up."""


@dataclass(frozen=True, eq=False)
class FitResult:
    """What training one member to the end gave.

    Attributes:
        member: what was trained.
        valid_metric: the best validation metric; NaN if no epoch was finished.
        best_epoch: the epoch it was reached in, counted from 1; 0 if none.
        epochs: how many epochs were finished.
        seconds: wall time from the member's start to its end.
        metrics: test metrics of the best epoch: auc, f1, accuracy, rmse, mae; empty if there is none.
        outcome: how it ended.
        history: the validation metric after each epoch.
        state: the parameters of the best epoch, on the host, or None.
    """

    member: Member
    valid_metric: float
    best_epoch: int
    epochs: int
    seconds: float
    metrics: dict[str, float]
    outcome: Outcome
    history: list[float] = field(repr=False)
    state: Any = field(repr=False)


def fit(
    model: Model,
    members: Sequence[Member],
    task: Task | Dataset,
    settings: TrainingSettings,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
    *,
    test: bool = True,
) -> list[FitResult]:
    """Train every member until its validation metric stops improving.

    The results are the same for any number of members and threads.

    Args:
        model: what to train.
        members: K losses; none gives no results.
        task: trained on its train part, stopped by its validation part, tested on its test part; a data set is one.
        settings: how to train.
        progress: told of every epoch.
        stop: when set, training ends within about an epoch, with outcome `INTERRUPTED`.
        test: whether the test part is read; without, `metrics` stays empty.

    Returns:
        K results, in the order of `members`.

    Raises:
        DataError: the data set can't be trained on or the metric is undefined on it.
        OptionError: a member's learning rate times its L2 factor is 1 or more, or nothing trains the model on the
            task by the settings.
    """
    if not members:
        return []
    return fit_by(trainer_for(model, of(task), settings), members, settings, progress, stop, test=test)


def fit_by(
    trainer: Trainer,
    members: Sequence[Member],
    settings: TrainingSettings,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
    *,
    test: bool = True,
) -> list[FitResult]:
    """Train as `fit` does, by a trainer that was made with these settings."""
    if not members:
        return []
    rates_of(members, settings)
    check_dataset(trainer.task, settings.validation_metric)
    ensure_compiled(trainer, settings)
    ending = Stop(stop)
    lock = threading.Lock()

    def report(number: int, epoch: int, metric: float) -> None:
        if progress is not None:
            with lock:
                progress(number, epoch, metric)

    starts = _Starts(trainer, members, settings)

    def work(numbers: Sequence[int]) -> list[FitResult]:
        own = {number: members[number] for number in numbers}
        return _Group(trainer, own, settings, starts).run(report, ending, test=test)

    seeds = len({member.seed for member in members})
    limit = population_limit(trainer, members, settings, seeds)
    # without early stopping all take equally long, and what is sought are whole trainings
    short = settings.patience >= settings.max_epochs
    return for_groups(trainer, len(members), settings, work, ending, limit, _GROUP_SECONDS if short else None)


class _Starts:
    """Initial states: what several members start from is drawn once and copied, as drawing takes longer."""

    def __init__(self, trainer: Trainer, members: Sequence[Member], settings: TrainingSettings) -> None:
        self._trainer = trainer
        counts = Counter(member.seed for member in members)
        # a device's memory is for those that are trained
        self._shared = {seed for seed, count in counts.items() if count > 1 and settings.device in HOST}
        self._drawn: tuple[int, Any] | None = None
        self._lock = threading.Lock()

    def of(self, seed: int) -> Any:
        """Return a fresh state."""
        if seed not in self._shared:
            return self._trainer.start(seed)
        with self._lock:
            if self._drawn is None or self._drawn[0] != seed:
                self._drawn = seed, self._trainer.start(seed)
            drawn = self._drawn[1]
        return self._trainer.copy(drawn)


@dataclass(eq=False)
class _Run:
    """The training of one member so far."""

    number: int
    member: Member
    state: Any
    best: float
    best_state: Any = None
    best_epoch: int = 0
    history: list[float] = field(default_factory=list)
    outcome: Outcome | None = None
    ended: float = math.nan


class _Group:
    """Members that are trained side by side in one thread."""

    def __init__(
        self, trainer: Trainer, members: dict[int, Member], settings: TrainingSettings, starts: _Starts
    ) -> None:
        self.trainer, self.task, self.settings, self.starts = trainer, trainer.task, settings, starts
        self.started = time.perf_counter()
        worst = settings.validation_metric.worst
        self.runs = [_Run(number, member, None, worst) for number, member in members.items()]

    def run(self, report: Progress, stop: Stop, *, test: bool) -> list[FitResult]:
        """Train until every member has ended."""
        for run in self.runs:
            if stop:
                self._end(run, Outcome.INTERRUPTED)
            else:
                run.state = self.starts.of(run.member.seed)
        for epoch in range(1, self.settings.max_epochs + 1):
            active = [run for run in self.runs if run.outcome is None]
            if not active:
                break
            if stop:
                for run in active:
                    self._end(run, Outcome.INTERRUPTED)
                break
            self._train(active, epoch)
            trained = [run for run in active if run.outcome is None]
            values = validation_metrics(
                self.trainer,
                [run.state for run in trained],
                self.task,
                [run.member.takes_score for run in trained],
                self.settings.validation_metric,
            )
            for run, value in zip(trained, values, strict=True):
                self._after_epoch(run, epoch, value)
                report(run.number, epoch, value)
        return self._results(test)

    def _train(self, active: list[_Run], epoch: int) -> None:
        rows = len(self.task.train)
        # Members with equal seeds share the array, which a device prepares only once.
        orders = {seed: epoch_order(seed, epoch, rows) for seed in {run.member.seed for run in active}}
        members = [run.member for run in active]
        losses = self.trainer.epoch(
            [run.state for run in active],
            pack(members),
            [orders[run.member.seed] for run in active],
            [epoch_seed(epoch_seed(run.member.seed, epoch), _NOISE) for run in active],
            *rates_of(members, self.settings),
        )
        for run, loss in zip(active, losses, strict=True):
            if not math.isfinite(loss):
                self._end(run, Outcome.DIVERGED)

    def _after_epoch(self, run: _Run, epoch: int, value: float) -> None:
        """Remember the best; decide whether to go on."""
        metric = self.settings.validation_metric
        run.history.append(value)
        if metric.improves(value, run.best):
            run.best, run.best_epoch = value, epoch
            run.best_state = self.trainer.copy(run.state)
        elif epoch - run.best_epoch >= self.settings.patience:
            self._end(run, Outcome.CONVERGED)
            return
        if epoch == self.settings.max_epochs:
            self._end(run, Outcome.MAX_EPOCHS)

    def _end(self, run: _Run, outcome: Outcome) -> None:
        run.outcome, run.ended = outcome, time.perf_counter()
        # Only the best state is needed from here on.
        run.state = None

    def _results(self, test: bool) -> list[FitResult]:
        """Measure the best states, where they are, and bring them to the host."""
        metrics: dict[int, dict[str, float]] = {}
        tested = [run for run in self.runs if run.best_state is not None]
        if test and len(self.task.test):
            found = all_test_metrics(
                self.trainer,
                [run.best_state for run in tested],
                self.task,
                [run.member.takes_score for run in tested],
            )
            metrics = {run.number: values for run, values in zip(tested, found, strict=True)}
        # A device's memory is for the members that are being trained.
        for run in tested:
            run.best_state = self.trainer.to_host(run.best_state)
        return [self._result(run, metrics.get(run.number, {})) for run in self.runs]

    def _result(self, run: _Run, metrics: dict[str, float]) -> FitResult:
        assert run.outcome is not None
        return FitResult(
            member=run.member,
            valid_metric=run.best if run.best_epoch else math.nan,
            best_epoch=run.best_epoch,
            epochs=len(run.history),
            seconds=run.ended - self.started,
            metrics=metrics,
            outcome=run.outcome,
            history=run.history,
            state=run.best_state,
        )
