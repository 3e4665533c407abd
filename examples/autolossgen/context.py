"""What every part of the reproduction is given, and how figures are averaged and written."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autolossgen.jobs import Job, Plan
from autolossgen.results import Results, Trained
from autolossgen.training import train_all
from symloss.data.dataset import Dataset


@dataclass(frozen=True)
class Context:
    """The data, the plan and the results.

    Attributes:
        dataset: ML-100K, or what was asked for.
        plan: what is trained.
        results: of the dataset.
        threads: trainings at a time.
        stop: set by Ctrl-C.
        pictures: folder of the pictures.
        electronics: the ratings file of Amazon Electronics, or None.
    """

    dataset: Dataset
    plan: Plan
    results: Results
    threads: int
    stop: threading.Event
    pictures: Path
    electronics: Path | None = None

    def train(self, jobs: Iterable[Job], what: str) -> None:
        """Train what is missing of `jobs`."""
        train_all(jobs, self.dataset, self.results, self.threads, self.stop, what)


@dataclass(frozen=True)
class Figure:
    """A figure over seeds."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean over seeds."""
        return float(np.mean(self.values)) if self.values else float("nan")

    @property
    def deviation(self) -> float:
        """The standard deviation over seeds; NaN for one."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else float("nan")

    def __str__(self) -> str:
        """Return mean and deviation."""
        if not self.values:
            return "-"
        return f"{self.mean:.4f}" + (f" ± {self.deviation:.4f}" if len(self.values) > 1 else "")


def figure(found: Sequence[Trained], metric: str) -> Figure:
    """Return a test metric over trainings."""
    return Figure(tuple(one.metrics.get(metric, float("nan")) for one in found))


def best_of(found: Sequence[Trained]) -> Trained | None:
    """Return the training with the best validation metric, the first of equal ones; None where there is none."""
    usable = [one for one in found if np.isfinite(one.rank)]
    return min(usable, key=lambda one: one.rank, default=None)


def eps_text(found: Sequence[Trained]) -> str:
    """Return the values of eps of trainings, with how many have each."""
    values = [one.job.eps for one in found if one.job.eps is not None]
    counts = {value: values.count(value) for value in sorted(set(values), reverse=True)}
    if len(counts) < 2:
        return ", ".join(f"{value:g}" for value in counts) or "-"
    return ", ".join(f"{value:g} ({count})" for value, count in counts.items())


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def signed(value: float) -> str:
    """Return a difference with its sign."""
    return "-" if np.isnan(value) else f"{value:+.4f}"
