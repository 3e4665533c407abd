"""`progress=`: what happens is drawn where a person watches, unless the caller says otherwise."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from symloss.errors import OptionError
from symloss.progress import EvaluationStep, PhaseStarted, SearchEvent, SearchProgress, silent
from symloss.progress_display import SearchDisplay, watched
from symloss.tasks.metric import Metric

Events: TypeAlias = "SearchProgress | bool | None"
"""A callable that gets the events; True and False to draw them or not; None to draw them where somebody watches."""

EachEpoch = Callable[[int, float], None]
"""Gets the number of an epoch, from 1, and the validation metric."""


@contextmanager
def shown(progress: Events) -> Iterator[SearchProgress]:
    """Give what receives the events of a search or an evaluation.

    Raises:
        OptionError: it can't be called.
    """
    if drawn(progress):
        with SearchDisplay() as display:
            yield display
    else:
        yield progress if callable(progress) else silent


@contextmanager
def shown_epochs(progress: EachEpoch | bool | None, loss: str, metric: Metric) -> Iterator[EachEpoch | None]:
    """Give what is called after each epoch of one training; None for nothing.

    Args:
        progress: as for `shown`, but that a callable gets epochs.
        loss: what is trained by.
        metric: what is watched.

    Raises:
        OptionError: it can't be called.
    """
    if not drawn(progress):
        yield progress if callable(progress) else None
        return
    with SearchDisplay() as display:
        yield _Epochs(display, loss, metric)


class _Epochs:
    """One training, drawn as an evaluation of one member."""

    def __init__(self, display: Callable[[SearchEvent], None], loss: str, metric: Metric) -> None:
        self.display, self.loss, self.metric = display, loss, metric
        self.best, self.start = metric.worst, time.monotonic()
        display(PhaseStarted(3, 1, None))

    def __call__(self, epoch: int, value: float) -> None:
        if self.metric.improves(value, self.best):
            self.best = value
        best = self.best if math.isfinite(self.best) else None
        self.display(EvaluationStep(0, 1, epoch, self.loss, best, time.monotonic() - self.start))


def drawn(progress: object) -> bool:
    """Return whether events are drawn.

    Raises:
        OptionError: it is none of what `progress=` takes.
    """
    if progress is None:
        return watched()
    if isinstance(progress, bool):
        return progress
    if not callable(progress):
        raise OptionError(
            f"progress is {progress!r}; it must be a callable that gets the events, True or False to draw them or not, "
            "or None to draw them in terminals and notebooks"
        )
    return False
