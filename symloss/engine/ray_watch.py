"""The driver's end of the hub: tells finished epochs, passes the wish to stop, and notices silent tasks."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from typing import Any

from symloss.training.fit import Progress

SILENT_SECONDS = 10.0
"""After the wish to stop, a task that has not been heard of for so long is given up."""


class Watch:
    """Follows the members of one call: epochs are told once, in order, whichever way they arrive."""

    def __init__(self, hub: Any, call: int, ray: Any, progress: Progress | None) -> None:
        """Follow call number `call` through a hub."""
        self._hub, self._call, self._ray, self._progress = hub, call, ray, progress
        self._told: dict[int, int] = {}

    def tick(self, ending: bool) -> Callable[[range], bool]:
        """Exchange with the hub; return which tasks to give up: never begun, or silent."""
        try:
            events, heard = self._ray.get(self._hub.drain.remote(self._call, ending), timeout=30)
        except self._ray.exceptions.RayError:
            # It is being started anew; nothing of importance is lost with it.
            return lambda chunk: False
        for number, epoch, metric in events:
            self._tell(number, epoch, metric)
        return lambda chunk: heard.get(chunk.start, math.inf) > SILENT_SECONDS

    def leave(self) -> None:
        """Tell the tasks of this call that nobody waits for them: they end soon, or do not begin."""
        with contextlib.suppress(self._ray.exceptions.RayError):
            # where the way into the cluster is lost, the error that led here says more
            self._hub.drain.remote(self._call, True)

    def finish(self, number: int, history: Sequence[float]) -> None:
        """Tell the epochs that have not come through the hub."""
        for epoch, metric in enumerate(history, 1):
            self._tell(number, epoch, metric)

    def _tell(self, number: int, epoch: int, metric: float) -> None:
        # A task that was made again begins at epoch 1; a report may be lost, then the next ones wait for `finish`.
        if epoch != self._told.get(number, 0) + 1:
            return
        self._told[number] = epoch
        if self._progress is not None:
            self._progress(number, epoch, metric)
