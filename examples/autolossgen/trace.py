"""Trains one job and measures both parts after every epoch, so that other ways of stopping can be tried afterwards.

The test part is read at every epoch: to find out what the paper's authors may have done, not to choose anything.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from autolossgen.jobs import Job
from autolossgen.results import Trained
from autolossgen.variants import settings_of, trainer_of
from symloss.data.dataset import Dataset
from symloss.tasks.auc_rmse import sigmoid
from symloss.tasks.kinds import CLASSIFICATION
from symloss.tasks.metrics import get
from symloss.tasks.metrics.measure import measure_all
from symloss.training.member import pack, rates_of
from symloss.training.orders import epoch_order, epoch_seed
from symloss.training.outcome import Outcome

COLUMNS = (
    *(f"valid {name}" for name in CLASSIFICATION.metrics),
    *(f"test {name}" for name in CLASSIFICATION.metrics),
    "f1 at the threshold of validation",
    "accuracy at the threshold of validation",
    "accuracy at 0.5",
    "accuracy at the highest of equal thresholds",
)
"""What is measured after every epoch."""

_NOISE = 1
"""As in `symloss.training.fit`: keeps the seeds of dropout apart from those of the order."""


def run_trace(
    job: Job, dataset: Dataset, progress: Callable[[int, float], None], stop: threading.Event
) -> Trained | None:
    """Train a job and keep all metrics of every epoch; None where `stop` ended it."""
    settings = replace(job.settings(), **settings_of(job.variant))
    trainer = trainer_of(job.model, job.variant, job.seed, dataset, replace(settings, device="cpu"))
    member = job.member()
    programs, rates = pack([member]), rates_of([member], settings)
    state = trainer.start(job.seed)
    rows: list[list[float]] = []
    scores, best, best_epoch = np.empty(0, np.float32), settings.validation_metric.worst, 0
    column = CLASSIFICATION.metrics.index(job.metric)
    outcome, began = Outcome.MAX_EPOCHS, time.perf_counter()
    for epoch in range(1, settings.max_epochs + 1):
        if stop.is_set():
            return None
        order = epoch_order(job.seed, epoch, len(dataset.train))
        noise = epoch_seed(epoch_seed(job.seed, epoch), _NOISE)
        (loss,) = trainer.epoch([state], programs, [order], [noise], *rates)
        if not math.isfinite(loss):
            outcome = Outcome.DIVERGED
            break
        valid, test = (trainer.scores([state], part)[0] for part in (dataset.validation, dataset.test))
        rows.append(measure(valid, dataset.validation.labels, test, dataset.test.labels))
        progress(epoch, rows[-1][column])
        if settings.validation_metric.improves(rows[-1][column], best):
            best, best_epoch, scores = rows[-1][column], epoch, test
        elif epoch - best_epoch >= settings.patience:
            outcome = Outcome.CONVERGED
            break
    first = len(CLASSIFICATION.metrics)
    measured = rows[best_epoch - 1][first : 2 * first] if best_epoch else [math.nan] * first
    return Trained(
        job=job,
        valid_metric=best if best_epoch else math.nan,
        best_epoch=best_epoch,
        epochs=len(rows),
        seconds=time.perf_counter() - began,
        outcome=str(outcome),
        metrics=dict(zip(CLASSIFICATION.metrics, measured, strict=True)),
        history=np.array(rows, np.float32).reshape(-1, len(COLUMNS)),
        scores=scores,
    )


def measure(
    valid: NDArray[np.float32],
    valid_labels: NDArray[np.float32],
    test: NDArray[np.float32],
    test_labels: NDArray[np.float32],
) -> list[float]:
    """Return the numbers of `COLUMNS` for raw scores of both parts."""
    row = []
    for scores, labels in ((valid, valid_labels), (test, test_labels)):
        found = measure_all(map(get, CLASSIFICATION.metrics), scores, sigmoid(scores), labels)
        row += [found[name] for name in CLASSIFICATION.metrics]
    threshold = best_thresholds(valid, valid_labels)[0]
    highest = best_thresholds(test, test_labels)[1]
    row += [f1_at(test, test_labels, threshold), accuracy_at(test, test_labels, threshold)]
    row += [accuracy_at(test, test_labels, 0.0), accuracy_at(test, test_labels, highest)]
    return row


def best_thresholds(scores: NDArray[np.float32], labels: NDArray[np.float32]) -> tuple[float, float]:
    """Return the lowest and the highest score that, as a threshold, gives the best F1."""
    values, place = np.unique(scores, return_inverse=True)
    positives = np.bincount(place, labels, len(values))[::-1].cumsum()[::-1]
    predicted = np.bincount(place, minlength=len(values))[::-1].cumsum()[::-1]
    f1 = 2 * positives / (predicted + labels.sum())
    best = np.flatnonzero(f1 == f1.max())
    return float(values[best[0]]), float(values[best[-1]])


def f1_at(scores: NDArray[np.float32], labels: NDArray[np.float32], threshold: float) -> float:
    """Return F1 where scores from `threshold` on count as positive."""
    predicted = scores >= threshold
    return float(2 * (predicted & (labels == 1)).sum() / max(1.0, predicted.sum() + labels.sum()))


def accuracy_at(scores: NDArray[np.float32], labels: NDArray[np.float32], threshold: float) -> float:
    """Return the accuracy where scores from `threshold` on count as positive."""
    return float(((scores >= threshold) == (labels == 1)).mean())
