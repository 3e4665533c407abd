"""What a search asks for training: the one interface between search and the machines that train."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from symloss.models.trainer import Recommender
from symloss.training.fit import FitResult, Progress
from symloss.training.member import Member
from symloss.training.one_epoch import EpochResult, Keep
from symloss.training.settings import TrainingSettings

if TYPE_CHECKING:
    from symloss.data.dataset import Dataset


class Engine(Protocol):
    """Trains populations of one model on one data set; the numbers do not depend on the engine.

    Attributes:
        name: its name in `--engine`.
        model: the architecture.
        dataset: what it is trained on.
        settings: how, where a call does not say otherwise.
    """

    name: str
    model: Recommender
    dataset: Dataset
    settings: TrainingSettings

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
