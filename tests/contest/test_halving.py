"""Successive halving on curves that are written down: who goes on, with what, and who never leaves."""

from __future__ import annotations

import math
import threading
from itertools import pairwise

import numpy as np
import pytest

from symloss import zoo
from symloss.contest.entries import Contender, contest_entries
from symloss.contest.halving import halve, taking_turns
from symloss.contest.options import ContestOptions, accelerated
from symloss.contest.trial import finer_scales
from symloss.contest.trial_runner import TrialRunner
from symloss.data.dataset import Dataset
from symloss.errors import OptionError
from symloss.loss import Loss
from symloss.progress import PhaseStarted, SearchEvent
from symloss.training.member import Member
from symloss.training.settings import TrainingSettings
from tests.search.scripted import ScriptedEngine

SETTINGS = TrainingSettings(learning_rate=0.01, max_epochs=3000)
OPTIONS = ContestOptions(
    eps_grid=(1.0, 0.1), scale_grid=(0.5, 1.0, 2.0, 4.0), unit_scale=False, finalists=1, configurations=1
)
FINAL = {"mse": 0.60, "bce": 0.70, "maxr": 0.75, "focal": 0.72, "logmin": 0.65, "gce": 0.50}


def quality(member: Member, settings: TrainingSettings) -> float:
    """Best at scale 2 (and eps 0.1); before 50 epochs at the fast rate the order of losses is turned around."""
    level = FINAL[member.label]
    if settings.max_epochs < 50:
        level = 1 - level
    return level - 0.01 * abs(math.log2(member.scale / 2)) - (0.005 if member.eps == 1.0 else 0.0)


def entries_of(options: ContestOptions = OPTIONS):  # type: ignore[no-untyped-def]
    candidates = [Contender(zoo.get(name)) for name in ("gce", "logmin", "focal", "maxr")]
    return contest_entries(candidates, [zoo.get("mse"), zoo.get("bce")], options)[0]


def test_losses_are_judged_from_fifty_epochs_and_baselines_stay(tiny: Dataset) -> None:
    engine = ScriptedEngine(tiny, SETTINGS, quality)
    events: list[SearchEvent] = []
    runner = TrialRunner(engine, None, events.append)
    ranked, rungs = halve(entries_of(), runner, SETTINGS, OPTIONS, threading.Event())
    # the only finalist is the best one in the end, though it was the worst after 25 epochs
    assert [one.entry.loss.title for one in ranked] == ["maxr", "bce", "mse"]
    assert [(rung.epochs, rung.learning_rate) for rung in rungs] == [(25, 0.3), (50, 0.3), (100, 0.3)]
    assert [rung.losses for rung in rungs] == [6, 6, 4]
    assert [rung.losses_kept for rung in rungs] == [6, 4, 3]
    # logmin and maxr: 8 configurations; each loss without eps at least as many, on a finer grid of scales
    assert rungs[0].trials == 10 + 10 + 8 + 8 + 10 + 10
    assert rungs[1].trials < rungs[0].trials and rungs[2].trials < rungs[1].trials
    winner = ranked[0].entry.trials
    assert [(trial.eps, trial.scale) for trial in winner] == [(0.1, 2.0), (0.1, 1.0)]
    assert ranked[0].unscaled is winner[1]
    assert rungs[-1].best == "maxr at eps 0.1, times 2"
    # states are kept for the leader and the baselines only, in case it ends here
    assert ranked[0].record.state == ("maxr", 42, pytest.approx(0.75))
    assert sum(isinstance(event, PhaseStarted) for event in events) == 3
    assert engine.trainer.test_reads == []


def test_every_kept_loss_keeps_its_share(tiny: Dataset) -> None:
    runner = TrialRunner(ScriptedEngine(tiny, SETTINGS, quality))
    options = ContestOptions(
        eps_grid=(1.0, 0.1),
        scale_grid=OPTIONS.scale_grid,
        unit_scale=False,
        rungs=(25, 100),
        finalists=2,
        configurations=2,
    )
    ranked, _ = halve(entries_of(options), runner, SETTINGS, options, threading.Event())
    # the two best and scale 1
    assert {one.entry.loss.title: len(one.entry.trials) for one in ranked} == {
        "maxr": 3, "focal": 3, "bce": 3, "mse": 3,
    }  # fmt: skip
    assert all(any(trial.scale == 1 for trial in one.entry.trials) for one in ranked)


def test_diverged_candidates_drop_out_and_baselines_do_not(tiny: Dataset) -> None:
    def curve(member: Member, settings: TrainingSettings) -> float:
        return math.nan if member.label in ("maxr", "mse") else quality(member, settings)

    runner = TrialRunner(ScriptedEngine(tiny, SETTINGS, curve))
    ranked, _ = halve(entries_of(), runner, SETTINGS, OPTIONS, threading.Event())
    assert [one.entry.loss.title for one in ranked] == ["focal", "bce", "mse"]
    assert math.isnan(ranked[-1].record.valid_metric)


def test_lower_is_better_for_the_rmse(tiny: Dataset) -> None:
    settings = TrainingSettings(metric="rmse")
    runner = TrialRunner(ScriptedEngine(tiny, settings, lambda member, how: 1 - quality(member, how)))
    ranked, _ = halve(entries_of(), runner, settings, OPTIONS, threading.Event())
    assert [one.entry.loss.title for one in ranked] == ["maxr", "bce", "mse"]


