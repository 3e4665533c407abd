"""Retries, cancelling and giving up, on a make-believe cluster that fails as told. Ray itself is not needed."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symloss.engine import EngineError, ray_tasks
from symloss.engine.ray_tasks import ATTEMPTS, TASK_SECONDS, Tasks, chunk_size
from symloss.engine.ray_worker import Hub, Reply, check_versions, versions
from symloss.errors import DataError, OptionError


class RayError(Exception):
    pass


class NodeDiedError(RayError):
    pass


class ObjectLostError(RayError):
    pass


class LocalRayletDiedError(RayError):
    pass


class RayTaskError(RayError):
    def __init__(self, cause: object) -> None:
        super().__init__("traceback")
        self.cause = cause


class MadeUpRay:
    """Tasks are numbers; each has a list of what comes of its attempts."""

    exceptions = SimpleNamespace(
        RayError=RayError,
        NodeDiedError=NodeDiedError,
        ObjectLostError=ObjectLostError,
        LocalRayletDiedError=LocalRayletDiedError,
        RayTaskError=RayTaskError,
    )

    def __init__(self, fates: dict[int, list[Exception]] | None = None, cores: float = 2.0) -> None:
        self.fates = fates or {}
        self.cores = cores
        self.ends = True
        self.made: list[int] = []
        self.left = 0

    def make(self, chunk: range) -> tuple[int, int]:
        self.made.append(chunk.start)
        return chunk.start, len(self.made)

    def wait(self, waiting: list[Any], num_returns: int, timeout: float) -> tuple[list[Any], list[Any]]:
        # The last one first: order must not matter.
        return (waiting[-1:], waiting[:-1]) if self.ends else ([], waiting)

    def get(self, reference: tuple[int, int]) -> Reply[int]:
        fates = self.fates.get(reference[0], [])
        if fates:
            raise fates.pop(0)
        return Reply([reference[0]], 0.1, "node")

    def leave(self) -> None:
        self.left += 1

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": self.cores} if self.cores else {}


def gather(
    ray: MadeUpRay, stop: threading.Event | None = None, give_up: bool = True
) -> tuple[Tasks, list[int], int]:
    tasks, found, renewed = Tasks(ray), [], []
    tasks.gather(
        [range(2), range(2, 4), range(4, 5)],
        ray.make,
        lambda: renewed.append(1),
        stop,
        lambda ending: lambda chunk: give_up,
        lambda chunk, reply: found.append(chunk.start),
        ray.leave,
    )
    return tasks, sorted(found), len(renewed)


def test_all_is_well() -> None:
    ray = MadeUpRay()
    tasks, found, renewed = gather(ray)
    assert (found, renewed, tasks.retries, ray.made) == ([0, 2, 4], 0, 0, [0, 2, 4])
    assert tasks.by_node == {"node": 3}


def test_what_is_lost_is_made_again() -> None:
    # Machines may be lost more often than a task may fail.
    ray = MadeUpRay({2: [NodeDiedError()] * (ATTEMPTS + 3), 4: [RayError("killed"), ObjectLostError()]})
    tasks, found, renewed = gather(ray)
    assert (found, renewed, tasks.retries) == ([0, 2, 4], 1, ATTEMPTS + 5)
    # Also where the task noticed that its input was lost.
    tasks, found, renewed = gather(MadeUpRay({0: [RayTaskError(ObjectLostError())]}))
    assert (found, renewed, tasks.retries) == ([0, 2, 4], 1, 1)


def test_what_fails_again_and_again_is_given_up() -> None:
    ray = MadeUpRay({4: [RayError("killed: no memory")] * ATTEMPTS})
    with pytest.raises(EngineError, match=r"failed 5 times .*killed: no memory.*memory is the first"):
        gather(ray)
    assert ray.left == 1


def test_errors_of_training_are_those_of_the_local_engine() -> None:
    for cause, expected, message in (
        (DataError("a part is empty"), DataError, "a part is empty"),
        (ZeroDivisionError("oh"), ZeroDivisionError, "oh"),
        (ModuleNotFoundError("No module named 'symloss'"), EngineError, "install the same symloss"),
        ("text", EngineError, "training failed"),
    ):
        with pytest.raises(expected, match=message):
            gather(MadeUpRay({0: [RayTaskError(cause)]}))
    with pytest.raises(EngineError, match="Ray has ended on this machine"):
        gather(MadeUpRay({0: [LocalRayletDiedError()]}))


class StopsLater(threading.Event):
    """Set from the second look on."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    def is_set(self) -> bool:
        self.looks += 1
        return self.looks > 1


def test_stop_gives_up_what_is_not_to_be_waited_for() -> None:
    ray = MadeUpRay({4: [NodeDiedError()]})
    _, found, _ = gather(ray, StopsLater())
    # The first to end is lost and not made again, the others are not waited for.
    assert (found, ray.made) == ([], [0, 2, 4])
    _, found, _ = gather(MadeUpRay(), StopsLater(), give_up=False)
    assert found == [0, 2, 4]
    stop = threading.Event()
    stop.set()
    ray = MadeUpRay()
    assert (gather(ray, stop)[1], ray.made) == ([], [])


def test_a_cluster_without_machines_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_tasks, "EMPTY_SECONDS", 0.0)
    monkeypatch.setattr(ray_tasks, "TICK_SECONDS", 0.0)
    ray = MadeUpRay(cores=0)
    ray.ends = False
    with pytest.raises(EngineError, match="no machine to train on"):
        gather(ray)


@given(
    st.integers(1, 5000),
    st.integers(1, 200),
    st.none() | st.floats(0, 100) | st.just(float("inf")),
    st.integers(1, 64),
)
def test_chunks(count: int, slots: int, seconds: float | None, group: int) -> None:
    size = chunk_size(count, slots, seconds, 1)
    assert 1 <= size <= count
    assert size <= -(-count // (2 * slots))
    if seconds and size < count // (2 * slots):
        assert size * seconds >= TASK_SECONDS * 0.99
    assert chunk_size(count, slots, seconds, group) >= group


def test_the_hub_forgets_without_harm() -> None:
    hub = Hub()
    # A new hub, started in the place of a lost one, stops nobody.
    assert not hub.report(3, 0, [(0, 1, 0.5)])
    assert hub.drain(3, False) == ([], {})
    assert not hub.report(3, 0, [(0, 2, 0.6)])
    assert not hub.report(3, 4, [])
    events, heard = hub.drain(3, True)
    assert events == [(0, 2, 0.6)]
    assert set(heard) == {0, 4}
    assert hub.report(3, 0, [])
    # The driver has gone on: tasks of the call before are to end.
    hub.drain(4, False)
    assert hub.report(3, 0, [(0, 3, 0.7)])
    assert not hub.report(4, 0, [])
    assert hub.drain(4, False)[0] == []


def test_versions_are_compared() -> None:
    own = versions()
    assert set(own) >= {"python", "symloss", "numpy", "numba", "torch", "the source of symloss"}
    assert check_versions(own)
    with pytest.raises(OptionError, match=r"numpy is \S+ there and 1\.0 here; install the same versions"):
        check_versions({**own, "numpy": "1.0"})
