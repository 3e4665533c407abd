"""Finished trainings and other facts, in one SQLite file: a run that was killed goes on where it was."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autolossgen.jobs import Job
from symloss.errors import RunError

Floats = NDArray[np.float32]

_SCHEMA = """
create table if not exists trainings (
    key text primary key, job text not null, record text not null, history blob not null, scores blob not null
);
create table if not exists facts (name text primary key, value text not null);
"""


@dataclass(frozen=True, eq=False)
class Trained:
    """What a job gave.

    Attributes:
        job: what was trained.
        valid_metric: the best validation metric, NaN if there is none.
        best_epoch, epochs, seconds, outcome: as in `symloss.training.fit.FitResult`.
        metrics: of the test part at the best epoch, by name.
        history: the validation metric after each epoch; for a trace shape (epochs, columns), see `autolossgen.trace`.
        scores: of the test rows at the best epoch.
    """

    job: Job
    valid_metric: float
    best_epoch: int
    epochs: int
    seconds: float
    outcome: str
    metrics: dict[str, float]
    history: Floats
    scores: Floats

    @property
    def rank(self) -> float:
        """A number that is lower for a better validation metric; infinite where there is none."""
        if not np.isfinite(self.valid_metric):
            return float("inf")
        return self.valid_metric if self.job.metric == "rmse" else -self.valid_metric


class Results:
    """The file of results of one data set."""

    def __init__(self, path: Path, fingerprint: str) -> None:
        """Open or create the file; results of other data in it are left alone.

        Raises:
            RunError: it can't be used.
        """
        self.path, self.fingerprint = path, fingerprint
        self._lock = threading.Lock()
        with self._errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Worker threads write as well, one at a time.
            self._file = sqlite3.connect(path, check_same_thread=False, timeout=30)
            self._file.execute("pragma journal_mode=wal")
            self._file.executescript(_SCHEMA)

    def get(self, job: Job) -> Trained | None:
        """Return what a job gave, or None where it was not trained yet."""
        with self._lock, self._errors():
            query = "select record, history, scores from trainings where key = ?"
            row = self._file.execute(query, [job.key(self.fingerprint)]).fetchone()
        if row is None:
            return None
        record = json.loads(row[0])
        metric = record.pop("valid_metric")
        columns = record.pop("columns")
        history = np.frombuffer(row[1], np.float32)
        return Trained(
            job=job,
            valid_metric=float("nan") if metric is None else metric,
            history=history.reshape(-1, columns) if columns else history,
            scores=np.frombuffer(row[2], np.float32),
            **record,
        )

    def put(self, found: Trained) -> None:
        """Store what a job gave."""
        names = ("best_epoch", "epochs", "seconds", "outcome", "metrics")
        record = {name: getattr(found, name) for name in names}
        record["valid_metric"] = found.valid_metric if np.isfinite(found.valid_metric) else None
        record["columns"] = found.history.shape[1] if found.history.ndim == 2 else 0
        values = [
            found.job.key(self.fingerprint),
            json.dumps(found.job.description()),
            json.dumps(record),
            found.history.astype(np.float32).tobytes(),
            found.scores.astype(np.float32).tobytes(),
        ]
        with self._lock, self._errors(), self._file:
            self._file.execute("insert or replace into trainings values (?, ?, ?, ?, ?)", values)

    def all(self, jobs: Sequence[Job]) -> list[Trained]:
        """Return what all jobs gave; those that were not trained are left out."""
        return [found for found in map(self.get, jobs) if found is not None]

    def fact(self, name: str) -> Any:
        """Return a fact about this data, or None."""
        with self._lock, self._errors():
            row = self._file.execute("select value from facts where name = ?", [self._name(name)]).fetchone()
        return None if row is None else json.loads(row[0])

    def set_fact(self, name: str, value: Any) -> None:
        """Store a fact: plain data for JSON."""
        with self._lock, self._errors(), self._file:
            self._file.execute(
                "insert or replace into facts values (?, ?)", [self._name(name), json.dumps(value)]
            )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()

    def _name(self, name: str) -> str:
        return f"{self.fingerprint}/{name}"

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise RunError(
                f"can't use the file of results {self.path}: {error}; name another file with --results"
            ) from None
