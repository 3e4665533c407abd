"""Trains on the machines of a Ray cluster; the numbers are those of the local engine.

Members are cut into chunks, and a chunk is a task of one core (`ray_worker`).
The search, its archive and the best states stay in this process: a machine that
is lost costs the time of the tasks that ran there (`ray_tasks`).
"""

from __future__ import annotations

import importlib
import math
import statistics
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from symloss.engine import ray_worker
from symloss.engine.errors import EngineError
from symloss.engine.ray_connection import Connection
from symloss.engine.ray_tasks import Tasks, chunk_size
from symloss.engine.ray_watch import Watch
from symloss.engine.shipped_model import shipped
from symloss.errors import OptionError
from symloss.models.model import Model
from symloss.models.registry import trainer_for
from symloss.models.trainer import Trainer
from symloss.tasks.rating_task import of
from symloss.tasks.task import Task
from symloss.training.assess import check_dataset
from symloss.training.fit import FitResult, Progress
from symloss.training.member import Member
from symloss.training.memory import HOST
from symloss.training.one_epoch import EpochResult, Keep, epoch_by
from symloss.training.outcome import Outcome
from symloss.training.settings import TrainingSettings

if TYPE_CHECKING:
    from symloss.data.dataset import Dataset

_INTERRUPTED = EpochResult(math.nan, Outcome.INTERRUPTED, math.nan)


