"""The default engine: all cores of this process, or its device."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from symloss.models.model import Model
from symloss.models.registry import trainer_for
from symloss.models.trainer import Trainer
from symloss.tasks.rating_task import of
from symloss.tasks.task import Task
from symloss.training.fit import FitResult, Progress, fit_by
from symloss.training.kernel_cache import ensure_compiled
from symloss.training.member import Member
from symloss.training.one_epoch import EpochResult, Keep, epoch_by
from symloss.training.settings import TrainingSettings

if TYPE_CHECKING:
    from symloss.data.dataset import Dataset

_TRAINERS = 8
"""So many trainers are kept, each for other settings, with what it has prepared on a device."""


class LocalEngine:
    """Trains in this process; see `Engine`."""

    name = "local"

    def __init__(self, model: Model, task: Task | Dataset, settings: TrainingSettings) -> None:
        """Use a model on a task.

        Raises:
            OptionError: nothing trains the model on the task by the settings.
        """
        self.model, self.task, self.dataset, self.settings = model, of(task), task, settings
        self._trainer = lru_cache(_TRAINERS)(self._made)
        # before any kernel is called, a prediction of the untrained model among them
        ensure_compiled(self.trainer, settings)

    @property
    def trainer(self) -> Trainer:
        """What trains by the engine's settings."""
        return self._trainer(self.settings)

    @property
    def parallel(self) -> int:
        """The threads of the settings."""
        return self.settings.n_threads

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
        return epoch_by(self.trainer, state, members, self.settings, epoch, keep, stop)

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
        chosen = settings or self.settings
        return fit_by(self._trainer(chosen), members, chosen, progress, stop, test=test)

    def close(self) -> None:
        """Let go of the trainers."""
        self._trainer.cache_clear()

    def _made(self, settings: TrainingSettings) -> Trainer:
        return trainer_for(self.model, self.task, settings)