def test_a_stop_ends_the_rungs(tiny: Dataset) -> None:
    stop = threading.Event()

    def curve(member: Member, settings: TrainingSettings) -> float:
        if settings.max_epochs == 50:
            stop.set()
        return quality(member, settings)

    engine = ScriptedEngine(tiny, SETTINGS, curve)
    ranked, rungs = halve(entries_of(), TrialRunner(engine, stop=stop), SETTINGS, OPTIONS, stop)
    assert [rung.epochs for rung in rungs] == [25]
    assert len([one for one in ranked if not one.entry.baseline]) == 1
    ranked, rungs = halve(entries_of(), TrialRunner(engine, stop=stop), SETTINGS, OPTIONS, stop)
    assert [one.entry.baseline for one in ranked] == [True, True]


def test_rungs_never_go_further_than_training() -> None:
    lengths = [how.max_epochs for how in OPTIONS.rung_settings(SETTINGS)]
    assert lengths == [25, 50, 100]
    short = TrainingSettings(learning_rate=0.01, max_epochs=900)
    assert [how.max_epochs for how in OPTIONS.rung_settings(short)] == [25, 30]
    fast = TrainingSettings(learning_rate=1.0, max_epochs=40)
    assert [(how.learning_rate, how.max_epochs) for how in OPTIONS.rung_settings(fast)] == [
        (1.0, 25),
        (1.0, 40),
    ]


def test_accelerated() -> None:
    fast = accelerated(SETTINGS)
    assert fast.learning_rate == pytest.approx(0.3)
    assert (fast.max_epochs, fast.patience) == (100, 25)
    assert accelerated(fast) == fast
    adam = accelerated(TrainingSettings(learning_rate=0.001, optimizer="adam"))
    assert (adam.learning_rate, adam.max_epochs) == (pytest.approx(0.01), 300)


def test_finer_scales_hold_the_given_ones() -> None:
    finer = finer_scales((0.5, 1.0, 2.0, 4.0), 8)
    assert len(finer) == 10 and set(finer) >= {0.5, 1.0, 2.0, 4.0}
    assert np.diff(np.log(finer)) == pytest.approx(np.full(9, math.log(2) / 3))
    assert finer_scales((1.0,), 8) == (1.0,)
    assert finer_scales((4.0, 1.0), 2) == (4.0, 1.0)


def test_proportional_losses_count_as_one() -> None:
    candidates = [
        Contender(Loss("3*(yhat - y)**2")),
        Contender(zoo.get("maxr")),
        Contender(zoo.get("sumr")),
        Contender(Loss("max((yhat+eps)/(y+eps), (y+eps)/(yhat+eps))*2 + 1")),
        Contender(Loss("abs(yhat - y)"), ()),
    ]
    entries, same = contest_entries(candidates, [zoo.get("mse"), zoo.get("hinge")], OPTIONS)
    # MaxR and SumR have one factor for each label, which no scale is
    assert [entry.loss.title for entry in entries] == ["mse", "hinge", "maxr", "sumr", "abs(-y + yhat)"]
    assert [(one.same_as, one.baseline, one.factor) for one in same] == [
        ("mse", True, "3"),
        ("maxr", False, "2"),
    ]


def test_eps_values_of_a_candidate_limit_its_grid() -> None:
    entries, _ = contest_entries([Contender(zoo.get("maxr"), (0.1,))], [zoo.get("mse")], OPTIONS)
    assert {trial.eps for trial in entries[1].trials} == {0.1}
    assert [len(entry.trials) for entry in entries] == [4, 4]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rungs": (50, 25)}, "increasing"),
        ({"rungs": ()}, "increasing"),
        ({"keep": 1.0}, "keep is 1.0"),
        ({"finalists": 0}, "finalists is 0"),
        ({"scale_grid": ()}, "scale grid is empty"),
        ({"screening_rate": 0.0}, "screening_rate is 0.0"),
        ({"time_limit": math.inf}, "time_limit is inf"),
    ],
)
def test_options_refuse(changes: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        ContestOptions(**changes)  # type: ignore[arg-type]


def test_a_cut_leaves_a_fair_sample(tiny: Dataset) -> None:
    """Losses take turns, so that baselines and candidates have been tried equally often when time is over."""
    stop = threading.Event()
    tried: dict[str, set[tuple[float, float]]] = {}

    def curve(member: Member, settings: TrainingSettings) -> float:
        tried.setdefault(member.label, set()).add((member.eps, member.scale))
        if sum(map(len, tried.values())) == 18:
            stop.set()
        return quality(member, settings)

    engine = ScriptedEngine(tiny, SETTINGS, curve)
    ranked, rungs = halve(entries_of(), TrialRunner(engine), SETTINGS, OPTIONS, stop)
    assert {label: len(found) for label, found in tried.items()} == dict.fromkeys(FINAL, 3)
    # far apart: both values of eps among the first three of a grid of two by four
    assert {eps for eps, _ in tried["maxr"]} == {1.0, 0.1}
    assert len(rungs) == 1 and [one.entry.baseline for one in ranked].count(False) == 1


@pytest.mark.parametrize("counts", [[], [0], [1], [3, 0, 2], [63, 64, 9], [5] * 14])
def test_taking_turns_leaves_nothing_out(counts: list[int]) -> None:
    order = taking_turns(counts)
    assert sorted(order) == list(range(sum(counts)))
    starts = np.cumsum([0, *counts])
    for cut in range(len(order)):
        done = [sum(start <= one < end for one in order[:cut]) for start, end in pairwise(starts)]
        # nobody is more than one ahead of whoever has some left
        assert all(
            done[a] <= done[b] + 1
            for a in range(len(counts))
            for b in range(len(counts))
            if done[b] < counts[b]
        )
