"""Spreads members over threads, in the group sizes that the trainer asks for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from symloss.models.trainer import Trainer
from symloss.training.memory import HOST
from symloss.training.settings import TrainingSettings

Result = TypeVar("Result")


class Stop:
    """Whether to end early: the caller's event, or the end of this call."""

    def __init__(self, event: threading.Event | None) -> None:
        """Watch the caller's event, if there is one."""
        self._event = event
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Ask all groups of this call to end, without touching the caller's event."""
        self._cancelled.set()

    def __bool__(self) -> bool:
        """Return whether to end."""
        return self._cancelled.is_set() or (self._event is not None and self._event.is_set())


def for_groups(
    trainer: Trainer,
    count: int,
    settings: TrainingSettings,
    work: Callable[[Sequence[int]], list[Result]],
    stop: Stop,
    limit: int,
) -> list[Result]:
    """Call `work` on groups of the numbers 0 to count - 1 in threads; return all results in order.

    Args:
        trainer: says how large a group is.
        count: number of members.
        settings: its threads are the most groups at a time.
        work: takes numbers of members, returns one result for each.
        stop: cancelled when a group fails or the wait is interrupted (Ctrl-C); the groups end soon
            after, and then the error goes on to the caller.
        limit: most members in a group (see `memory.population_limit`).
    """
    threads = settings.n_threads
    if settings.device not in HOST:
        # Groups side by side on one device would only share it, and its memory.
        threads = 1
    size = max(1, min(trainer.group_size(count, threads), limit))
    groups = [range(start, min(start + size, count)) for start in range(0, count, size)]
    with ThreadPoolExecutor(max(1, min(threads, len(groups))), thread_name_prefix="symloss") as pool:
        futures = [pool.submit(work, group) for group in groups]
        try:
            return [result for future in futures for result in future.result()]
        except BaseException:
            stop.cancel()
            for future in futures:
                future.cancel()
            raise
