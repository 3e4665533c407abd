"""Trials, their store, `evaluate`, and the contest between found and handcrafted losses."""

from __future__ import annotations

import json
import math
import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.metrics import roc_auc_score

from symloss import zoo
from symloss.cli import main
from symloss.contest.choice import Configuration, complete_seeds
from symloss.contest.contest import contest
from symloss.contest.entries import Contender, contest_entries
from symloss.contest.evaluation import evaluate_and_compare
from symloss.contest.options import ContestOptions
from symloss.contest.result import ContestResult
from symloss.contest.trial import Trial, dataset_fingerprint, describe, trial_key
from symloss.contest.trial_runner import TrialRecord, TrialRunner, read_test
from symloss.contest.trial_store import MemoryStore
from symloss.data.dataset import Dataset
from symloss.engine.local import LocalEngine
from symloss.errors import OptionError
from symloss.loss import Loss
from symloss.models import registry
from symloss.progress import EvaluationStep, Note, PhaseStarted, SearchEvent
from symloss.signature import Labels
from symloss.training.fit import fit
from symloss.training.member import Member
from symloss.training.outcome import Outcome
from symloss.training.settings import TrainingSettings
from tests.search.conftest import make_dataset
from tests.search.scripted import ScriptedEngine

SETTINGS = TrainingSettings(learning_rate=0.1, batch_size=16, max_epochs=8, patience=3, threads=1)
OPTIONS = ContestOptions(
    eps_grid=(1.0, 0.1),
    scale_grid=(1.0, 2.0, 4.0),
    unit_scale=False,
    rungs=(2, 4),
    judged_from=4,
    finalists=2,
    configurations=1,
    seed=7,
    ranking_seeds=2,
    final_seeds=3,
)
CANDIDATES = [Contender(zoo.get("maxr")), Contender(Loss("5*(yhat-y)**2")), Contender(zoo.get("focal"))]
BASELINES = [zoo.get("bce"), zoo.get("mse")]


def plain(result: ContestResult) -> dict[str, Any]:
    """Drop what may differ from run to run."""
    document = result.to_json()
    for key in ("seconds", "rungs", "trials"):
        document.pop(key)
    text = json.dumps(document, sort_keys=True)
    return json.loads(
        text, parse_constant=str, object_hook=lambda d: {k: v for k, v in d.items() if k != "seconds"}
    )


# trials and the store


def test_equal_trainings_have_equal_keys(tiny: Dataset) -> None:
    trial = Trial(zoo.get("maxr"), 0.1, 2.0, 7)

    def key(trial: Trial = trial, settings: TrainingSettings = SETTINGS, dataset: Dataset = tiny) -> str:
        return trial_key(describe(trial, settings, "mf", dataset_fingerprint(dataset)))

    same = Trial(Loss(zoo.get("maxr").formula), 0.1, 2.0, 7)
    assert key(same) == key() == key(settings=replace(SETTINGS, threads=2, seed=1))
    others = [
        key(replace(trial, eps=0.2)),
        key(replace(trial, scale=1.0)),
        key(replace(trial, seed=8)),
        key(replace(trial, loss=zoo.get("sumr"))),
        key(dataset=make_dataset(seed=6)),
        *[
            key(settings=replace(SETTINGS, **change))
            for change in (
                {"learning_rate": 0.2}, {"l2": 0.0}, {"max_epochs": 9}, {"patience": 4}, {"batch_size": 8},
                {"optimizer": "adam"}, {"gradient_clip": 1.0}, {"metric": "rmse"},
            )
        ],
    ]  # fmt: skip
    assert len({key(), *others}) == len(others) + 1


def test_the_test_part_is_not_in_the_fingerprint(tiny: Dataset) -> None:
    assert dataset_fingerprint(replace(tiny, test=tiny.validation)) == dataset_fingerprint(tiny)
    assert dataset_fingerprint(replace(tiny, train=tiny.validation)) != dataset_fingerprint(tiny)


def test_a_stored_trial_is_not_trained_again(tiny: Dataset) -> None:
    engine = ScriptedEngine(tiny, SETTINGS, lambda member, how: math.nan if member.seed == 3 else 0.7)
    store = MemoryStore()
    trials = [Trial(zoo.get("mse"), None, 1.0, seed) for seed in (1, 2, 3)]
    TrialRunner(engine, store).run(trials[1:], SETTINGS)
    records = TrialRunner(engine, store).run(trials, SETTINGS)
    assert [len(members) for _, members in engine.calls] == [2, 1]
    assert [record.valid_metric for record in records[:2]] == [0.7, 0.7]
    # a diverged training is finished too
    assert math.isnan(records[2].valid_metric) and records[2].rank == math.inf
    json.dumps(store.values, allow_nan=False)
    assert next(iter(store.values.values()))["trial"]["formula"] == "(-y + yhat)**2"


