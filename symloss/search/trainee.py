"""The current recommender of phase I: it tries losses for an epoch, and becomes the best copy."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Protocol

from symloss.compile.program import Program
from symloss.data.dataset import Dataset
from symloss.models.recommender import Recommender
from symloss.training.assess import validation_metric
from symloss.training.member import Member
from symloss.training.one_epoch import train_one_epoch
from symloss.training.outcome import Outcome
from symloss.training.settings import TrainingSettings


class Interrupted(Exception):
    """Training was stopped before all losses of a batch were tried."""


class Trainee(Protocol):
    """What phase I trains.

    Attributes:
        metric: its validation metric now.
    """

    metric: float

    def try_losses(
        self, programs: Sequence[Program], epoch: int, stop: threading.Event
    ) -> list[float | None]:
        """Train a copy for one epoch by each loss; return the validation metrics, None where one diverged.

        Raises:
            Interrupted: `stop` was set meanwhile.
        """
        ...

    def adopt(self, number: int) -> None:
        """Become the copy that loss `number` of the last call trained: the first of those with the best metric."""
        ...


class CurrentRecommender:
    """A model on a data set, with the state that phase I has brought it to."""

    def __init__(
        self,
        model: Recommender,
        dataset: Dataset,
        settings: TrainingSettings,
        *,
        eps: float,
        takes_score: bool,
    ) -> None:
        """Start from the model's initial state.

        Args:
            model: the architecture.
            dataset: train and validation part are used.
            settings: of the steps; also seed, metric, threads and device.
            eps: the smoothing of every loss.
            takes_score: whether losses see the raw score.
        """
        self._model = model
        self._dataset = dataset
        self._settings = settings
        self._eps = eps
        self._takes_score = takes_score
        self._copies: dict[int, tuple[Any, float]] = {}
        self.state = model.initial_state(dataset.n_users, dataset.n_items, settings.seed, settings.device)
        self.metric = validation_metric(model, self.state, dataset, takes_score, settings.validation_metric)

    def try_losses(
        self, programs: Sequence[Program], epoch: int, stop: threading.Event
    ) -> list[float | None]:
        """As in `Trainee`."""
        members = [
            Member(program, eps=self._eps, seed=self._settings.seed, takes_score=self._takes_score)
            for program in programs
        ]
        results = train_one_epoch(
            self._model, self.state, members, self._dataset, self._settings, epoch, keep="best", stop=stop
        )
        if any(result.outcome is Outcome.INTERRUPTED for result in results):
            raise Interrupted
        self._copies = {
            number: (result.state, result.metric)
            for number, result in enumerate(results)
            if result.state is not None
        }
        return [None if result.outcome is Outcome.DIVERGED else result.metric for result in results]

    def adopt(self, number: int) -> None:
        """As in `Trainee`."""
        self.state, self.metric = self._copies[number]
        self._copies = {}
