"""The time limit holds for formulas that SymPy or mpmath would work on for ever, and what was found before is kept.

Under load a process may get little of the processor: what is asserted is that work was ended, and that its wall time is
within the limit and a generous slack.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from symloss import Loss, zoo
from symloss.symbolic.check import check, check_parts, checked_direction
from symloss.symbolic.direction.report import PROPERTY_TITLES
from symloss.symbolic.pieces.gradient import gradient_form
from symloss.symbolic.same.duplicate_index import DuplicateIndex
from symloss.symbolic.same.loss_classes import classes
from symloss.symbolic.same.same_gradient import compare
from symloss.symbolic.undecided import UndecidedError
from symloss.symbolic.worker.ask import GRACE, TIME_IS_UP, ask
from symloss.symbolic.worker.pool import Pool, pool
from symloss.symbolic.worker.process import Server, may_fork

LIMIT = 1.0
SLACK = 6.0
"""Seconds that a busy machine may need on top; without a process to end, each of these takes minutes or for ever."""

HANGING = [
    "exp(exp(exp(exp(exp(yhat)))))",
    "(1-2*y)*yhat + y*(1-y)*exp(exp(exp(exp(yhat+2))))",
    "tanh(" * 20 + "abs(yhat-y)" + ")" * 20,
    "exp(" * 40 + "yhat" + ")" * 40,
    "exp(" * 8 + "(yhat-y)**2" + ")" * 8,
]
HARD = [
    "sigmoid(" * 28 + "yhat-y" + ")" * 28,
    "pexp(" * 12 + "yhat-y" + ")" * 12,
    "max(abs(yhat-y)," * 12 + "yhat" + ")" * 12,
    "((((yhat-y)**64)**0.5 + 1)**63 + y)**64",
    "*".join(f"(yhat-{n}/97-y)**3" for n in range(1, 60, 4)),
    "+".join(f"log(yhat+{n}/7+y)**2" for n in range(1, 40)),
]


def test_nothing_of_this_package_is_started_by_an_import() -> None:
    code = "import symloss, symloss.symbolic.check, symloss.symbolic.worker.ask as a; print(a.pool()._idle)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("text", HANGING)
def test_a_check_ends_in_time(text: str) -> None:
    pool().warm()
    check(zoo.get("mse"), time_limit=60)
    start = time.monotonic()
    report = check(Loss(text), time_limit=LIMIT)
    assert time.monotonic() - start < LIMIT + GRACE + SLACK
    # ended by force, or stopped by itself where the machine had no time for it before
    late = (TIME_IS_UP, "not settled in the time limit", "the pieces are not settled")
    open_ones = [one for one in report.properties.values() if one.status == "undecided"]
    assert any(one.detail in late for one in open_ones)
    assert list(report.properties) == list(PROPERTY_TITLES)


@pytest.mark.parametrize("text", HARD)
def test_other_hard_formulas_end_in_time(text: str) -> None:
    start = time.monotonic()
    report = check(Loss(text), time_limit=LIMIT)
    assert time.monotonic() - start < LIMIT + GRACE + SLACK
    assert report.verdict in ("valid", "invalid", "undecided")


def test_a_check_that_is_ended_keeps_the_direction_that_was_proved() -> None:
    report = check(Loss("(1-2*y)*yhat + y*(1-y)*exp(exp(exp(exp(yhat+2))))"), time_limit=4.0)
    assert report.verdict == "valid"
    assert {one.status for one in report.direction} == {"proved"}
    assert report.properties["bounded_gradient"].detail == TIME_IS_UP


def test_every_door_ends_in_time() -> None:
    a, b = Loss(HANGING[4]), Loss(HANGING[4].replace("2", "4"))
    start = time.monotonic()
    assert compare(a, b, LIMIT).relation in ("undecided", "different")
    assert a.same_gradient(b, time_limit=LIMIT) in ("undecided", "different")
    assert all(entry.relation in ("undecided", "single") for entry in classes([a, b, zoo.get("mse")], LIMIT))
    direction = checked_direction(a, LIMIT).direction
    assert [proof.label for proof in direction] == ["0", "1"]
    index = DuplicateIndex(time_limit=LIMIT)
    index.add_all([a, b, a])
    with suppress(UndecidedError):
        gradient_form(a, time_limit=LIMIT)
    assert time.monotonic() - start < 12 * (LIMIT + GRACE) + SLACK


def test_a_worker_finds_what_this_process_finds() -> None:
    for name in ("mse", "huber", "focal", "maxr", "logmin"):
        loss = zoo.get(name)
        assert ask(check_parts, loss, 100.0, 3, seconds=100.0).parts == list(check_parts(loss, 100.0, 3))


def test_an_error_of_the_question_is_raised_where_it_was_asked() -> None:
    with pytest.raises(TypeError, match="check_parts"):
        ask(check_parts, seconds=5.0)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    """Use a pool of workers of a server, as in a process with threads."""
    monkeypatch.setattr("symloss.symbolic.worker.pool.may_fork", lambda: False)
    own = Pool()
    monkeypatch.setattr("symloss.symbolic.worker.ask.pool", lambda: own)
    yield own
    own.end()


def test_a_server_makes_workers_and_replaces_those_that_were_ended(served: Pool) -> None:
    assert check(zoo.get("mse"), time_limit=60).verdict == "valid"
    (worker,) = served._idle
    check(Loss(HANGING[4]), time_limit=LIMIT)
    assert not served._idle
    assert check(zoo.get("mse"), time_limit=60).verdict == "valid"
    (other,) = served._idle
    assert other.number != worker.number and not alive(worker.number)


def test_an_idle_worker_that_was_killed_is_replaced(served: Pool) -> None:
    check(zoo.get("mse"), time_limit=60)
    (worker,) = served._idle
    os.kill(worker.number, signal.SIGKILL)
    assert check(zoo.get("bce"), time_limit=60).verdict == "valid"


def test_a_worker_that_is_killed_in_the_middle_is_replaced(served: Pool) -> None:
    check(zoo.get("mse"), time_limit=60)
    (worker,) = served._idle
    timer = threading.Timer(0.5, os.kill, (worker.number, signal.SIGKILL))
    timer.start()
    report = check(Loss(HANGING[0]), time_limit=8.0)
    timer.join()
    # asked again, the question ran into its time limit as it would have before
    assert report.properties["bounded_gradient"].detail == TIME_IS_UP


def test_a_server_that_was_killed_is_replaced(served: Pool) -> None:
    check(zoo.get("mse"), time_limit=60)
    server, (worker,) = served._server, served._idle
    assert isinstance(server, Server)
    server._process.kill()
    server._process.wait()
    wait_for(lambda: not alive(worker.number))
    assert check(zoo.get("bce"), time_limit=60).verdict == "valid"


def test_threads_ask_at_the_same_time(served: Pool) -> None:
    names = ["mse", "bce", "mae", "hinge", "focal", "huber"]
    found: dict[str, str] = {}

    def work(name: str) -> None:
        found[name] = check(zoo.get(name), time_limit=100).verdict

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {name: check(zoo.get(name), time_limit=100).verdict for name in names}


def test_a_process_with_threads_is_not_copied() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    assert not may_fork()
    stop.set()
    thread.join()


def test_without_processes_the_work_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symloss.symbolic.worker.pool.may_fork", lambda: False)
    monkeypatch.setattr("sys.executable", "")
    own = Pool()
    monkeypatch.setattr("symloss.symbolic.worker.ask.pool", lambda: own)
    with pytest.warns(RuntimeWarning, match="can't start a process of its own"):
        assert check(zoo.get("mse"), time_limit=60).verdict == "valid"
    # it is said once
    assert check(zoo.get("bce"), time_limit=60).verdict == "valid"


def alive(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