def test_interrupted_trials_are_not_stored(tiny: Dataset) -> None:
    stop = threading.Event()
    stop.set()
    store = MemoryStore()
    engine = ScriptedEngine(tiny, SETTINGS, lambda member, how: 0.7)
    (record,) = TrialRunner(engine, store, stop=stop).run([Trial(zoo.get("mse"), None, 1.0, 1)], SETTINGS)
    assert record.untrained and not store.values


def test_states_that_were_not_kept_are_trained_again(tiny: Dataset) -> None:
    runner = TrialRunner(LocalEngine(registry.get("mf"), tiny, SETTINGS), MemoryStore())
    trials = [Trial(zoo.get("bce"), None, scale, 5) for scale in (1.0, 8.0)]
    records = runner.run(trials, SETTINGS)
    assert all(record.state is None for record in records)
    for record in runner.with_states(records):
        member = Member(zoo.get("bce").program(), scale=record.trial.scale, seed=5)
        (alone,) = fit(registry.get("mf"), [member], tiny, SETTINGS)
        metrics, values = read_test(runner.engine, record)
        assert metrics == alone.metrics
        assert metrics["auc"] == pytest.approx(roc_auc_score(tiny.test.labels, values))


# evaluate


def test_evaluate_compares_the_best_with_the_others(tiny: Dataset) -> None:
    engine = LocalEngine(registry.get("mf"), tiny, SETTINGS)
    losses = [zoo.get("mse"), zoo.get("bce"), zoo.get("focal")]
    results, comparison = evaluate_and_compare(losses, engine, scale_grid=[1.0, 4.0], seeds=[1, 2, 3])
    assert [(one.loss, one.seed) for one in results][:4] == [("mse", 1), ("mse", 2), ("mse", 3), ("bce", 1)]
    assert comparison is not None
    means = {
        name: np.mean([one.valid_metric for one in results if one.loss == name])
        for name in ("mse", "bce", "focal")
    }
    assert comparison.best == max(means, key=lambda name: means[name])
    for test in comparison.tests:
        expected = np.mean([one.metrics["auc"] for one in results if one.loss == test.second])
        assert test.second_mean == pytest.approx(expected)
    assert evaluate_and_compare(losses[:1], engine, seeds=[1, 2])[1] is None
    assert evaluate_and_compare(losses[:2], engine, seeds=[1])[1] is None


SMALL = ["--dataset", "synthetic", "--users", "60", "--items", "80", "--interactions", "1500"]


def test_evaluate_command_reports_significance() -> None:
    options = ["--scale", "auto", "--seeds", "2", "--max-epochs", "60", "--fast", "--threads", "1"]
    found = CliRunner().invoke(main, ["evaluate", "mse", "bce", *SMALL, *options, "--json"])
    assert found.exit_code == 0, found.stderr
    document = json.loads(found.stdout)
    # what is given is done: --fast does not divide it
    assert {entry["epochs"] for entry in document["results"]} == {60}
    assert {entry["trials"] for entry in document["results"]} == {7}
    (test,) = document["significance"]["tests"]
    assert {test["first"], test["second"]} == {"mse", "bce"} and test["seeds"] == 2
    table = CliRunner().invoke(main, ["evaluate", "mse", "bce", *SMALL, "--seeds", "2", "--max-epochs", "2"])
    assert "Wilcoxon" in table.stdout and "Best by mean validation metric" in table.stdout
    alone = CliRunner().invoke(main, ["evaluate", "mse", *SMALL, "--max-epochs", "1", "--json"])
    assert json.loads(alone.stdout)["significance"] is None


# the contest


@pytest.fixture(scope="module")
def held() -> tuple[ContestResult, MemoryStore, list[SearchEvent]]:
    events: list[SearchEvent] = []
    store = MemoryStore()
    engine = LocalEngine(registry.get("mf"), make_dataset(), SETTINGS)
    return contest(CANDIDATES, BASELINES, engine, OPTIONS, store, events.append), store, events


