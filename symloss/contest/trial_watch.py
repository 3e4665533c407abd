"""Turns the epochs of trials into a few events a second."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

from symloss.contest.trial import Trial
from symloss.progress import EvaluationStep, SearchEvent
from symloss.training.settings import TrainingSettings

SECONDS_BETWEEN_EVENTS = 0.1


class TrialWatch:
    """Counts finished trials and epochs, and knows the leader; called by one thread at a time."""

    def __init__(
        self, trials: Sequence[Trial], settings: TrainingSettings, progress: Callable[[SearchEvent], None]
    ) -> None:
        """Watch `trials`, which are trained by `settings`."""
        self._trials, self._settings, self._progress = trials, settings, progress
        self._best: dict[int, tuple[float, int]] = {}
        self._finished: set[int] = set()
        self._leader: int | None = None
        self._epochs = 0
        self._began = time.monotonic()
        self._last = -math.inf

    def numbered(self, numbers: Sequence[int]) -> Callable[[int, int, float], None]:
        """Return what a population calls whose members are the trials with these numbers."""
        return lambda place, epoch, metric: self.step(numbers[place], epoch, metric)

    def known(self, number: int, metric: float, epoch: int) -> None:
        """Count a trial that needs no training: its best metric and epoch are known."""
        self._note_best(number, metric, epoch)
        self._finished.add(number)

    def step(self, number: int, epoch: int, metric: float) -> None:
        """Take notice of an epoch."""
        self._epochs += 1
        best_epoch = self._note_best(number, metric, epoch)
        ended = epoch >= self._settings.max_epochs or epoch - best_epoch >= self._settings.patience
        if ended:
            self._finished.add(number)
        seconds = time.monotonic() - self._began
        if ended or seconds - self._last >= SECONDS_BETWEEN_EVENTS:
            self._last = seconds
            self._progress(self._event(seconds))

    def _note_best(self, number: int, metric: float, epoch: int) -> int:
        improves = self._settings.validation_metric.improves
        best, best_epoch = self._best.get(number, (self._settings.validation_metric.worst, 0))
        if improves(metric, best):
            best, best_epoch = metric, epoch
            self._best[number] = best, best_epoch
            if self._leader is None or improves(metric, self._best[self._leader][0]):
                self._leader = number
        return best_epoch

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
