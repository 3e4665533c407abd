"""The default engine: all cores of this process, or its device."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from symloss.models.trainer import Recommender
from symloss.training.fit import FitResult, Progress, fit
from symloss.training.kernel_cache import ensure_compiled
from symloss.training.member import Member
from symloss.training.one_epoch import EpochResult, Keep, train_one_epoch
from symloss.training.settings import TrainingSettings

if TYPE_CHECKING:
    from symloss.data.dataset import Dataset


class LocalEngine:
    """Trains in this process; see `Engine`."""

    name = "local"

    def __init__(self, model: Recommender, dataset: Dataset, settings: TrainingSettings) -> None:
        """Use a model on a data set."""
        self.model, self.dataset, self.settings = model, dataset, settings
        # before any kernel is called, a prediction of the untrained model among them
        ensure_compiled(model, settings)

    def one_epoch(
        self,
        state: Any,
        members: Sequence[Member],
        epoch: int,
        *,
        keep: Keep = "none",
        stop: threading.Event | None = None,
    ) -> list[EpochResult]:
        """Train copies of `state` for one epoch."""
        return train_one_epoch(
            self.model, state, members, self.dataset, self.settings, epoch, keep=keep, stop=stop
        )

    def fit(
        self,
        members: Sequence[Member],
        *,
        settings: TrainingSettings | None = None,
        test: bool = True,
        progress: Progress | None = None,
        stop: threading.Event | None = None,
    ) -> list[FitResult]:
        """Train members to convergence."""
        return fit(self.model, members, self.dataset, settings or self.settings, progress, stop, test=test)

    def close(self) -> None:
        """Nothing is held."""