def test_contest_reports_what_training_alone_gives(held: Any, tiny: Dataset) -> None:
    result, _, _ = held
    winner = result.winner
    assert winner is not None and winner.loss in ("maxr", "focal")
    assert {one.loss for one in result.baselines} == {"bce", "mse"}
    assert [(one.same_as, one.baseline) for one in result.same] == [("mse", True)]
    for standing in (winner, *result.baselines):
        assert [one.seed for one in standing.results] == [7, 8, 9]
        members = [
            Member(zoo.get(standing.loss).program(), standing.eps or 1e-6, standing.scale, seed)
            for seed in (7, 8, 9)
        ]
        alone = fit(registry.get("mf"), members, tiny, SETTINGS)
        aucs = [one.metrics["auc"] for one in alone]
        assert [one.metrics["auc"] for one in standing.results] == aucs
        assert standing.test["auc"].mean == pytest.approx(np.mean(aucs))
        assert standing.test["auc"].deviation == pytest.approx(np.std(aucs, ddof=1))
    valid = [one.valid.mean for one in result.finalists]
    assert valid == sorted(valid, reverse=True)
    assert result.notes == ()


def test_contest_tells_scale_from_shape(held: Any) -> None:
    result, _, _ = held
    gain = result.gain
    assert gain is not None and {one.part for one in result.gains} == {"test", "validation"}
    best = result.baselines[0]
    assert result.baseline_unscaled is not None and result.baseline_unscaled.scale == 1
    assert result.baseline_unscaled.loss == best.loss
    assert gain.total == pytest.approx(
        result.winner.test["auc"].mean - result.baseline_unscaled.test["auc"].mean
    )
    assert gain.scale == pytest.approx(best.test["auc"].mean - result.baseline_unscaled.test["auc"].mean)
    assert gain.total == pytest.approx(gain.scale + gain.shape)
    assert "is scale" in result.sentence and "is shape" in result.sentence
    assert "Wilcoxon" in result.sentence and "1 candidate is a baseline times a factor" in result.sentence
    assert result.significance is not None and result.significance.seeds == 3
    assert result.significance.difference == pytest.approx(gain.shape)


def test_contest_goes_on_where_it_was_cut_off(held: Any) -> None:
    result, store, _ = held
    engine = LocalEngine(registry.get("mf"), make_dataset(), SETTINGS)
    partial = MemoryStore()
    partial.values = dict(list(store.values.items())[:-4])
    assert plain(contest(CANDIDATES, BASELINES, engine, OPTIONS, partial)) == plain(result)
    assert partial.values.keys() == store.values.keys()


def test_contest_says_what_it_does(held: Any) -> None:
    _, _, events = held
    phases = [event for event in events if isinstance(event, PhaseStarted)]
    assert [event.screening for event in phases] == [True, True, False, False]
    steps = [event for event in events if isinstance(event, EvaluationStep)]
    assert steps and all(step.finished <= step.members for step in steps)


LEVELS = {"bce": 0.70, "mse": 0.68, "maxr": 0.72, "focal": 0.71}


def quality(member: Member, settings: TrainingSettings) -> float:
    return LEVELS[member.label] + 0.01 * math.log2(member.scale) - 0.001 * (member.seed % 3)


def test_the_test_part_is_read_once_for_the_winner_and_the_baselines(tiny: Dataset) -> None:
    engine = ScriptedEngine(tiny, SETTINGS, quality)
    result = contest(CANDIDATES, BASELINES, engine, OPTIONS)
    # winner, two baselines, winner and best baseline at scale 1: three seeds each; focal is not read
    assert sorted(engine.trainer.test_reads) == ["bce"] * 6 + ["maxr"] * 6 + ["mse"] * 3
    assert result.winner is not None and (result.winner.loss, result.winner.scale) == ("maxr", 4.0)
    assert [one.loss for one in result.baselines] == ["bce", "mse"]
    final = [how for how, _ in engine.calls if how == SETTINGS]
    assert len(final) == 2, "ranking and final train by the settings' own rate"


def test_a_regression_prefers_the_lower_error() -> None:
    dataset = make_dataset(labels=Labels.UNIT)
    settings = replace(SETTINGS, metric="rmse", learning_rate=0.3)
    candidates = [Contender(Loss("abs(yhat - y)", labels="unit"))]
    baselines = [Loss("(yhat - y)**2", labels="unit")]
    result = contest(candidates, baselines, LocalEngine(registry.get("mf"), dataset, settings), OPTIONS)
    assert result.metric == "rmse" and result.winner is not None and result.gain is not None
    assert result.gain.shape == pytest.approx(
        result.baselines[0].test["rmse"].mean - result.winner.test["rmse"].mean
    )
    assert result.significance is not None and result.significance.rows is not None
    assert result.significance.rows.method == "delta method"
    assert "RMSE" in result.sentence


