"""`symloss.train`: a model trained by one loss until validation no longer improves."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from symloss.api.arguments import loss_list, param_values, seconds, seed_list, settings_of
from symloss.api.engines import check_alone, given_names, is_engine, running
from symloss.api.shown_progress import EachEpoch, shown_epochs
from symloss.compile.realness import refuse_unreal
from symloss.contest.trial import Trial
from symloss.data.dataset import Dataset
from symloss.deadline import TimedStop
from symloss.engine.engine import Engine
from symloss.errors import OptionError
from symloss.interrupt import stop_on_interrupt
from symloss.loss import Loss
from symloss.models import registry
from symloss.models.trainer import Trainer
from symloss.models.user_model import Given
from symloss.tasks.part import SomeRows
from symloss.tasks.rating_task import of
from symloss.tasks.task import Task
from symloss.training.assess import host_scores
from symloss.training.clock import Size, fitted
from symloss.training.settings import TrainingSettings

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A model at its best epoch by validation.

    Attributes:
        loss: what it was trained by, with its eps and its scale.
        task: on what.
        settings: how.
        metrics: of the test part by name; empty where no epoch was finished.
        valid_metric: the best one; NaN where no epoch was finished.
        best_epoch, epochs: the epoch it was reached in, and how many there were.
        seconds: of training.
        outcome: how training ended, a sentence.
        history: the validation metric after each epoch.
        state: the parameters, as the trainer keeps them.
        trainer: measures and saves the state.
    """

    loss: Loss
    task: Task
    settings: TrainingSettings
    metrics: dict[str, float]
    valid_metric: float
    best_epoch: int
    epochs: int
    seconds: float
    outcome: str
    history: list[float] = field(repr=False)
    state: Any = field(repr=False)
    trainer: Trainer = field(repr=False)

    def scores(self, *inputs: NDArray[Any]) -> NDArray[np.float32]:
        """Return the raw scores of rows, shape (rows,); for probabilities take their sigmoids.

        Args:
            inputs: as a part of the task has them: users and items, or an array of features as they went into training.

        Raises:
            DataError: a user or item is not one of the task.
        """
        return host_scores(self.trainer, self.state, SomeRows.unlabelled(*inputs))

    def frame(self) -> pd.DataFrame:
        """Return the validation metric by epoch: columns epoch and the metric's name."""
        import pandas as pd

        epochs = np.arange(1, len(self.history) + 1)
        return pd.DataFrame({"epoch": epochs, self.settings.validation_metric.name: self.history})


def train(
    loss: str | Loss,
    *,
    task: Task | Dataset,
    model: Given | None = None,
    seed: int = 42,
    params: Mapping[str, float] | None = None,
    time: float | str | None = None,
    fast: bool = False,
    engine: str | Engine = "local",
    ray_address: str | None = None,
    progress: EachEpoch | bool | None = None,
    stop: threading.Event | None = None,
    **settings: Any,
) -> TrainedModel:
    """Train a model by one loss until its validation metric stops improving, and measure it on the test part.

    Args:
        loss: a name, a formula, the folder of a search or a `Loss`; where its eps is open, it has the default.
        task: what is learned; see `symloss.tasks`.
        model: a name, a `symloss.models.Model`, a factory `build(task, seed) -> nn.Module`, or "FILE.py:build"; "mf"
            where None.
        seed: of the initial parameters and the order of the rows.
        params: the value of each constant that the formula names, such as {"tau": 0.2}.
        time: seconds, or text such as "10m", after which the best epoch so far counts.
        fast: SGD at rate 0.3 (Adam at 0.01) with as many times fewer epochs, where no rate is given.
        engine: where: "local" (this process), "ray" (a Ray cluster), or an engine of this task, which brings its model
            and its settings.
        ray_address: of the cluster; None for a local one.
        progress: called after each epoch with its number, from 1, and the validation metric; False for nothing; None
            draws them where somebody watches.
        stop: ends training early, as does Ctrl-C.
        settings: fields of `TrainingSettings`, such as learning_rate, l2, batch_size, max_epochs, patience, optimizer,
            device and threads. Rate, epochs and patience follow from the size of the data where they are not given.

    Raises:
        FormulaError, OptionError, DataError, DomainError: an argument can't be used.
    """
    what = of(task)
    values = param_values(params)
    several = [name for name, own in values.items() if len(own) > 1]
    if several:
        raise OptionError(
            f"params has several values of {several[0]}; train takes one, and symloss.evaluate the best of several"
        )
    if not isinstance(loss, str | Loss):
        raise OptionError(f"a loss is a name, a formula or a Loss, not {type(loss).__name__}")
    chosen = loss_list(loss, what.signature, values)[0]
    refuse_unreal(chosen)
    seed_list([seed], seed)
    if is_engine(engine):
        check_alone(engine, what, given_names(settings, model=model is not None, fast=fast))
        found, how = engine.model, engine.settings
    else:
        found = registry.get("mf" if model is None else model)
        how = settings_of(settings, what.metrics[0], seed)
        how = fitted(how, Size.of(what), settings, model=found.name, fast=fast)
    limit = seconds(time, "time")
    member = Trial(
        chosen if chosen.scale == 1 else chosen.with_scale(1), chosen.eps, chosen.scale, seed
    ).member()
    with (
        stop_on_interrupt(stop) as event,
        running(engine, found, what, how, ray_address) as trains,
        shown_epochs(progress, chosen.title, how.validation_metric) as each,
    ):
        told = None if each is None else (lambda _, epoch, value: each(epoch, value))
        (result,) = trains.fit([member], progress=told, stop=TimedStop(event, limit))
        trainer = trains.trainer
    return TrainedModel(
        chosen, what, how, result.metrics, result.valid_metric, result.best_epoch, result.epochs, result.seconds,
        str(result.outcome), result.history, result.state, trainer,
    )  # fmt: skip
