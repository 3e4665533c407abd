"""Phase I with a stand-in for the recommender: rewards, adoption, forgetting."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symloss.compile.program import Program
from symloss.progress import LoopDone, Note, PhaseStarted, SearchEvent
from symloss.search.archive.run import Run
from symloss.search.archive.snapshot import saving
from symloss.search.candidates.candidate import Attempt
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.outcome import Outcome
from symloss.search.candidates.tokens import Tokens
from symloss.search.context import make_proxy
from symloss.search.loop.loop import WORST_REWARD, LossSearch
from symloss.search.loop.trainee import Interrupted
from symloss.search.options import SearchOptions
from symloss.search.strategies.strategy import Feedback
from tests.search.test_proxy import MINUS_MSE_PLUS_Y, MSE, MSE_AGAIN, NO_PREDICTION, WRONG, token_rows

FOURTH_POWER = [("square", 0, 0), ("neg", 1, 1), ("square", 3, 3)]


class Scripted:
    """Asks for given losses and remembers what it was told."""

    name = "scripted"

    def __init__(self, batches: list[Tokens]) -> None:
        self.batches = batches
        self.told: list[list[float]] = []
        self.identities: list[list[int]] = []

    def ask(self, n: int) -> Tokens:
        return self.batches[len(self.told)]

    def tell(self, tokens: Tokens, feedback: Feedback) -> None:
        assert len(feedback.rewards) == len(feedback.identities) == len(feedback.right_way) == len(tokens)
        self.told.append(feedback.rewards.tolist())
        self.identities.append(feedback.identities.tolist())

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        pass


class FakeTrainee:
    """Gives the metrics it is told to give, call by call."""

    adopts = True

    def __init__(self, metric: float, metrics: list[list[float | None]]) -> None:
        self.metric = metric
        self.script = metrics
        self.calls: list[int] = []
        self.adopted: list[int] = []

    def try_losses(self, programs: Sequence[Program], epoch: int, stop: threading.Event) -> list[Attempt]:
        self.calls.append(len(programs))
        found = self.script[len(self.calls) - 1]
        assert len(found) == len(programs)
        return [Attempt(metric, 0.1, 2.0) for metric in found]

    def adopt(self, number: int) -> None:
        found = self.script[len(self.calls) - 1][number]
        assert found is not None
        self.metric = found
        self.adopted.append(number)

    def state(self) -> dict[str, Any]:
        return {"metric": self.metric}

    def restore(self, state: dict[str, Any]) -> None:
        self.metric = state["metric"]


def make(
    batches: list[list[list[tuple[str, int, int]]]],
    metrics: list[list[float | None]],
    run: Run | None = None,
    **options: Any,
) -> tuple[LossSearch, Scripted, FakeTrainee]:
    grammar = LossGrammar(n_variables=6)
    strategy = Scripted([token_rows(grammar, *batch) for batch in batches])
    trainee = FakeTrainee(0.5, metrics)
    chosen = SearchOptions(n_variables=6, **{"loops": len(batches), **options})
    search = LossSearch(chosen, strategy, make_proxy(chosen, grammar), trainee, saving(run))
    return search, strategy, trainee


def go(search: LossSearch, stop: threading.Event | None = None) -> list[SearchEvent]:
    events: list[SearchEvent] = []
    search.go(events.append, stop or threading.Event())
    return events


def counts(search: LossSearch) -> dict[str, int]:
    return {key: number for key, number in search.counts.as_dict().items() if number}


def test_rewards_of_one_batch() -> None:
    # trained in the order of sampling: MSE, MINUS_MSE_PLUS_Y, WRONG
    search, strategy, trainee = make(
        [[NO_PREDICTION, MSE, MSE_AGAIN, MINUS_MSE_PLUS_Y, WRONG]], [[0.52, 0.4, None]]
    )
    go(search)
    assert trainee.calls == [3]
    assert strategy.told == [
        [WORST_REWARD, pytest.approx(0.02), pytest.approx(0.02), WORST_REWARD, WORST_REWARD]
    ]
    assert trainee.adopted == [0]
    assert trainee.metric == 0.52
    assert counts(search) == {
        "sampled": 5,
        "distinct": 3,
        "zero_gradient": 1,
        "duplicate": 1,
        "trained": 3,
        "diverged": 1,
        "kept": 1,
    }
    assert [one.outcome for one in search.candidates.values()] == [
        Outcome.KEPT,
        Outcome.TRAINED,
        Outcome.DIVERGED,
    ]
    assert search.candidates[0].sampled == 2


def test_known_rewards_are_used_until_the_recommender_changes() -> None:
    search, strategy, trainee = make(
        [[MSE, WRONG], [MSE, WRONG], [FOURTH_POWER, MSE], [MSE, WRONG]],
        [[0.499, 0.3], [0.51], [0.512, 0.2]],
    )
    go(search)
    # loop 1: no gain reaches -eta, so nothing is adopted and loop 2 trains nothing
    assert trainee.calls == [2, 1, 2]
    assert strategy.told[0] == strategy.told[1] == [WORST_REWARD, WORST_REWARD]
    # loop 3: the new loss is adopted, the known one keeps its reward for this loop
    assert strategy.told[2] == [pytest.approx(0.01), WORST_REWARD]
    # loop 4: all rewards are forgotten, so both train again, on the new recommender
    assert strategy.told[3] == [pytest.approx(0.002), WORST_REWARD]
    assert trainee.adopted == [0, 0]
    assert search.candidates[0].rewards == [pytest.approx(-0.001), pytest.approx(0.002)]


def test_eta_is_the_threshold() -> None:
    search, strategy, trainee = make([[MSE]], [[0.495]], eta=0.01)
    go(search)
    assert strategy.told == [[pytest.approx(-0.005)]]
    assert trainee.adopted == [0]


def test_regression_rewards_a_lower_error() -> None:
    search, strategy, _ = make([[MSE, WRONG]], [[0.4, 0.6]], task="regression")
    go(search)
    assert strategy.told == [[pytest.approx(0.1), WORST_REWARD]]


def test_check_first_trains_no_wrong_direction() -> None:
    search, strategy, trainee = make([[WRONG, MSE, WRONG]], [[0.51]], check_first=True)
    go(search)
    assert trainee.calls == [1]
    assert strategy.told == [[WORST_REWARD, pytest.approx(0.01), WORST_REWARD]]
    assert counts(search)["wrong_direction"] == 2
    assert counts(search)["distinct"] == 2


def test_events_tell_how_far_it_is() -> None:
    search, _, _ = make([[MSE, NO_PREDICTION], [MSE, MSE]], [[0.52], [0.53]])
    events = go(search)
    assert events[0] == PhaseStarted(1, 2, None)
    loops = [event for event in events if isinstance(event, LoopDone)]
    assert [event.loop for event in loops] == [1, 2]
    assert loops[-1].counts["sampled"] == 4
    assert loops[-1].metric == 0.53
    assert loops[-1].best == "(-y + yhat)**2"
    assert loops[-1].best_reward == pytest.approx(0.02)
    assert loops[-1].speed > 0


def test_stop_ends_after_the_loop_and_says_so() -> None:
    stop = threading.Event()
    search, _, _ = make([[MSE], [MSE]], [[0.52], [0.53]])
    events: list[SearchEvent] = []

    def listen(event: SearchEvent) -> None:
        events.append(event)
        if isinstance(event, LoopDone):
            stop.set()

    search.go(listen, stop)
    assert search.loops == 1
    assert search.stopped
    assert isinstance(events[-1], Note)
    assert "1 kept" in events[-1].text


def test_stop_in_the_middle_of_training_keeps_what_was_there() -> None:
    search, strategy, trainee = make([[MSE], [WRONG]], [[0.52]])
    stop = threading.Event()
    first: Callable[..., list[Attempt]] = trainee.try_losses

    def interrupted(programs: Sequence[Program], epoch: int, event: threading.Event) -> list[Attempt]:
        if epoch == 2:
            event.set()
            raise Interrupted
        return first(programs, epoch, event)

    trainee.try_losses = interrupted  # type: ignore[method-assign]
    go(search, stop)
    assert search.stopped
    assert len(strategy.told) == 1
    assert search.candidates[0].outcome is Outcome.KEPT
    # the loop that was cut off does not count
    assert (search.loops, len(search.candidates), search.counts["sampled"]) == (1, 1, 1)


def test_feedback_tells_equal_losses() -> None:
    search, strategy, _ = make([[NO_PREDICTION, MSE, MSE_AGAIN, WRONG]], [[0.52, 0.4]])
    go(search)
    assert strategy.identities == [[-1, 0, 0, 1]]


def test_equal_gains_adopt_the_first_best_metric() -> None:
    # the two gains round to one number, the metrics differ
    metrics = [0.5 + 2.0**-53, 0.5 + 2.0**-52]
    search, _, trainee = make([[WRONG, MSE]], [[*metrics]])
    trainee.metric = 1e-3
    go(search)
    assert trainee.adopted == [int(np.argmax(metrics))]


def test_a_candidate_remembers_its_best_attempt() -> None:
    search, _, _ = make([[MSE, WRONG]], [[0.52, None]])
    go(search)
    assert search.candidates[0].best == Attempt(0.52, 0.1, 2.0)
    assert search.candidates[1].best is None


def test_every_candidate_is_written(tmp_path: Path) -> None:
    with Run.create({}, tmp_path / "run") as run:
        search, _, _ = make(
            [[MSE, NO_PREDICTION, WRONG, MSE_AGAIN], [MSE]], [[0.52], [0.5]], run, check_first=True
        )
        go(search)
    with Run.open(tmp_path / "run") as run:
        mse, wrong = run.archive.candidates()
        trainings, history = run.archive.trainings(), run.archive.history()
    assert mse["formula"] == "(-y + yhat)**2"
    assert (mse["outcome"], mse["kept"], mse["sampled"], mse["loop"], mse["wrong"]) == (
        "kept",
        1,
        3,
        1,
        False,
    )
    assert (mse["best_reward"], mse["eps"], mse["scale"]) == (pytest.approx(0.02), 0.1, 2.0)
    assert (wrong["outcome"], wrong["formula"], wrong["best_reward"]) == ("wrong_direction", None, None)
    tokens = Tokens.from_rows([wrong["tokens"]])
    assert LossGrammar(n_variables=6).loss(tokens).formula == "y*yhat + yhat**2"
    assert [(one["number"], one["loop"], one["outcome"]) for one in trainings] == [
        (0, 1, "kept"),
        (0, 2, "trained"),
    ]
    assert [one["reward"] for one in trainings] == [pytest.approx(0.02), WORST_REWARD]
    assert trainings[1]["gain"] == pytest.approx(-0.02)
    assert [(one["loop"], one["metric"], one["adopted"], one["trained"]) for one in history] == [
        (1, 0.52, 0, 1),
        (2, 0.52, None, 1),
    ]
    assert history[-1]["counts"] == search.counts.as_dict()
