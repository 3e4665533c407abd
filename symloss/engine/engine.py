"""What a search asks for training: the one interface between search and the machines that train."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Protocol

from symloss.models.model import Model
from symloss.models.trainer import Trainer
from symloss.tasks.task import Task
from symloss.training.fit import FitResult, Progress
from symloss.training.member import Member
from symloss.training.one_epoch import EpochResult, Keep
from symloss.training.settings import TrainingSettings


class Engine(Protocol):
    """Trains populations of one model on one task; the numbers do not depend on the engine.

    Attributes:
        name: its name in `--engine`.
        model: what is trained.
        task: on what.
        dataset: the task, or the data set that was given for it.
        settings: how, where a call does not say otherwise.
    """

    name: str
    model: Model
    task: Task
    dataset: Any
    settings: TrainingSettings

    @property
    def trainer(self) -> Trainer:
        """Of the model on the task by the settings, in this process: it makes, measures and saves states."""
        ...

    @property
    def parallel(self) -> int:
        """How many members are trained at a time, at least 1; populations should be larger than that."""
        ...

    def one_epoch(
        self,
        state: Any,
        members: Sequence[Member],
        epoch: int,
        *,
        keep: Keep = "none",
        stop: threading.Event | None = None,
    ) -> list[EpochResult]:
        """Train copies of `state`; as `symloss.training.one_epoch.train_one_epoch`."""
        ...

    def fit(
        self,
        members: Sequence[Member],
        *,
        settings: TrainingSettings | None = None,
        test: bool = True,
        progress: Progress | None = None,
        stop: threading.Event | None = None,
    ) -> list[FitResult]:
        """Train members to convergence; as `symloss.training.fit.fit`, by other settings where given."""
        ...

    def close(self) -> None:
        """Let go of machines and memory; the engine can't be used any more."""
        ...
