"""How long to train: the clock is learning rate x L2 x steps, and epochs follow from it.

From a start drawn from N(0, 1), nothing is learned before L2 has worn the start off, which
takes some 1/(rate x L2) steps. So it is that product, and not a number of epochs, that
should be the same on all data, at all rates and batches: 1.7 after a contest's first rung, 3.3
after its second one, 6.7 after a reward and at the end of the longest training. Each of these
stands elsewhere as epochs on MovieLens-100K, for which they were measured (docs/effectiveness.md):
here is what becomes of them on other data. On MovieLens-100K itself they stay what they are.

What was given is never changed; only what was left open follows from the clock. Models that start otherwise have no
such clock: what is usual for them is `OTHERS`.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from symloss.data.dataset import Dataset
from symloss.tasks.rating_task import of
from symloss.tasks.task import Task
from symloss.training.settings import Optimizer, TrainingSettings

REFERENCE_STEPS = 740
"""Steps of an epoch on the train part of MovieLens-100K (94,638 rows or 12 fewer) in batches of 128."""

REFERENCE = TrainingSettings()
"""What its epochs were counted for: rate 0.01, L2 3e-4, 3,000 epochs at most, patience 100."""

FAST_RATES = {Optimizer.SGD: 0.3, Optimizer.ADAM: 0.01}
"""Learning rates at which about a hundred epochs do what thousands do at the paper's 0.01 (docs/effectiveness.md)."""

GENTLE_RATES = {"mlp": 0.03}
"""For models that don't take the fast rate well: the largest one that is chosen by itself."""

WORN_IN = ("mf", "mlp")
"""The models that the clock is for: their parameters start from N(0, 1), and learn once L2 has worn that off."""

OTHERS: dict[str, Any] = {"optimizer": "adam", "learning_rate": 0.01, "max_epochs": 100, "patience": 10}
"""How any other model is trained where nobody chose: by Adam, whose steps do not depend on how large the gradients of a
model are, in as many passes as modules with a start of their own need."""

LEAST_PATIENCE = 25
"""Epochs: at a fast rate the validation metric goes up and down more from epoch to epoch."""

DENSE = 50.0
"""Rows a user from which labels pull as they do on MovieLens-100K, which has 100."""

SPARSEST = 3.0
"""Where users have fewer rows, their pull is weaker and L2's alone is left: the longest training is up to so many
times as long. Patience ends it before, where that was not needed."""

WEAKEST_L2 = 3e-5
"""An L2 below this counts as this: at a hundredth of it nobody would wait until the start is worn off."""

LEAST_EPOCHS, MOST_EPOCHS = 10, 200_000
"""Of the longest training: fewer passes choose no best epoch, more are of no use on a handful of rows."""

MOST_FAST_EPOCHS = 2_000
"""Of a reward or a rung. On less than some 5,000 rows these would be longer; but there an epoch takes the time that
comes with any epoch, and a contest of a thousand configurations would take hours on a handful of rows."""


