"""Rewards from fresh recommenders: each loss trains its own model for some epochs, from the initial state.

One epoch on a young recommender says little about where a loss ends. Some 25
epochs at a learning rate thirty times the usual one order losses nearly as
training to convergence does, and the reward of a loss does not depend on what
was tried before it: it is known for good.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from symloss.compile.program import Program
from symloss.engine.engine import Engine
from symloss.search.candidates.candidate import Attempt
from symloss.search.loop.attempts import AttemptGrid, best_attempts
from symloss.search.loop.trainee import initial_state, raise_if_cut, untrained_metric

SPEED_UP = 30.0
"""The learning rate of a reward is so many times that of training, where none is given,"""
LARGEST_RATE = 0.3
"""but at most this, unless that of training is larger."""


def reward_rate(learning_rate: float) -> float:
    """Return the learning rate of rewards for the learning rate of training."""
    return max(learning_rate, min(SPEED_UP * learning_rate, LARGEST_RATE))


class FreshRecommender:
    """Trains a recommender from scratch with each loss; its metric stays that of the untrained one."""

    adopts = False

    def __init__(
        self, engine: Engine, grid: AttemptGrid, *, epochs: int, learning_rate: float | None = None
    ) -> None:
        """Measure the untrained recommender.

        Args:
            engine: trains; its data set's train and validation parts are used.
            grid: the eps and scales that each loss is tried at.
            epochs: of each training, >= 1.
            learning_rate: of each training; `reward_rate` if None.
        """
        self._engine = engine
        self._grid = grid
        rate = reward_rate(engine.settings.learning_rate) if learning_rate is None else learning_rate
        self._settings = replace(engine.settings, learning_rate=rate, max_epochs=epochs, patience=epochs)
        self.metric = untrained_metric(engine, initial_state(engine), grid)

    def try_losses(self, programs: Sequence[Program], epoch: int, stop: threading.Event) -> list[Attempt]:
        """As in `Trainee`; the metric of an attempt is that of its best epoch, and `epoch` has no effect."""
        members, owners = self._grid.members(programs, self._settings.seed)
        results = self._engine.fit(members, settings=self._settings, test=False, stop=stop)
        metrics = [result.valid_metric if math.isfinite(result.valid_metric) else None for result in results]
        attempts = best_attempts(metrics, members, owners, self._settings.validation_metric)
        raise_if_cut([result.outcome for result in results], owners, attempts)
        return attempts

    def adopt(self, number: int) -> None:
        """Stay untrained."""

    def state(self) -> dict[str, Any]:
        """Nothing changes."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Nothing has changed."""