@pytest.mark.parametrize("until", [0, 1, 3, 4])
def test_a_stop_reports_the_best_so_far(tiny: Dataset, until: int) -> None:
    """Stop in the call with this number: of the halving (0, 1), ranking (2) or final (3)."""
    stop = threading.Event()
    calls = 0

    def curve(member: Member, settings: TrainingSettings) -> float:
        nonlocal calls
        calls = len(engine.calls)
        if calls > until:
            stop.set()
        return quality(member, settings)

    engine = ScriptedEngine(tiny, SETTINGS, curve)
    events: list[SearchEvent] = []
    result = contest(CANDIDATES, BASELINES, engine, OPTIONS, None, events.append, stop)
    assert len(result.baselines) == 2
    if until < 4:
        assert result.notes and "stopped" in result.notes[0]
        assert [event.text for event in events if isinstance(event, Note)] == list(result.notes)
    if until:
        assert result.winner is not None and result.winner.loss == "maxr"
        assert math.isfinite(result.winner.test["auc"].mean)
    json.dumps(result.to_json())


@pytest.mark.parametrize(("trained", "seeds"), [(3, 1), (4, 1), (12, 1)])
def test_a_cut_ranking_has_the_best_candidate_and_the_baselines(
    tiny: Dataset, trained: int, seeds: int
) -> None:
    """Trainings to convergence end after so many: those come first without which nothing can be compared."""
    stop = threading.Event()
    converged: list[str] = []

    def curve(member: Member, settings: TrainingSettings) -> float:
        if settings == SETTINGS:
            converged.append(member.label)
            if len(converged) == trained:
                stop.set()
        return quality(member, settings)

    result = contest(CANDIDATES, BASELINES, ScriptedEngine(tiny, SETTINGS, curve), OPTIONS, None, stop=stop)
    assert len(converged) == trained
    assert converged[0] == "maxr" and set(converged[1:3]) == {loss.title for loss in BASELINES}
    assert result.winner is not None and result.winner.loss == "maxr"
    assert len(result.winner.results) == seeds and result.notes


def test_seeds_that_were_cut_short_are_not_mixed() -> None:
    def record(number: int, outcome: Outcome) -> TrialRecord:
        trial = Trial(zoo.get("mse"), None, 1.0, number)
        return TrialRecord(trial, SETTINGS, 0.6, 1, 5, 0.0, str(outcome))

    entry = contest_entries([], BASELINES, OPTIONS)[0][0]
    ended, cut = Outcome.CONVERGED, Outcome.INTERRUPTED
    rows = [(ended, cut, ended), (cut, cut, cut)]
    configurations = [
        Configuration(entry, entry.trials[0], {seed: record(seed, one) for seed, one in enumerate(row)})
        for row in rows
    ]
    assert complete_seeds(configurations, [0, 1, 2, 3]) == [0]
    configurations[1].records[2] = record(2, ended)
    assert complete_seeds(configurations, [0, 1, 2, 3]) == [2]
    del configurations[0].records[0], configurations[0].records[1], configurations[0].records[2]
    assert complete_seeds(configurations, [0, 1, 2, 3]) == []


def test_a_time_limit_is_kept(tiny: Dataset) -> None:
    engine = LocalEngine(registry.get("mf"), tiny, replace(SETTINGS, max_epochs=10**6, patience=10**6))
    result = contest(CANDIDATES, BASELINES, engine, replace(OPTIONS, time_limit=1.5))
    assert any("time limit" in note for note in result.notes)
    assert len(result.baselines) == 2
    # on a slow machine the time may end before a candidate is trained
    assert result.winner is None or math.isfinite(result.winner.valid.mean)


def test_no_candidate_leaves_the_baselines(tiny: Dataset) -> None:
    result = contest([], BASELINES, ScriptedEngine(tiny, SETTINGS, quality), OPTIONS)
    assert result.winner is None and result.significance is None and result.gains == ()
    assert [one.loss for one in result.baselines] == ["bce", "mse"]
    assert "nothing to compare" in result.sentence


def test_a_grid_without_one_has_no_parts(tiny: Dataset) -> None:
    options = replace(OPTIONS, scale_grid=(2.0, 4.0))
    result = contest(CANDIDATES, BASELINES, ScriptedEngine(tiny, SETTINGS, quality), options)
    assert result.gains == () and result.winner is not None and result.winner_unscaled is None


def test_a_contest_needs_a_baseline(tiny: Dataset) -> None:
    with pytest.raises(OptionError, match="at least one baseline"):
        contest(CANDIDATES, [], ScriptedEngine(tiny, SETTINGS, quality), OPTIONS)