@dataclass(frozen=True)
class Size:
    """What the clock has to know of a data set.

    Attributes:
        rows: of the train part, >= 0.
        users: in the data set; 0 where rows are of no users.
    """

    rows: int
    users: int

    @classmethod
    def of(cls, dataset: Task | Dataset) -> Size:
        """Measure a task, or a data set of ratings."""
        task = of(dataset)
        return cls(len(task.train), task.sizes.get("users", 0))

    def steps(self, batch_size: int) -> int:
        """Return the steps of an epoch."""
        return max(1, -(-self.rows // batch_size))


def clock(settings: TrainingSettings, size: Size, epochs: int | None = None) -> float:
    """Return learning rate x L2 x steps after so many epochs (the longest training where not given)."""
    count = settings.max_epochs if epochs is None else epochs
    return settings.learning_rate * settings.l2 * size.steps(settings.batch_size) * count


def stretch(settings: TrainingSettings, size: Size) -> float:
    """Return how many epochs on this data, by these settings, are one of the reference's on MovieLens-100K.

    Without L2 there is no start to wear off, and Adam divides the strength of L2 out of its steps: the clock
    of both is rate x steps.
    """
    decays = settings.l2 > 0 and settings.optimizer == Optimizer.SGD
    pull = REFERENCE.l2 / max(settings.l2, WEAKEST_L2) if decays else 1.0
    rate = REFERENCE.learning_rate / settings.learning_rate
    return rate * pull * (REFERENCE_STEPS / size.steps(settings.batch_size))


def rescaled(epochs: int, ratio: float) -> int:
    """Return a number of epochs, counted for MovieLens-100K, times a ratio; at least 1."""
    # A ratio that should be whole must not become one epoch more by rounding.
    return max(1, math.ceil(epochs * ratio * (1 - 1e-9)))


def default_rate(settings: TrainingSettings, size: Size, model: str = "mf") -> float:
    """Return the learning rate where none was given.

    On data with few steps an epoch it is larger by as much, up to the fast rate: an epoch then goes as far as on
    MovieLens-100K, and training takes no longer. Adam keeps its own.
    """
    if settings.optimizer != Optimizer.SGD:
        return REFERENCE.learning_rate
    fewer = max(1.0, REFERENCE_STEPS / size.steps(settings.batch_size))
    most = GENTLE_RATES.get(model, FAST_RATES[Optimizer.SGD])
    return min(most, REFERENCE.learning_rate * fewer)


def fitted(
    settings: TrainingSettings,
    size: Size,
    given: Collection[str] = (),
    *,
    model: str = "mf",
    fast: bool = False,
) -> TrainingSettings:
    """Return settings for a data set: what was not given follows from the clock.

    Args:
        settings: learning_rate, max_epochs and patience count where they were given, all else always.
        size: of the data set.
        given: names of settings that somebody chose; they stay.
        model: name of the recommender.
        fast: whether a learning rate that was not given is the fast one (`FAST_RATES`).
    """
    if model not in WORN_IN:
        own_optimizer = "optimizer" in given and settings.optimizer != OTHERS["optimizer"]
        # the rate is that of Adam; another optimizer keeps its usual one
        fixed = {*given, "learning_rate"} if own_optimizer else set(given)
        return replace(settings, **{name: value for name, value in OTHERS.items() if name not in fixed})
    if "learning_rate" not in given:
        own = FAST_RATES[Optimizer(settings.optimizer)] if fast else default_rate(settings, size, model)
        # Above this the decay of a step would take away more than the parameter.
        settings = replace(settings, learning_rate=min(own, 0.5 / settings.l2) if settings.l2 else own)
    ratio = stretch(settings, size)
    if settings.optimizer == Optimizer.ADAM:
        # the reference's epochs are thirty times what Adam needs at its rate, which is a fast one: enough for less data
        smaller = REFERENCE_STEPS / size.steps(settings.batch_size)
        spare = FAST_RATES[Optimizer.SGD] / REFERENCE.learning_rate
        ratio *= min(1.0, max(1.0 / smaller, 1.0 / spare))
    chosen: dict[str, Any] = {}
    if "max_epochs" not in given:
        sparse = min(SPARSEST, max(1.0, DENSE * size.users / max(1, size.rows)))
        epochs = rescaled(REFERENCE.max_epochs, ratio * sparse)
        chosen["max_epochs"] = min(MOST_EPOCHS, max(LEAST_EPOCHS, epochs))
    if "patience" not in given:
        chosen["patience"] = min(MOST_EPOCHS, max(LEAST_PATIENCE, rescaled(REFERENCE.patience, ratio)))
    return replace(settings, **chosen)


def short_epochs(epochs: int, settings: TrainingSettings, size: Size) -> int:
    """Return the epochs of a reward or rung that has so many on MovieLens-100K by the same rate.

    Args:
        epochs: on MovieLens-100K, in batches of 128, at an L2 of 3e-4.
        settings: of the training; its learning rate has no effect.
        size: of the data set.
    """
    ratio = stretch(replace(settings, learning_rate=REFERENCE.learning_rate, l2=min(settings.l2, 0.5)), size)
    return min(MOST_FAST_EPOCHS, rescaled(epochs, ratio))


def rung_epochs(rungs: Collection[int], settings: TrainingSettings, size: Size) -> tuple[int, ...]:
    """Return the epochs of a contest's rungs, which have these on MovieLens-100K; they increase still.

    Where the longest would have more than `MOST_FAST_EPOCHS`, all are shorter by as much.
    """
    longest = max(rungs, default=1)
    shorter = short_epochs(longest, settings, size) / longest
    found: list[int] = []
    for epochs in rungs:
        own = min(short_epochs(epochs, settings, size), rescaled(epochs, shorter))
        found.append(max(own, found[-1] + 1 if found else 1))
    return tuple(found)
