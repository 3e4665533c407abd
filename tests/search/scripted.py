"""An engine that trains nothing: what each loss reaches after how many epochs is written down."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symloss.data.dataset import Dataset, Interactions
from symloss.models.memory_need import MemoryNeed
from symloss.models.model import Model
from symloss.tasks.rating_task import of
from symloss.training.fit import FitResult
from symloss.training.member import Member
from symloss.training.outcome import Outcome
from symloss.training.settings import TrainingSettings

Curve = Callable[[Member, TrainingSettings], float]


class ScriptedTrainer:
    """Scores what a state says: all rows of a part."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.test_reads: list[str] = []

    def scores(self, states: Sequence[Any], part: Interactions) -> NDArray[np.float32]:
        ((label, seed, quality),) = states
        assert part is self.dataset.test, "only the test part is scored"
        self.test_reads.append(label)
        noise = np.random.default_rng(seed).normal(size=len(part))
        return (noise + 10 * (quality - 0.5) * part.labels).astype(np.float32)[None]

    def memory(self, instructions: int) -> MemoryNeed:
        return MemoryNeed(1, 1, 1, 1, 1, 1, 0, state=260 * (self.dataset.n_users + self.dataset.n_items))


class ScriptedEngine:
    """Counts what it is asked for."""

    name = "scripted"
    parallel = 1

    def __init__(self, dataset: Dataset, settings: TrainingSettings, curve: Curve) -> None:
        self.model = Model("scripted", lambda task, seed: None)  # type: ignore[arg-type, return-value]
        self.trainer: Any = ScriptedTrainer(dataset)
        self.task = of(dataset)
        self.dataset, self.settings, self.curve = dataset, settings, curve
        self.calls: list[tuple[TrainingSettings, list[Member]]] = []

    def fit(
        self,
        members: Sequence[Member],
        *,
        settings: TrainingSettings | None = None,
        test: bool = True,
        progress: Any = None,
        stop: threading.Event | None = None,
    ) -> list[FitResult]:
        assert not test, "the test part is read by nobody but the final"
        how = settings or self.settings
        self.calls.append((how, list(members)))
        results = []
        for place, member in enumerate(members):
            if stop is not None and stop.is_set():
                nan = float("nan")
                results.append(FitResult(member, nan, 0, 0, 0.0, {}, Outcome.INTERRUPTED, [], None))
                continue
            value = self.curve(member, how)
            if progress is not None:
                progress(place, 1, value)
            state = (member.label, member.seed, value)
            outcome = Outcome.MAX_EPOCHS if np.isfinite(value) else Outcome.DIVERGED
            epochs = how.max_epochs if np.isfinite(value) else 0
            results.append(FitResult(member, value, min(1, epochs), epochs, 0.0, {}, outcome, [value], state))
        return results

    def one_epoch(self, *arguments: Any, **options: Any) -> Any:
        raise AssertionError("phase III trains to the end")

    def close(self) -> None:
        pass
