"""Every engine gives the same numbers as the functions of training, to the last bit."""

from __future__ import annotations

import importlib.util
import math
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symloss.engine import ENGINES, Engine, EngineError, make_engine
from symloss.errors import DataError, OptionError
from symloss.models import registry
from symloss.training.fit import fit
from symloss.training.member import Member
from symloss.training.one_epoch import train_one_epoch
from symloss.training.outcome import Outcome
from symloss.training.settings import TrainingSettings
from tests.compile.programs import BCE, HINGE, MAXR, MSE
from tests.models.by_hand import ByHand
from tests.search.conftest import make_dataset
from tests.training.test_fit import NAN_LOSS

MODEL = registry.get("mf")
DATASET = make_dataset()
SETTINGS = TrainingSettings(learning_rate=0.2, batch_size=16, max_epochs=6, patience=3, threads=2)
MEMBERS = [
    Member(MSE, label="mse"),
    Member(BCE, scale=2.0, seed=1),
    Member(NAN_LOSS),
    Member(MAXR, eps=0.1, seed=2),
    Member(HINGE, takes_score=True, seed=3),
    Member(MSE, label="mse again"),
    Member(BCE, seed=4),
]


def children() -> list[str]:
    """Command lines of the processes that this one has started, where the system tells."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid():
                found.append((path / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest, ray_home: Path) -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "ray":
            if importlib.util.find_spec("ray") is None:
                pytest.skip("ray is not installed: pip install 'symloss[ray]'")
            patch.setenv("HOME", str(ray_home))
        before, handler = children(), signal.getsignal(signal.SIGTERM)
        made = make_engine(request.param, MODEL, DATASET, SETTINGS)
        yield made
        made.close()
        made.close()
        # Closing leaves nothing behind.
        assert children() == before
        assert signal.getsignal(signal.SIGTERM) == handler
        if made.name == "ray":
            with pytest.raises(EngineError, match="closed"):
                made.fit(MEMBERS)


def arrays(state: Any) -> list[np.ndarray]:
    return [np.asarray(array) for array in state.arrays()]


def assert_equal_states(one: Any, other: Any) -> None:
    assert (one is None) == (other is None)
    if one is not None:
        for a, b in zip(arrays(one), arrays(other), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("keep", ["none", "best", "all"])
def test_one_epoch(engine: Engine, keep: Any) -> None:
    state = engine.trainer.start(7)
    for epoch in (0, 3):
        expected = train_one_epoch(MODEL, state, MEMBERS, DATASET, SETTINGS, epoch, keep=keep)
        found = engine.one_epoch(state, MEMBERS, epoch, keep=keep)
        assert [one.outcome for one in found] == [one.outcome for one in expected]
        np.testing.assert_array_equal([one.metric for one in found], [one.metric for one in expected])
        np.testing.assert_array_equal([one.loss for one in found], [one.loss for one in expected])
        for one, other in zip(found, expected, strict=True):
            assert_equal_states(one.state, other.state)
            if one.state is not None:
                # It can be trained on.
                assert all(array.flags.writeable for array in arrays(one.state))
    assert found[2].outcome is Outcome.DIVERGED


@pytest.mark.parametrize("metric", ["auc", "rmse"])
def test_fit(engine: Engine, metric: str) -> None:
    settings = replace(SETTINGS, metric=metric)
    expected = fit(MODEL, MEMBERS, DATASET, settings)
    told: list[tuple[int, int, float]] = []
    found = engine.fit(MEMBERS, settings=settings, progress=lambda *event: told.append(event))
    for member, one, other in zip(MEMBERS, found, expected, strict=True):
        assert one.member is member
        assert (one.history, one.best_epoch, one.epochs) == (other.history, other.best_epoch, other.epochs)
        assert (one.metrics, one.outcome) == (other.metrics, other.outcome)
        np.testing.assert_array_equal(one.valid_metric, other.valid_metric)
        assert one.seconds >= 0
        assert_equal_states(one.state, other.state)
    for number, one in enumerate(expected):
        own = [(epoch, value) for k, epoch, value in told if k == number]
        assert own == list(enumerate(one.history, 1))
    assert all(one.metrics == {} for one in engine.fit(MEMBERS[:2], test=False))


def test_nothing_and_nonsense(engine: Engine) -> None:
    state = engine.trainer.start(7)
    assert engine.one_epoch(state, [], 1) == []
    assert engine.fit([]) == []
    with pytest.raises(OptionError, match="keep is 'some'"):
        engine.one_epoch(state, MEMBERS, 1, keep="some")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="epoch is -1"):
        engine.one_epoch(state, MEMBERS, -1)
    small = ByHand("mf").initial_state(3, 3, 7)
    with pytest.raises(DataError, match="does not fit a state of 3 users"):
        engine.one_epoch(small, MEMBERS[:1], 1)


def test_errors_again_and_again_leave_the_engine_working(engine: Engine) -> None:
    # Ray ends the whole process where a task is cancelled whose reply comes in at that moment: one in twenty of these.
    small = ByHand("mf").initial_state(3, 3, 7)
    for _ in range(30):
        with pytest.raises(DataError, match="does not fit a state of 3 users"):
            engine.one_epoch(small, MEMBERS[:3], 1)
    assert engine.fit(MEMBERS[:1])[0].epochs > 0


def test_epochs_stopped_midway(engine: Engine) -> None:
    state = engine.trainer.start(7)
    for delay in (0.0, 0.001, 0.01, 0.05):
        stop = threading.Event()
        timer = threading.Timer(delay, stop.set)
        timer.start()
        found = engine.one_epoch(state, MEMBERS * 3, 1, stop=stop)
        timer.join()
        assert len(found) == 3 * len(MEMBERS)
        assert {one.outcome for one in found} <= {Outcome.INTERRUPTED, Outcome.TRAINED, Outcome.DIVERGED}
    # Nothing of it is left over: the numbers are those of an undisturbed engine.
    expected = train_one_epoch(MODEL, state, MEMBERS, DATASET, SETTINGS, 1)
    assert [one.metric for one in engine.one_epoch(state, MEMBERS[:2], 1)] == [
        one.metric for one in expected[:2]
    ]


def test_stop_before_the_start(engine: Engine) -> None:
    stop = threading.Event()
    stop.set()
    state = engine.trainer.start(7)
    found = engine.one_epoch(state, MEMBERS, 1, keep="best", stop=stop)
    assert {one.outcome for one in found} == {Outcome.INTERRUPTED}
    assert all(math.isnan(one.metric) and math.isnan(one.loss) and one.state is None for one in found)
    for one in engine.fit(MEMBERS, stop=stop):
        assert (one.outcome, one.epochs, one.history, one.state) == (Outcome.INTERRUPTED, 0, [], None)
    # The engine goes on working.
    assert engine.fit(MEMBERS[:1])[0].epochs > 0


def test_stop_midway_keeps_the_best_so_far(engine: Engine) -> None:
    settings = replace(SETTINGS, learning_rate=1e-5, max_epochs=10**6, patience=10**6)
    stop = threading.Event()
    found = engine.fit(MEMBERS, settings=settings, progress=lambda *event: stop.set(), stop=stop)
    trained = [one for one in found if one.epochs]
    assert trained
    for number, one in enumerate(found):
        if number == 2:
            assert one.outcome in (Outcome.DIVERGED, Outcome.INTERRUPTED)
            continue
        assert one.outcome is Outcome.INTERRUPTED
        assert one.epochs == len(one.history) < 10**6
    first = trained[0]
    assert first.valid_metric == max(first.history)
    assert first.metrics
    (expected,) = fit(MODEL, [first.member], DATASET, replace(settings, max_epochs=min(5, first.epochs)))
    assert first.history[:5] == expected.history


def test_an_error_in_progress_reaches_the_caller(engine: Engine) -> None:
    def fail(*event: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.fit(MEMBERS, settings=replace(SETTINGS, max_epochs=10**6, patience=10**6), progress=fail)
    assert engine.fit(MEMBERS[:1])[0].epochs > 0
