"""Trains the missing jobs of a list, one a core, and stores each as soon as it is finished."""

from __future__ import annotations

import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import numpy as np

from autolossgen.jobs import Job
from autolossgen.results import Results, Trained
from autolossgen.trace import run_trace
from symloss.data.dataset import Dataset
from symloss.models import registry
from symloss.tasks.auc_rmse import sigmoid
from symloss.tasks.kinds import CLASSIFICATION
from symloss.tasks.metrics import get
from symloss.tasks.metrics.measure import measure_all
from symloss.tasks.rating_task import of
from symloss.training.assess import host_scores
from symloss.training.fit import fit

EPOCHS_GUESS = 400
"""Epochs of a training before any is finished."""


class Stopped(Exception):
    """The run was interrupted; what is finished is stored."""


def say(text: str) -> None:
    """Write a line to standard error."""
    print(text, file=sys.stderr, flush=True)


def train_all(
    jobs: Iterable[Job], dataset: Dataset, results: Results, threads: int, stop: threading.Event, what: str
) -> None:
    """Train the jobs that `results` does not hold, `threads` at a time: no core waits for another.

    Args:
        jobs: any number; equal ones are trained once.
        dataset: what they are trained on.
        results: where they are stored.
        threads: trainings at a time.
        stop: ends the run.
        what: the heading of the progress.

    Raises:
        Stopped: `stop` was set.
    """
    wanted = list(dict.fromkeys(jobs))
    missing = [job for job in wanted if results.get(job) is None]
    say(f"{what}: {len(wanted)} trainings, {len(wanted) - len(missing)} of them known")
    if not missing:
        return
    clock = _Clock(results.all(wanted), missing, threads)
    # The slow model first: at the end short trainings keep all cores busy.
    queue = sorted(missing, key=lambda job: job.model, reverse=True)
    began = time.perf_counter()
    with ThreadPoolExecutor(threads, thread_name_prefix="reproduction") as pool:
        running: dict[Future[Trained | None], Job] = {}
        try:
            while queue or running:
                while queue and len(running) < threads and not stop.is_set():
                    job = queue.pop(0)
                    running[pool.submit(_run, job, dataset, clock.watch(job), stop)] = job
                if not running:
                    break
                done, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    job = running.pop(future)
                    found = future.result()
                    if found is not None:
                        results.put(found)
                        clock.finished(found)
                        say(clock.line(found))
        except BaseException:
            stop.set()
            raise
        finally:
            results.set_fact(f"seconds {what}", _spent(results, what) + time.perf_counter() - began)
    if stop.is_set():
        raise Stopped


def _spent(results: Results, what: str) -> float:
    return float(results.fact(f"seconds {what}") or 0.0)


def _run(
    job: Job, dataset: Dataset, progress: Callable[[int, float], None], stop: threading.Event
) -> Trained | None:
    """Train one job in this thread; None where it was stopped before its end."""
    if job.trace:
        return run_trace(job, dataset, progress, stop)
    model = registry.get(job.model)

    def report(_: int, epoch: int, metric: float) -> None:
        progress(epoch, metric)

    (found,) = fit(model, [job.member()], dataset, job.settings(), report, stop, test=False)
    if stop.is_set():
        return None
    test = dataset.test
    scores, metrics = np.full(len(test), np.nan, np.float32), {}
    if found.state is not None:
        trainer = registry.trainer_for(model, of(dataset), job.settings())
        scores = host_scores(trainer, found.state, test)
        metrics = measure_all(map(get, CLASSIFICATION.metrics), scores, sigmoid(scores), test.labels)
    return Trained(
        job=job,
        valid_metric=found.valid_metric,
        best_epoch=found.best_epoch,
        epochs=found.epochs,
        seconds=found.seconds,
        outcome=str(found.outcome),
        metrics=metrics,
        history=np.array(found.history, np.float32),
        scores=scores,
    )


class _Clock:
    """Guesses how long the rest will take, from the epochs and seconds of what is finished."""

    def __init__(self, known: Sequence[Trained], missing: Sequence[Job], threads: int) -> None:
        self._total, self._threads = len(known) + len(missing), threads
        self._left = dict.fromkeys(missing, 0)
        self._epochs: dict[str, list[int]] = defaultdict(list)
        self._seconds: dict[str, float] = defaultdict(float)
        for found in known:
            self._note(found)

    def watch(self, job: Job) -> Callable[[int, float], None]:
        """Return what a training calls after each epoch."""

        def progress(epoch: int, metric: float) -> None:
            self._left[job] = epoch

        return progress

    def finished(self, found: Trained) -> None:
        """Count a finished training."""
        del self._left[found.job]
        self._note(found)

    def line(self, found: Trained) -> str:
        """Return the line about a finished training, with the time that is left."""
        done = self._total - len(self._left)
        return (
            f"[{done:{len(str(self._total))}}/{self._total}] {found.job.title}: validation "
            f"{found.job.metric} {found.valid_metric:.4f} at epoch {found.best_epoch} of {found.epochs}, "
            f"{found.seconds:.0f} s" + (f"; about {duration(self.left())} left" if self._left else "")
        )

    def left(self) -> float:
        """Return the seconds that the rest may take."""
        seconds = 0.0
        for job, epochs in self._left.items():
            usual = self._mean(job.model)
            # A training that is longer than usual may end any moment, or not.
            seconds += max(usual - epochs, 0.2 * usual) * self._speed(job.model)
        return seconds / self._threads

    def _mean(self, model: str) -> float:
        found = self._epochs[model] or [epochs for some in self._epochs.values() for epochs in some]
        return float(np.mean(found)) if found else EPOCHS_GUESS

    def _speed(self, model: str) -> float:
        """Return seconds an epoch."""
        models = [model] if self._epochs[model] else list(self._epochs)
        epochs = sum(sum(self._epochs[name]) for name in models)
        return sum(self._seconds[name] for name in models) / epochs if epochs else 0.05

    def _note(self, found: Trained) -> None:
        self._epochs[found.job.model].append(found.epochs)
        self._seconds[found.job.model] += found.seconds


def duration(seconds: float) -> str:
    """Return seconds in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"
