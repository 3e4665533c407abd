"""What runs on the machines of a Ray cluster: tasks that train, and the hub that they report to.

Everything here runs in Ray's worker processes, imported from the symloss that is
installed there. A task trains in one thread. What Ray hands over lies in shared,
read-only memory; kernels are compiled for writable arrays, so a process copies
the task once and keeps it for its next ones.
"""

from __future__ import annotations

import copy
import hashlib
import importlib
import platform
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any, Generic, TypeVar

from symloss.engine.local import LocalEngine
from symloss.engine.ray_connection import import_ray
from symloss.engine.shipped_model import received
from symloss.errors import OptionError
from symloss.training.fit import FitResult
from symloss.training.member import Member
from symloss.training.one_epoch import EpochResult, Keep
from symloss.training.settings import TrainingSettings

REPORT_SECONDS = 0.5
"""How often a task that trains to convergence reports."""

_TRAINS = ("ops", "compile", "tasks", "models", "training", "engine")
"""The parts of symloss that a task runs."""

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Reply(Generic[Result]):
    """What a task gives back.

    Attributes:
        results: one for each of its members.
        seconds: wall time of the training.
        node: where it ran, Ray's identifier.
    """

    results: list[Result]
    seconds: float
    node: str


@cache
def versions() -> dict[str, str]:
    """Return what numbers can depend on: versions, and a digest of the source of what trains."""
    found = {"python": ".".join(platform.python_version_tuple()[:2])}
    for name in ("symloss", "numpy", "numba", "llvmlite", "torch"):
        # A build for another device ("2.13.0+cpu") has the same version.
        found[name] = metadata.version(name).split("+")[0]
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted(path for folder in _TRAINS for path in (root / folder).rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()}\n".encode() + path.read_bytes())
    found["the source of symloss"] = digest.hexdigest()[:12]
    return found


def check_versions(expected: dict[str, str]) -> str:
    """Compare this machine with the one that asks; return the kind of processor.

    Raises:
        OptionError: a version differs.
    """
    own = versions()
    wrong = [
        f"{name} is {own.get(name, 'missing')} there and {value} here"
        for name, value in expected.items()
        if own.get(name) != value
    ]
    if wrong:
        raise OptionError(
            f"machine {platform.node()} of the Ray cluster would give other numbers: {'; '.join(wrong)}; "
            "install the same versions on every machine"
        )
    return str(importlib.import_module("llvmlite.binding").get_host_cpu_name())


def train_epoch_task(
    expected: dict[str, str],
    shared: Sequence[Any],
    state: Any,
    settings: TrainingSettings,
    members: list[Member],
    epoch: int,
    keep: Keep,
    hub: Any,
    call: int,
    first: int,
) -> Reply[EpochResult]:
    """Train copies of `state` for one epoch with members, the first of which is number `first`."""
    check_versions(expected)
    with _Line(hub, call, first) as line:
        engine = _engine(shared[0], replace(settings, threads=1))
        began = time.perf_counter()
        results = engine.one_epoch(state, members, epoch, keep=keep, stop=line.stop)
    return Reply(results, time.perf_counter() - began, _node())


def fit_task(
    expected: dict[str, str],
    shared: Sequence[Any],
    settings: TrainingSettings,
    members: list[Member],
    test: bool,
    hub: Any,
    call: int,
    first: int,
) -> Reply[FitResult]:
    """Train members, the first of which is number `first`, to convergence."""
    check_versions(expected)
    with _Line(hub, call, first) as line:
        engine = _engine(shared[0], replace(settings, threads=1))
        began = time.perf_counter()
        results = engine.fit(members, progress=line.progress, stop=line.stop, test=test)
    return Reply(results, time.perf_counter() - began, _node())


def _node() -> str:
    return str(import_ray().get_runtime_context().get_node_id())


@lru_cache(maxsize=1)
def _materials(shared: Any) -> tuple[Any, Any]:
    """Fetch the model and the task, which stay in this process until others are asked for."""
    model, task = import_ray().get(shared)
    # Arrays are copied, so that they can be written to.
    return received(model), copy.deepcopy(task)


@lru_cache(maxsize=8)
def _engine(shared: Any, settings: TrainingSettings) -> LocalEngine:
    """Return what trains by these settings; it stays for the next tasks."""
    return LocalEngine(*_materials(shared), settings)


class Hub:
    """Passes finished epochs from the tasks to the driver, and the wish to stop the other way.

    A hub that was lost and started anew knows nothing and misses nothing: the
    driver repeats its wish, and a task's result holds all its epochs once more.
    """

    def __init__(self) -> None:
        """Wait for the driver."""
        self._call = -1
        self._stop = False
        self._events: list[tuple[int, int, float]] = []
        self._heard: dict[int, float] = {}

    def report(self, call: int, first: int, events: list[tuple[int, int, float]]) -> bool:
        """Take the epochs of the task whose members start at `first`; return whether it is to stop."""
        if call > self._call:
            return False
        if call < self._call:
            # The driver has gone on without it.
            return True
        self._heard[first] = time.monotonic()
        self._events += events
        return self._stop

    def drain(self, call: int, stop: bool) -> tuple[list[tuple[int, int, float]], dict[int, float]]:
        """Return the new epochs, and how many seconds ago each task was heard of."""
        if call != self._call:
            self._call, self._events, self._heard = call, [], {}
        self._stop = stop
        events, self._events = self._events, []
        now = time.monotonic()
        return events, {first: now - when for first, when in self._heard.items()}


class _Line:
    """A task's line to the hub: a thread that reports and listens while the task trains."""

    def __init__(self, hub: Any, call: int, first: int) -> None:
        self.stop = threading.Event()
        self._hub, self._call, self._first = hub, call, first
        self._events: list[tuple[int, int, float]] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._talk, name="symloss-line", daemon=True)

    def progress(self, number: int, epoch: int, metric: float) -> None:
        """Note a finished epoch; appending is one step for every thread."""
        self._events.append((self._first + number, epoch, metric))

    def __enter__(self) -> _Line:
        # Before any work: a task whose turn comes after the wish to stop has none to do.
        self._exchange()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _talk(self) -> None:
        while not self._ended.wait(REPORT_SECONDS):
            self._exchange()

    def _exchange(self) -> None:
        ray = import_ray()
        count = len(self._events)
        try:
            if ray.get(self._hub.report.remote(self._call, self._first, self._events[:count]), timeout=30):
                self.stop.set()
        except ray.exceptions.RayError:
            # Training goes on without a hub; the result has the epochs too.
            return
        del self._events[:count]
