"""Spreads members over threads, in the group sizes that the trainer asks for."""

from __future__ import annotations

import threading
import time
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
    seconds: float | None = None,
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
        seconds: groups on the host are made smaller than the trainer asks where one would take longer, by what the
            first ones took; as the trainer asks where None.
    """
    threads = settings.n_threads
    if settings.device not in HOST:
        # Groups side by side on one device would only share it, and its memory.
        threads, seconds = 1, None
    size = max(1, min(trainer.group_size(count, threads), limit))
    groups = _Groups(count, size, None if size == 1 else seconds)

    def take_turns() -> list[tuple[range, list[Result]]]:
        done = []
        try:
            while group := groups.take():
                began = time.monotonic()
                done.append((group, work(group)))
                groups.took(len(group), time.monotonic() - began)
        except BaseException:
            stop.cancel()
            raise
        return done

    workers = max(1, min(threads, -(-count // groups.size)))
    with ThreadPoolExecutor(workers, thread_name_prefix="symloss") as pool:
        futures = [pool.submit(take_turns) for _ in range(workers)]
        try:
            found = [one for future in futures for one in future.result()]
        except BaseException:
            stop.cancel()
            groups.end()
            raise
    return [result for _, results in sorted(found, key=lambda one: one[0].start) for result in results]


class _Groups:
    """Hands out the numbers from 0 on, as many at a time as fit the seconds that a group may take."""

    def __init__(self, count: int, most: int, seconds: float | None) -> None:
        self._left, self._count, self._most, self._seconds = 0, count, most, seconds
        self._lock = threading.Lock()
        # until something is known, as few as can be
        self.size = most if seconds is None else 1

    def take(self) -> range:
        """Return the next numbers, none at the end."""
        with self._lock:
            group = range(self._left, min(self._left + self.size, self._count))
            self._left = group.stop
            return group

    def took(self, members: int, seconds: float) -> None:
        """Learn how long a group took."""
        if self._seconds is not None:
            each = max(seconds, 1e-9) / members
            with self._lock:
                # not more than some times the last: a group that ended early says little
                self.size = max(1, min(self._most, int(self._seconds / each), 4 * self.size))

    def end(self) -> None:
        """Hand out nothing more."""
        with self._lock:
            self._left = self._count
