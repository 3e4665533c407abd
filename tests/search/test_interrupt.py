"""Ctrl-C in Python: a search and an evaluation return what they found, a second one ends, handlers come back."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from symloss import zoo
from symloss.contest.evaluation import evaluate
from symloss.data.dataset import Dataset
from symloss.interrupt import stop_on_interrupt
from symloss.models import registry
from symloss.progress import LoopDone
from symloss.search.archive.run import Run
from symloss.search.search import open_run, search
from symloss.training.settings import TrainingSettings
from tests.search.killed_search import OPTIONS


@pytest.fixture(autouse=True)
def default_handler() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def interrupting(loop: int, times: int = 1) -> Any:
    def watch(event: Any) -> None:
        if isinstance(event, LoopDone) and event.loop == loop:
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)

    return watch


def test_a_search_returns_what_it_found(tiny: Dataset, tmp_path: Path) -> None:
    warm = replace(OPTIONS, warm_start=("(yhat - y)**2",))
    result = search(warm, tiny, progress=interrupting(3))
    assert result.interrupted and result.counts["sampled"] == 3 * OPTIONS.batch
    assert result.candidates and result.candidates[0]["formula"]
    rewards = [one["reward"] for one in result.candidates]
    assert rewards == sorted(rewards, reverse=True)
    # with a run folder too, which can be gone on with
    options = replace(OPTIONS, loops=4)
    found = search(options, tiny, open_run(options, tiny, tmp_path / "run"), interrupting(2))
    assert found.interrupted and found.run == tmp_path / "run"
    whole = search(options, tiny, Run.resume(tmp_path / "run"))
    assert not whole.interrupted and whole.counts["sampled"] == 4 * options.batch


def test_a_second_one_ends_at_once(tiny: Dataset) -> None:
    with pytest.raises(KeyboardInterrupt):
        search(OPTIONS, tiny, progress=interrupting(2, times=2))


def test_an_interrupt_that_is_raised_is_one_too(tiny: Dataset) -> None:
    def watch(event: Any) -> None:
        if isinstance(event, LoopDone):
            raise KeyboardInterrupt

    assert search(OPTIONS, tiny, progress=watch).interrupted


def test_in_another_thread_the_event_is_what_counts(tiny: Dataset) -> None:
    stop, found = threading.Event(), []
    stop.set()
    thread = threading.Thread(target=lambda: found.append(search(OPTIONS, tiny, stop=stop)))
    thread.start()
    thread.join(60)
    assert found[0].interrupted


def test_a_handler_of_the_program_stays(tiny: Dataset) -> None:
    calls: list[int] = []
    signal.signal(signal.SIGINT, lambda *arguments: calls.append(1))
    try:
        with stop_on_interrupt() as stop:
            signal.raise_signal(signal.SIGINT)
            assert calls == [1] and not stop.is_set()
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def test_an_evaluation_returns_the_best_so_far(tiny: Dataset) -> None:
    settings = TrainingSettings(
        learning_rate=0.1, batch_size=16, max_epochs=1_000_000, patience=1_000_000, threads=1
    )
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    results = evaluate([zoo.bce], tiny, registry.get("mf"), settings)
    timer.join()
    assert len(results) == 1 and "interrupted" in results[0].outcome
    assert 0 < results[0].epochs < 1_000_000
