"""Trains trials through an engine, a population at a time, and remembers what is finished.

Validation is all that is looked at here; `read_test` reads the test part, for one state.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symloss.contest.trial import Trial, dataset_fingerprint, describe, trial_key
from symloss.contest.trial_store import NoStore, Store
from symloss.contest.trial_watch import TrialWatch
from symloss.engine.engine import Engine
from symloss.progress import SearchEvent, silent
from symloss.tasks.auc_rmse import sigmoid
from symloss.tasks.metrics.measure import measure_all
from symloss.training.assess import host_scores, predicts_score
from symloss.training.fit import FitResult
from symloss.training.member import Member
from symloss.training.memory import HOST
from symloss.training.outcome import Outcome
from symloss.training.settings import TrainingSettings

CHUNK_SECONDS = 30.0
"""Trials go to the engine in populations of about so many seconds: what is finished is stored after each."""

LARGEST_CHUNK = 512
"""Trials in a population, however fast they are."""

FIRST_CHUNK, LEAST_CHUNK = 16, 4
"""For each core: trials in the first population, when it is not known how long one takes, and at least later on."""

DEVICE_CHUNK = 1024
"""Trials in a population on a device, which is slow with few of them."""

Group = Callable[[Trial], Hashable]
"""Sorts trials into groups; the state of the best of each is kept."""


@dataclass(frozen=True, eq=False)
class TrialRecord:
    """What training a trial gave.

    Attributes:
        trial: what was trained.
        settings: how.
        valid_metric: the best validation metric; NaN if no epoch was finished.
        best_epoch, epochs, seconds: as in `symloss.training.fit.FitResult`.
        outcome: how it ended, a sentence.
        state: the parameters of the best epoch, where they were kept.
    """

    trial: Trial
    settings: TrainingSettings
    valid_metric: float
    best_epoch: int
    epochs: int
    seconds: float
    outcome: str
    state: Any = field(default=None, repr=False)

    @property
    def rank(self) -> float:
        """A number that is lower for a better validation metric; infinite where there is none."""
        if math.isnan(self.valid_metric):
            return math.inf
        return -self.settings.validation_metric.sign * self.valid_metric

    @property
    def interrupted(self) -> bool:
        """Whether training was cut short."""
        return self.outcome == str(Outcome.INTERRUPTED)

    @property
    def untrained(self) -> bool:
        """Whether it was cut short before its first epoch ended."""
        return self.interrupted and not self.best_epoch


class TrialRunner:
    """Trains trials on one engine."""

    def __init__(
        self,
        engine: Engine,
        store: Store | None = None,
        progress: Callable[[SearchEvent], None] = silent,
        stop: threading.Event | None = None,
    ) -> None:
        """Use an engine; `stop` ends every training, and a `run` may have a stop of its own."""
        self.engine = engine
        self.store: Store = NoStore() if store is None else store
        self.progress = progress
        self.stop = stop or threading.Event()
        self._fingerprint = "" if isinstance(self.store, NoStore) else dataset_fingerprint(engine.dataset)

    def run(
        self,
        trials: Sequence[Trial],
        settings: TrainingSettings,
        *,
        keep: Group | None = None,
        stop: threading.Event | None = None,
        order: Sequence[int] | None = None,
    ) -> list[TrialRecord]:
        """Train trials that the store does not know; the test part is not read.

        Args:
            trials: any number.
            settings: how to train.
            keep: whose states are kept: the best of each group; none if None.
            stop: ends training early, with the best epochs so far; the runner's own where None.
            order: the numbers of the trials in the order in which they are trained, which counts where `stop` ends it
                early; that of the trials where None.

        Returns:
            A record for each trial, in order. One whose training is in the store has no state.
        """
        stop = stop or self.stop
        keys = [self._key(trial, settings) for trial in trials]
        watch = TrialWatch(trials, settings, self.progress)
        records: dict[int, TrialRecord] = {}
        for number, (trial, (key, _)) in enumerate(zip(trials, keys, strict=True)):
            known = self.store.get(key) if key else None
            if known is not None:
                records[number] = _from_json(trial, settings, known)
                watch.known(number, records[number].valid_metric, records[number].best_epoch)
        missing = [number for number in order or range(len(trials)) if number not in records]
        keeper = _Keeper(keep)
        size, start = self._first_chunk(settings), 0
        while start < len(missing):
            numbers = missing[start : start + size]
            start += len(numbers)
            if stop.is_set():
                records.update((number, _untrained(trials[number], settings)) for number in numbers)
                continue
            members = [trials[number].member() for number in numbers]
            began = time.monotonic()
            found = self._fit(members, settings, watch.numbered(numbers), stop)
            size = self._next_chunk(settings, len(numbers), time.monotonic() - began)
            for number, result in zip(numbers, found, strict=True):
                records[number] = record = _record(trials[number], settings, result)
                keeper.offer(number, record)
                key, description = keys[number]
                if key and not record.interrupted:
                    self.store.put(key, {**_to_json(record), "trial": description})
            for number in numbers:
                # states that are not the best of their group take memory for nothing
                records[number] = replace(records[number], state=None)
        for number, state in keeper.states().items():
            records[number] = replace(records[number], state=state)
        return [records[number] for number in range(len(trials))]

    def with_states(self, records: Sequence[TrialRecord]) -> list[TrialRecord]:
        """Train again where a state was not kept; training is deterministic, so it is the same state.

        A record stays without a state where it has no best epoch, or the runner is stopped.
        """
        result = list(records)
        missing = [k for k, record in enumerate(records) if record.state is None and record.best_epoch]
        for settings in dict.fromkeys(records[k].settings for k in missing):
            numbers = [k for k in missing if records[k].settings == settings]
            # no later epoch than the last that is wanted
            short = replace(settings, max_epochs=max(records[k].best_epoch for k in numbers))
            members = [records[k].trial.member() for k in numbers]
            for k, found in zip(numbers, self._fit(members, short, None, self.stop), strict=True):
                if found.best_epoch == records[k].best_epoch:
                    result[k] = replace(records[k], state=found.state)
        return result

    def _fit(
        self,
        members: list[Member],
        settings: TrainingSettings,
        progress: Callable[[int, int, float], None] | None,
        stop: threading.Event,
    ) -> list[FitResult]:
        return self.engine.fit(members, settings=settings, test=False, progress=progress, stop=stop)

    def _key(self, trial: Trial, settings: TrainingSettings) -> tuple[str, dict[str, Any]]:
        if isinstance(self.store, NoStore):
            return "", {}
        model = self.engine.model
        # a file of a user's is another model once its text has changed
        name = f"{model.name} {model.digest}" if model.digest else model.name
        description = describe(trial, settings, name, self._fingerprint)
        return trial_key(description), description

    def _first_chunk(self, settings: TrainingSettings) -> int:
        return DEVICE_CHUNK if settings.device not in HOST else FIRST_CHUNK * self._parallel(settings)

    def _next_chunk(self, settings: TrainingSettings, trained: int, seconds: float) -> int:
        """Return how many trials to train next, by how long the last ones took."""
        if settings.device not in HOST:
            return DEVICE_CHUNK
        parallel = self._parallel(settings)
        fitting = int(CHUNK_SECONDS * trained / max(seconds, 1e-9))
        return max(LEAST_CHUNK * parallel, min(max(LARGEST_CHUNK, 16 * parallel), fitting))

    def _parallel(self, settings: TrainingSettings) -> int:
        # an engine on many machines trains more than this one could
        return max(settings.n_threads, self.engine.parallel)


def read_test(engine: Engine, record: TrialRecord) -> tuple[dict[str, float], NDArray[np.float32]]:
    """Return the test metrics of a record's state and what they are made from.

    Args:
        engine: of the model and the data.
        record: with a state.

    Returns:
        The metrics by name, and for each test row the score or the prediction, whichever the validation metric is
        made from, shape (rows,).
    """
    task, metric = engine.task, record.settings.validation_metric
    part = task.test
    # what is watched is reported, also where the task does not ask for it
    asked = any(one.name == metric.name for one in task.metrics)
    wanted = task.metrics if asked else (metric, *task.metrics)
    if record.state is None or not len(part):
        return {one.name: math.nan for one in wanted}, np.full(len(part), np.nan, np.float32)
    scores = host_scores(engine.trainer, record.state, part)
    predictions = scores if predicts_score(task.signature, record.trial.loss.takes_score) else sigmoid(scores)
    metrics = measure_all(wanted, scores, predictions, part.labels)
    return metrics, metric.values(scores, predictions)


class _Keeper:
    """Holds the state of the best record of each group; the first counts where several are equal."""

    def __init__(self, group: Group | None) -> None:
        self._group = group
        self._best: dict[Hashable, tuple[float, int, Any]] = {}

    def offer(self, number: int, record: TrialRecord) -> None:
        if self._group is None or record.state is None:
            return
        name = self._group(record.trial)
        if name not in self._best or (record.rank, number) < self._best[name][:2]:
            self._best[name] = record.rank, number, record.state

    def states(self) -> dict[int, Any]:
        return {number: state for _, number, state in self._best.values()}


def _record(trial: Trial, settings: TrainingSettings, found: FitResult) -> TrialRecord:
    return TrialRecord(
        trial=trial,
        settings=settings,
        valid_metric=found.valid_metric,
        best_epoch=found.best_epoch,
        epochs=found.epochs,
        seconds=found.seconds,
        outcome=str(found.outcome),
        state=found.state,
    )


def _untrained(trial: Trial, settings: TrainingSettings) -> TrialRecord:
    return TrialRecord(trial, settings, math.nan, 0, 0, 0.0, str(Outcome.INTERRUPTED))


def _to_json(record: TrialRecord) -> dict[str, Any]:
    metric = None if math.isnan(record.valid_metric) else record.valid_metric
    names = ("best_epoch", "epochs", "seconds", "outcome")
    return {"valid_metric": metric, **{name: getattr(record, name) for name in names}}


def _from_json(trial: Trial, settings: TrainingSettings, known: dict[str, Any]) -> TrialRecord:
    metric = known["valid_metric"]
    return TrialRecord(
        trial,
        settings,
        math.nan if metric is None else float(metric),
        int(known["best_epoch"]),
        int(known["epochs"]),
        float(known["seconds"]),
        str(known["outcome"]),
    )
