"""Runs tasks on a Ray cluster until each has a result, on whatever machines are left.

The driver keeps what tasks are made from. So a task whose machine or process is
lost, or whose result is lost with its machine before it was fetched, is made
again. Ray's own retries are off: then there is one place that counts and decides.

`ray.cancel` is not used: where the reply of a task comes in at that moment, Ray ends
the whole process ("Check failed: it != submissible_tasks_.end()", seen up to Ray 2.60,
for one in twenty tasks that had just failed). What is not to be waited for is told to
end by the hub instead (`ray_worker`), and its result is not fetched.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from symloss.engine.errors import EngineError

TASK_SECONDS = 0.3
"""How long a task is to take at least."""
ATTEMPTS = 5
"""So often may a task fail for another reason than the loss of its machine, of which there can be many."""
TICK_SECONDS = 0.25
"""How often the caller's stop event is looked at."""
EMPTY_SECONDS = 60.0
"""How long a cluster may be without any machine to work on."""


def chunk_size(count: int, slots: int, seconds: float | None, group: int) -> int:
    """Return how many members a task gets.

    A task costs some milliseconds, so it should take about 0.3 s, but no less than
    two tasks a core, so that no core waits for the last of the others.

    Args:
        count: number of members, >= 1.
        slots: cores of the cluster, >= 1.
        seconds: what a member is expected to take; None if nothing is known.
        group: the least number that the model trains well together.
    """
    most = -(-count // (2 * slots))
    wanted = -(-count // (8 * slots)) if seconds is None else int(TASK_SECONDS / max(seconds, 1e-6)) + 1
    return max(1, group, min(wanted, most))


class Tasks:
    """Makes tasks and gathers their replies.

    Attributes:
        retries: tasks that were made again.
        by_node: finished tasks of each machine, by Ray's identifier.
    """

    def __init__(self, ray: Any) -> None:
        """Work in the cluster that this process is connected to."""
        self._ray = ray
        self._alive = time.monotonic()
        self._asked = 0.0
        self.retries = 0
        self.by_node: Counter[str] = Counter()

    def slots(self) -> int:
        """Return the cores of the cluster now, 0 if there is no machine to work on."""
        return int(self._ray.cluster_resources().get("CPU", 0))

    def gather(
        self,
        chunks: Sequence[range],
        make: Callable[[range], Any],
        renew: Callable[[], None],
        stop: threading.Event | None,
        tick: Callable[[bool], Callable[[range], bool]],
        done: Callable[[range, Any], None],
        leave: Callable[[], None],
    ) -> None:
        """Run one task for each chunk; chunks that are given up after `stop` are left out.

        Args:
            chunks: members, by their numbers.
            make: starts the task of a chunk, returns Ray's reference.
            renew: puts what tasks share into the cluster again.
            stop: ends early.
            tick: called about four times a second with whether to stop; returns which chunks to give up.
            done: takes a chunk and its reply, in the order in which they come.
            leave: tells tasks that are left behind to end; called where an error ends the wait.

        Raises:
            EngineError: a task fails again and again, or no machine is left.
        """
        if stop is not None and stop.is_set():
            return
        self._alive = time.monotonic()
        waiting = {make(chunk): chunk for chunk in chunks}
        failures: Counter[int] = Counter()
        ticked = 0.0
        try:
            while waiting:
                ready, _ = self._ray.wait(list(waiting), num_returns=1, timeout=TICK_SECONDS)
                ending = stop is not None and stop.is_set()
                for reference in ready:
                    chunk = waiting[reference]
                    error = self._fetch(reference, chunk, done)
                    del waiting[reference]
                    if error is None or ending:
                        continue
                    if not isinstance(error, self._ray.exceptions.NodeDiedError):
                        failures[chunk.start] += 1
                    if failures[chunk.start] >= ATTEMPTS:
                        raise EngineError(_gave_up(error)) from error
                    self.retries += 1
                    if isinstance(error, self._ray.exceptions.ObjectLostError):
                        renew()
                    waiting[make(chunk)] = chunk
                if ending or time.monotonic() - ticked >= TICK_SECONDS:
                    ticked = time.monotonic()
                    give_up = tick(ending)
                    for reference in [key for key, chunk in waiting.items() if ending and give_up(chunk)]:
                        del waiting[reference]
                    self._check_alive()
        except BaseException:
            leave()
            raise

    def _fetch(self, reference: Any, chunk: range, done: Callable[[range, Any], None]) -> Exception | None:
        """Hand over a reply; return what was lost instead."""
        errors = self._ray.exceptions
        try:
            reply = self._ray.get(reference)
        except errors.RayTaskError as error:
            # The task itself failed, as it would have here, or could not get what it needs.
            cause = error.cause
            if isinstance(cause, errors.RayError):
                return cause
            if isinstance(cause, ImportError):
                raise EngineError(
                    f"a machine of the Ray cluster can't import what training needs ({cause}); "
                    "install the same symloss on every machine"
                ) from error
            if isinstance(cause, Exception):
                raise cause from None
            raise EngineError(f"training failed on the Ray cluster: {error}") from error
        except errors.LocalRayletDiedError as error:
            raise EngineError(
                "Ray has ended on this machine, and with it the way into the cluster; start it again and go on "
                "from the run folder (--resume)"
            ) from error
        except errors.RayError as error:
            return error
        self.by_node[reply.node] += 1
        self._alive = time.monotonic()
        done(chunk, reply)
        return None

    def _check_alive(self) -> None:
        now = time.monotonic()
        if now - self._asked < EMPTY_SECONDS / 12:
            return
        self._asked = now
        if self.slots() >= 1:
            self._alive = now
        elif now - self._alive > EMPTY_SECONDS:
            raise EngineError(
                f"the Ray cluster has had no machine to train on for {EMPTY_SECONDS:.0f} seconds; add one with "
                "`ray start --address=HOST:PORT`, then go on from the run folder (--resume)"
            )


def _gave_up(error: Exception) -> str:
    first = str(error).strip().split("\n")[0]
    return (
        f"training failed {ATTEMPTS} times on the Ray cluster ({type(error).__name__}: {first}); the logs of the "
        "machine that it ran on, /tmp/ray/session_latest/logs, say why; memory is the first thing to look at"
    )
