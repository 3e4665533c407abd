"""Phase I under a time limit: a loop that is cut short counts with the losses that were trained."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from symloss.compile.program import Program
from symloss.search.candidates.candidate import Attempt
from symloss.search.loop import loop as loop_file
from symloss.search.loop.trainee import Interrupted
from tests.search.test_loop import MSE, WRONG, make


def cut_after(search: Any, finished: dict[int, Attempt], stop: threading.Event | None = None) -> None:
    """Let the training of phase I be cut short by time, or by `stop`, with these attempts finished."""

    def try_losses(programs: Sequence[Program], epoch: int, event: threading.Event) -> list[Attempt]:
        if stop is not None:
            stop.set()
        event._end = 0.0  # type: ignore[attr-defined]
        assert event.is_set()
        raise Interrupted(finished)

    search.recommender.try_losses = try_losses


def run(search: Any, limit: float | None, stop: threading.Event) -> None:
    object.__setattr__(search.options, "time_limit", limit)
    search.go(lambda event: None, stop)
    search.seconds = 0.0


@pytest.fixture(autouse=True)
def no_further_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    over: Callable[..., bool] = loop_file.budget_over
    monkeypatch.setattr(loop_file, "budget_over", lambda *given: given[1] >= 1 or over(*given))


def test_what_was_trained_counts_and_the_rest_is_not_told() -> None:
    search, strategy, trainee = make([[MSE, WRONG]], [[0.52, 0.4]])
    cut_after(search, {1: Attempt(0.6, 1e-6, 1.0)})
    run(search, 60.0, threading.Event())
    assert (search.loops, search.counts["trained"], search.counts["sampled"]) == (1, 1, 2)
    trained, left = search.candidates[1], search.candidates[0]
    assert trained.best == Attempt(0.6, 1e-6, 1.0)
    assert (left.reward, left.best) == (None, None)
    assert [len(rewards) for rewards in strategy.told] == [1]
    assert trainee.adopted == [1]


def test_a_loop_without_a_trained_loss_does_not_count() -> None:
    search, strategy, _ = make([[MSE, WRONG]], [[0.52, 0.4]])
    cut_after(search, {})
    run(search, 60.0, threading.Event())
    assert (search.loops, search.counts["sampled"], strategy.told) == (0, 0, [])
    assert not search.stopped


def test_who_asks_to_stop_gets_whole_loops_only() -> None:
    search, strategy, _ = make([[MSE, WRONG]], [[0.52, 0.4]])
    stop = threading.Event()
    cut_after(search, {1: Attempt(0.6, 1e-6, 1.0)}, stop)
    run(search, 60.0, stop)
    assert (search.loops, search.stopped, strategy.told) == (0, True, [])