class RayEngine:
    """Trains on a Ray cluster; see `Engine`.

    `progress` is called in the thread that called `fit`, once for each epoch of a
    member, in order; epochs arrive in bundles, about twice a second.
    """

    name = "ray"

    def __init__(
        self, model: Model, task: Task | Dataset, settings: TrainingSettings, *, address: str | None = None
    ) -> None:
        """Connect to a cluster, or start a local Ray.

        Args:
            model: what is trained; every machine imports it (see `symloss.engine.shipped_model`).
            task: put into the cluster once; a data set is one.
            settings: as for `LocalEngine`; the threads are the cores of a local Ray, and tasks use one each.
            address: "host:port" of the cluster's head, or "auto" for the cluster that this machine belongs
                to. None takes the cluster that this process is in already, or starts a Ray on this machine.

        Raises:
            OptionError: ray is missing, the address can't be right, the device is not the CPU, other machines can't
                import the model, nothing trains it on the task, or a machine of the cluster has other versions.
            EngineError: the cluster can't be reached or has no machine.
        """
        _check_device(settings)
        self.model, self.task, self.dataset, self.settings = model, of(task), task, settings
        self._shipped, self._trainer = shipped(model), trainer_for(model, self.task, settings)
        self._connection = Connection(address, settings.n_threads)
        self._ray = self._connection.ray
        self._tasks = Tasks(self._ray)
        self._paces: deque[float] = deque(maxlen=64)
        self._call = 0
        self._hub: Any = None
        self._shared: Any = None
        self._closed = False
        try:
            self._expected = ray_worker.versions()
            self._processors = self._check_machines()
            self._epoch_task = self._remote(ray_worker.train_epoch_task)
            self._fit_task = self._remote(ray_worker.fit_task)
            self._share()
        except BaseException:
            self.close()
            raise

    @property
    def trainer(self) -> Trainer:
        """What makes, measures and saves states here."""
        return self._trainer

    @property
    def parallel(self) -> int:
        """The cores of the cluster now, at least 1."""
        return 1 if self._closed else max(1, self._tasks.slots())

    def one_epoch(
        self,
        state: Any,
        members: Sequence[Member],
        epoch: int,
        *,
        keep: Keep = "none",
        stop: threading.Event | None = None,
    ) -> list[EpochResult]:
        """Train copies of `state` for one epoch; when stopped, members in training end as `INTERRUPTED` too."""
        self._check_open()
        # Checks keep and epoch.
        epoch_by(self.trainer, state, [], self.settings, epoch, keep)
        if not members:
            return []
        check_dataset(self.task, self.settings.validation_metric)
        self._call += 1
        watch = Watch(self._started_hub(), self._call, self._ray, None)
        start = self._ray.put(state)
        results = [_INTERRUPTED] * len(members)

        def make(chunk: range) -> Any:
            own = [members[number] for number in chunk]
            return self._epoch_task.remote(
                self._expected,
                [self._shared],
                start,
                self.settings,
                own,
                epoch,
                keep,
                self._hub,
                self._call,
                chunk.start,
            )

        def renew() -> None:
            nonlocal start
            self._share()
            start = self._ray.put(state)

        def tick(ending: bool) -> Callable[[range], bool]:
            if ending:
                watch.leave()
            return lambda chunk: True

        def done(chunk: range, reply: ray_worker.Reply[EpochResult]) -> None:
            results[chunk.start : chunk.stop] = reply.results
            self._paces.append(reply.seconds / len(chunk))

        chunks = self._chunks(len(members), self.settings, self._pace)
        self._tasks.gather(chunks, make, renew, stop, tick, done, watch.leave)
        wanted = _wanted(results, keep, self.settings)
        return [self._own(result, number in wanted) for number, result in enumerate(results)]

    def fit(
        self,
        members: Sequence[Member],
        *,
        settings: TrainingSettings | None = None,
        test: bool = True,
        progress: Progress | None = None,
        stop: threading.Event | None = None,
    ) -> list[FitResult]:
        """Train members to convergence."""
        self._check_open()
        settings = settings or self.settings
        _check_device(settings)
        if not members:
            return []
        check_dataset(self.task, settings.validation_metric)
        self._call += 1
        watch = Watch(self._started_hub(), self._call, self._ray, progress)
        results = [_untrained(member) for member in members]

        def make(chunk: range) -> Any:
            own = [members[number] for number in chunk]
            return self._fit_task.remote(
                self._expected, [self._shared], settings, own, test, self._hub, self._call, chunk.start
            )

        def done(chunk: range, reply: ray_worker.Reply[FitResult]) -> None:
            for number, result in zip(chunk, reply.results, strict=True):
                # What Ray hands over is read-only and lies in shared memory.
                kept = None if result.state is None else self.trainer.copy(result.state)
                results[number] = replace(result, member=members[number], state=kept)
                watch.finish(number, result.history)
            epochs = sum(result.epochs for result in reply.results)
            if epochs:
                self._paces.append(reply.seconds / epochs)

        expected = (
            None if self._pace is None else self._pace * min(settings.max_epochs, settings.patience + 1)
        )
        # Without experience, one by one: trained to convergence, a member takes seconds.
        chunks = self._chunks(len(members), settings, math.inf if expected is None else expected)
        self._tasks.gather(chunks, make, self._share, stop, watch.tick, done, watch.leave)
        return results

    def close(self) -> None:
        """Leave the cluster; a Ray that was started here ends."""
        if self._closed:
            return
        self._closed = True
        if self._hub is not None and self._ray.is_initialized():
            self._ray.kill(self._hub)
        self._hub = self._shared = None
        self._connection.close()

    def summary(self) -> dict[str, Any]:
        """Return facts for reports, ready for JSON.

        Returns:
            engine, cores (now), processors (of the machines at the start; where they differ, so may the last
            bits of results), tasks (finished, by Ray's identifier of the machine) and retries.
        """
        return {
            "engine": self.name,
            "cores": 0 if self._closed else self._tasks.slots(),
            "processors": self._processors,
            "tasks": dict(self._tasks.by_node),
            "retries": self._tasks.retries,
        }

    def _check_open(self) -> None:
        if self._closed:
            raise EngineError("this engine is closed; make another one")

    def _remote(self, function: Callable[..., Any]) -> Any:
        return self._ray.remote(num_cpus=1, max_retries=0)(function)

    def _share(self) -> None:
        """Put the model and the task into the cluster."""
        self._shared = self._ray.put((self._shipped, self.dataset))

    def _check_machines(self) -> list[str]:
        """Compare the versions on every machine with those here; return the kinds of processors."""
        if self._tasks.slots() < 1:
            raise EngineError(
                "the Ray cluster has no core to train on; add a machine with `ray start --address=HOST:PORT`"
            )
        alive = [node["NodeID"] for node in self._ray.nodes() if node["Alive"]]
        # A core is not asked for: the cluster may be busy.
        check = self._ray.remote(num_cpus=0, max_retries=3)(ray_worker.check_versions)
        asked = [check.options(scheduling_strategy=self._on(node)).remote(self._expected) for node in alive]
        found: set[str] = set()
        for reference in asked:
            try:
                found.add(self._ray.get(reference))
            except self._ray.exceptions.RayTaskError as error:
                if isinstance(error.cause, OptionError):
                    raise error.cause from None
                raise EngineError(
                    f"a machine of the Ray cluster can't train ({_last_line(error)}); install the same versions "
                    "of symloss and Python on every machine"
                ) from error
            except self._ray.exceptions.RayError:
                # The machine has gone in the meantime, which is what the engine is made for.
                continue
        return sorted(found)

    def _on(self, node: str) -> Any:
        strategies = importlib.import_module("ray.util.scheduling_strategies")
        return strategies.NodeAffinitySchedulingStrategy(node_id=node, soft=False)

    def _started_hub(self) -> Any:
        """Return the hub. It runs on this machine: while the driver lives, so does the hub."""
        if self._hub is None:
            here = self._ray.get_runtime_context().get_node_id()
            hub = self._ray.remote(num_cpus=0, max_restarts=-1)(ray_worker.Hub)
            self._hub = hub.options(scheduling_strategy=self._on(here)).remote()
            # Started before the first task, so that it takes no time from them.
            self._ray.get(self._hub.drain.remote(0, False))
        return self._hub

    @property
    def _pace(self) -> float | None:
        """What an epoch of a member takes; the median, since a process compiles before its first."""
        return statistics.median(self._paces) if self._paces else None

    def _chunks(self, count: int, settings: TrainingSettings, seconds: float | None) -> list[range]:
        slots = max(1, self._tasks.slots())
        size = chunk_size(count, slots, seconds, self.trainer.group_size(count, slots))
        return [range(start, min(start + size, count)) for start in range(0, count, size)]

    def _own(self, result: EpochResult, wanted: bool) -> EpochResult:
        if result.state is None:
            return result
        return replace(result, state=self.trainer.copy(result.state) if wanted else None)


def _check_device(settings: TrainingSettings) -> None:
    if settings.device not in HOST:
        raise OptionError(
            f"the ray engine trains on CPUs, not on device {settings.device!r}; leave the device out, or use the "
            "local engine"
        )


def _wanted(results: Sequence[EpochResult], keep: Keep, settings: TrainingSettings) -> set[int]:
    """Return the members whose states to keep; each task brings its own best."""
    held = [number for number, result in enumerate(results) if result.state is not None]
    if keep != "best" or not held:
        return set(held)
    sign = -settings.validation_metric.sign
    # The first among equals, as within a task.
    return {min(held, key=lambda number: (sign * results[number].metric, number))}


def _untrained(member: Member) -> FitResult:
    """Return the result of a member whose turn did not come."""
    return FitResult(member, math.nan, 0, 0, 0.0, {}, Outcome.INTERRUPTED, [], None)


def _last_line(error: Exception) -> str:
    return str(error).strip().split("\n")[-1]
