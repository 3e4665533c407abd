"""The current recommender of phase I: it tries losses for an epoch, and becomes the best copy."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from symloss.compile.program import Program
from symloss.engine.engine import Engine
from symloss.search.candidates.candidate import Attempt
from symloss.search.loop.attempts import AttemptGrid, best_attempts
from symloss.training.assess import validation_metric
from symloss.training.outcome import Outcome


class Interrupted(Exception):
    """Training was stopped before all losses of a batch were tried.

    Attributes:
        finished: the best attempt of each loss that was tried in all ways, by its place in the batch.
    """

    def __init__(self, finished: Mapping[int, Attempt] | None = None) -> None:
        """Keep what was finished."""
        super().__init__()
        self.finished = dict(finished or {})


class Trainee(Protocol):
    """What phase I trains.

    Attributes:
        metric: the validation metric that gains are measured from.
        adopts: whether it becomes the best copy, after which earlier rewards mean nothing.
    """

    metric: float
    adopts: bool

    def try_losses(self, programs: Sequence[Program], epoch: int, stop: threading.Event) -> list[Attempt]:
        """Train a copy by each loss; return the best attempt of each.

        Raises:
            Interrupted: `stop` was set meanwhile.
        """
        ...

    def adopt(self, number: int) -> None:
        """Become the copy that loss `number` of the last call trained: the first of those with the best metric."""
        ...

    def state(self) -> dict[str, Any]:
        """Return what adoption changes: arrays, numbers, text, and dicts and lists of them."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what `state` gave, for the same model and data.

        Raises:
            RunError: it was given for others.
        """
        ...


class CurrentRecommender:
    """A model on a data set, with the state that phase I has brought it to (AutoLossGen, section 3.3)."""

    adopts = True

    def __init__(self, engine: Engine, grid: AttemptGrid) -> None:
        """Start from the model's initial state.

        Args:
            engine: trains; its data set's train and validation parts are used.
            grid: the eps and scales that each loss is tried at.
        """
        self._engine = engine
        self._grid = grid
        self._best: tuple[Any, float] | None = None
        self.model_state = initial_state(engine)
        self.metric = untrained_metric(engine, self.model_state, grid)

    def try_losses(self, programs: Sequence[Program], epoch: int, stop: threading.Event) -> list[Attempt]:
        """As in `Trainee`."""
        members, owners = self._grid.members(programs, self._engine.settings.seed)
        results = self._engine.one_epoch(self.model_state, members, epoch, keep="best", stop=stop)
        kept = [result for result in results if result.state is not None]
        self._best = (kept[0].state, kept[0].metric) if kept else None
        metrics = [
            None if result.outcome is Outcome.DIVERGED or not math.isfinite(result.metric) else result.metric
            for result in results
        ]
        attempts = best_attempts(metrics, members, owners, self._engine.settings.validation_metric)
        raise_if_cut([result.outcome for result in results], owners, attempts)
        return attempts

    def adopt(self, number: int) -> None:
        """As in `Trainee`."""
        assert self._best is not None
        self.model_state, self.metric = self._best
        self._best = None

    def state(self) -> dict[str, Any]:
        """As in `Trainee`."""
        return {"metric": self.metric, "parameters": self._engine.trainer.save(self.model_state)}

    def restore(self, state: dict[str, Any]) -> None:
        """As in `Trainee`."""
        self.metric = state["metric"]
        self.model_state = self._engine.trainer.load(state["parameters"])


def raise_if_cut(outcomes: Sequence[Outcome], owners: Sequence[int], attempts: Sequence[Attempt]) -> None:
    """Raise `Interrupted` where a training was cut short, with the attempts of losses of which none was.

    Args:
        outcomes, owners: of each training, and the number of its loss.
        attempts: the best one of each loss.
    """
    cut = {owner for owner, outcome in zip(owners, outcomes, strict=True) if outcome is Outcome.INTERRUPTED}
    if cut:
        raise Interrupted({number: one for number, one in enumerate(attempts) if number not in cut})


def initial_state(engine: Engine) -> Any:
    """Return the state that the engine's model starts from."""
    return engine.trainer.start(engine.settings.seed)


def untrained_metric(engine: Engine, state: Any, grid: AttemptGrid) -> float:
    """Return the validation metric of a state before any training."""
    metric = engine.settings.validation_metric
    return validation_metric(engine.trainer, state, engine.task, grid.takes_score, metric)
