"""Trains copies of one state for one epoch, each with a loss of its own: a step of a search."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from symloss.errors import OptionError
from symloss.models.model import Model
from symloss.models.registry import trainer_for
from symloss.models.trainer import Trainer
from symloss.tasks.rating_task import of
from symloss.tasks.task import Task
from symloss.training.assess import check_dataset
from symloss.training.groups import Stop, for_groups
from symloss.training.kernel_cache import ensure_compiled
from symloss.training.member import Member, pack, rates_of
from symloss.training.memory import population_limit
from symloss.training.orders import epoch_order, epoch_seed
from symloss.training.outcome import Outcome
from symloss.training.population_metrics import validation_metrics
from symloss.training.settings import TrainingSettings

if TYPE_CHECKING:
    from symloss.data.dataset import Dataset

Keep = Literal["none", "best", "all"]

_NOISE = 1


@dataclass(frozen=True, eq=False)
class EpochResult:
    """What one epoch with one loss gave.

    Attributes:
        metric: the validation metric after the epoch; NaN if it diverged or was interrupted.
        outcome: `TRAINED`, `DIVERGED` or `INTERRUPTED`.
        loss: the mean training loss over the epoch; NaN if interrupted.
        state: the state after the epoch, where it was to be kept.
    """

    metric: float
    outcome: Outcome
    loss: float
    state: Any = field(default=None, repr=False)


def train_one_epoch(
    model: Model,
    state: Any,
    members: Sequence[Member],
    task: Task | Dataset,
    settings: TrainingSettings,
    epoch: int,
    keep: Keep = "none",
    stop: threading.Event | None = None,
) -> list[EpochResult]:
    """Train a copy of `state` with each member for one epoch and measure it on the validation part.

    All copies see the rows in the order of (settings.seed, epoch); the members'
    own seeds have no effect. The same call with fewer members gives the same
    numbers, so a state that was not kept can be had by training its member again.

    Args:
        model: what to train.
        state: what all start from, of a trainer of the model; left as it is.
        members: K losses; none gives no results.
        task: its train and validation parts are used; a data set is one.
        settings: of the steps; also the metric, the seed and the threads.
        epoch: number of the epoch, >= 0: another order for each.
        keep: which states to return: "none", "best" (of the best metric, the first if several) or
            "all". A state of MF on ML-100K takes 0.7 MB.
        stop: when set, members that have not started end as `INTERRUPTED`.

    Returns:
        K results, in the order of `members`.

    Raises:
        OptionError: `keep` is something else, epoch is negative, or a member's learning rate times its L2
            factor is 1 or more.
        DataError: the data set can't be trained on or the metric is undefined on it.
    """
    trainer = trainer_for(model, of(task), settings)
    return epoch_by(trainer, state, members, settings, epoch, keep, stop)


def epoch_by(
    trainer: Trainer,
    state: Any,
    members: Sequence[Member],
    settings: TrainingSettings,
    epoch: int,
    keep: Keep = "none",
    stop: threading.Event | None = None,
) -> list[EpochResult]:
    """Train as `train_one_epoch` does, by a trainer that was made with these settings."""
    if keep not in ("none", "best", "all"):
        raise OptionError(f"keep is {keep!r}; it must be 'none', 'best' or 'all'")
    if epoch < 0:
        raise OptionError(f"epoch is {epoch}; it must be 0 or more")
    if not members:
        return []
    rates_of(members, settings)
    metric = settings.validation_metric
    task = trainer.task
    check_dataset(task, metric)
    ensure_compiled(trainer, settings)
    order = epoch_order(settings.seed, epoch, len(task.train))
    noise = epoch_seed(epoch_seed(settings.seed, epoch), _NOISE)
    ending = Stop(stop)
    keeper = _Keeper(keep, settings)

    def work(numbers: Sequence[int]) -> list[EpochResult]:
        if ending:
            return [EpochResult(math.nan, Outcome.INTERRUPTED, math.nan) for _ in numbers]
        group = [members[number] for number in numbers]
        states = [trainer.copy(state) for _ in group]
        losses = trainer.epoch(
            states, pack(group), [order] * len(group), [noise] * len(group), *rates_of(group, settings)
        )
        finite = [place for place, loss in enumerate(losses) if math.isfinite(loss)]
        values = dict(
            zip(
                finite,
                validation_metrics(
                    trainer,
                    [states[place] for place in finite],
                    task,
                    [group[place].takes_score for place in finite],
                    metric,
                ),
                strict=True,
            )
        )
        results = []
        for place, (number, trained, loss) in enumerate(zip(numbers, states, losses, strict=True)):
            if place not in values:
                results.append(EpochResult(math.nan, Outcome.DIVERGED, loss))
                continue
            value = values[place]
            keeper.offer(number, value, trained)
            results.append(EpochResult(value, Outcome.TRAINED, loss))
        return results

    limit = population_limit(trainer, members, settings)
    results = for_groups(trainer, len(members), settings, work, ending, limit)
    kept = keeper.states
    if keep == "best":
        # A copy lets go of the memory that a device's members share.
        kept = {number: trainer.copy(best) for number, best in kept.items()}
    return [
        EpochResult(result.metric, result.outcome, result.loss, kept.get(number))
        for number, result in enumerate(results)
    ]


class _Keeper:
    """Holds on to the states that are to be returned."""

    def __init__(self, keep: Keep, settings: TrainingSettings) -> None:
        self.states: dict[int, Any] = {}
        self._keep = keep
        self._metric = settings.validation_metric
        self._best = self._metric.worst
        self._lock = threading.Lock()

    def offer(self, number: int, value: float, state: Any) -> None:
        """Keep the state if it is wanted."""
        if self._keep == "none":
            return
        with self._lock:
            if self._keep == "all":
                self.states[number] = state
            elif self._metric.improves(value, self._best) or (
                value == self._best and number < min(self.states, default=-1)
            ):
                # At equal metrics the first member counts, in whatever order threads finish.
                self._best = value
                self.states = {number: state}
