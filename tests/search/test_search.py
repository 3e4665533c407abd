"""Phases II and III, and all three together on a tiny data set."""

from __future__ import annotations

import json
import math
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symloss import zoo
from symloss.contest.evaluation import evaluate, grid
from symloss.data.dataset import Dataset, Interactions
from symloss.deadline import TimedStop
from symloss.errors import DataError, OptionError
from symloss.loss import Loss
from symloss.models import registry
from symloss.progress import CheckDone, EvaluationStep, LoopDone, PhaseStarted, SearchEvent
from symloss.search.archive.run import Run
from symloss.search.candidates.tokens import Tokens
from symloss.search.options import SearchOptions
from symloss.search.result import SearchResult
from symloss.search.search import open_run, search
from symloss.signature import Labels
from symloss.training.fit import fit
from symloss.training.member import Member
from symloss.training.settings import TrainingSettings
from tests.search.conftest import make_dataset

SETTINGS = TrainingSettings(learning_rate=0.1, batch_size=16, max_epochs=6, threads=1)
OPTIONS = SearchOptions(
    strategy="random",
    operators=("add", "multiply", "neg", "square", "max"),
    n_variables=7,
    batch=200,
    loops=12,
    check_first=True,
    survivors=2,
    eps_grid=(0.1,),
    scale_grid=(1.0, 4.0),
    seed=1,
    training=SETTINGS,
)


def test_grid() -> None:
    opened = grid(zoo.get("maxr"), [1.0, 0.1], [1.0, 2.0], [7])
    assert [(trial.eps, trial.scale, trial.seed) for trial in opened] == [
        (1.0, 1.0, 7),
        (1.0, 2.0, 7),
        (0.1, 1.0, 7),
        (0.1, 2.0, 7),
    ]
    fixed = grid(zoo.get("maxr").with_eps(0.3), [1.0, 0.1], [1.0], [7, 8])
    assert [(trial.eps, trial.seed) for trial in fixed] == [(0.3, 7), (0.3, 8)]
    assert fixed[0].member().eps == 0.3
    assert [trial.eps for trial in grid(zoo.get("mse"), [1.0, 0.1], [1.0], [7])] == [None]
    assert grid(zoo.get("hinge"), [1.0], [1.0], [7])[0].member().takes_score


def test_evaluate_picks_the_best_by_validation(tiny: Dataset) -> None:
    model = registry.get("mf")
    losses = [zoo.get("maxr"), Loss("(yhat - y)**2")]
    events: list[SearchEvent] = []
    results = evaluate(
        losses,
        tiny,
        model,
        SETTINGS,
        eps_grid=[1.0, 0.1],
        scale_grid=[1.0, 5.0],
        seeds=[3, 4],
        progress=events.append,
    )
    pairs = [(result.loss, result.seed) for result in results]
    assert pairs == [("maxr", 3), ("maxr", 4), ("(-y + yhat)**2", 3), ("(-y + yhat)**2", 4)]
    # each grid point once more, one at a time
    for result, loss in zip(results, [losses[0]] * 2 + [losses[1]] * 2, strict=True):
        alone = {}
        for eps in (1.0, 0.1) if loss.has_eps else (None,):
            for scale in (1.0, 5.0):
                member = Member(loss.program(), eps=eps or 1e-6, scale=scale, seed=result.seed)
                (alone[eps, scale],) = fit(model, [member], tiny, SETTINGS)
        best = max(alone, key=lambda key: alone[key].valid_metric)
        assert (result.eps, result.scale) == best
        assert result.valid_metric == alone[best].valid_metric
        assert result.metrics == alone[best].metrics
        assert set(result.metrics) == {"auc", "f1", "accuracy", "rmse", "mae"}
        assert result.trials == len(alone)
    steps = [event for event in events if isinstance(event, EvaluationStep)]
    assert (steps[-1].members, steps[-1].finished) == (12, 12)
    assert steps[-1].epochs == 72
    assert set(results[0].to_json()) >= {
        "loss", "formula", "eps", "scale", "seed", "metrics", "valid_metric", "best_epoch", "epochs", "seconds",
    }  # fmt: skip


def test_evaluate_reports_divergence(tiny: Dataset) -> None:
    # the logarithm of a negative number is NaN from the first batch on
    (result,) = evaluate([Loss("log(yhat - 2)")], tiny, registry.get("mf"), SETTINGS)
    assert result.outcome.startswith("diverged")
    assert math.isnan(result.valid_metric)
    assert math.isnan(result.metrics["auc"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"losses": []}, "no loss to evaluate"),
        ({"seeds": []}, "no seed"),
        ({"scale_grid": [0.0]}, "scale is 0.0"),
        ({"eps_grid": []}, "eps grid is empty"),
    ],
)
def test_evaluate_refuses(tiny: Dataset, changes: dict[str, Any], message: str) -> None:
    arguments = {"losses": [zoo.get("mse")], **changes}
    with pytest.raises(OptionError, match=message):
        evaluate(dataset=tiny, architecture=registry.get("mf"), settings=SETTINGS, **arguments)


def test_deadline_follows_its_parent_and_the_clock() -> None:
    parent = threading.Event()
    assert not TimedStop(parent, None).is_set()
    assert TimedStop(parent, 0.0).late
    late = TimedStop(parent, 1e6)
    assert not late.is_set()
    parent.set()
    assert late.is_set()
    assert not late.late


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> tuple[SearchResult, list[SearchEvent], Path]:
    tiny = make_dataset()
    folder = tmp_path_factory.mktemp("search") / "run"
    events: list[SearchEvent] = []
    result = search(OPTIONS, tiny, open_run(OPTIONS, tiny, folder), events.append)
    return result, events, folder


def test_three_phases(searched: tuple[SearchResult, list[SearchEvent], Path]) -> None:
    result, events, folder = searched
    assert [event.phase for event in events if isinstance(event, PhaseStarted)] == [1, 2, 3]
    assert result.best is not None
    assert result.best == result.results[0]
    assert [baseline.loss for baseline in result.baselines] == ["bce", "mse"]
    assert 1 <= len(result.results) <= 2
    assert result.counts["sampled"] == 12 * 200
    valid = [event for event in events if isinstance(event, CheckDone) and event.verdict == "valid"]
    assert len(result.results) <= result.counts["passed"] <= len(valid)
    assert result.run == folder
    assert result.notes == ()
    dropped = ("zero_gradient", "not_finite", "wrong_direction", "duplicate")
    assert sum(result.counts[key] for key in dropped) + result.counts["trained"] == result.counts["sampled"]
    assert valid


def test_the_best_loss_points_the_right_way(searched: tuple[SearchResult, list[SearchEvent], Path]) -> None:
    result, _, _ = searched
    assert result.best is not None
    loss = Loss(result.best.formula, eps=result.best.eps)
    yhat = np.linspace(0.01, 0.99, 99)
    for label, sign in ((0.0, 1), (1.0, -1)):
        criterion = loss.torch("none")
        values = [float(criterion(tensor(value), tensor(label))) for value in yhat]
        assert (sign * np.diff(values) >= -1e-12).all()


def tensor(value: float) -> Any:
    import torch

    return torch.tensor([value], dtype=torch.float64)


def test_run_folder_is_complete_and_readable(searched: tuple[SearchResult, list[SearchEvent], Path]) -> None:
    result, _, folder = searched
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["archive.sqlite", "config.json", "lock", "summary.json"]
    config = json.loads((folder / "config.json").read_text())
    assert config["options"]["seed"] == 1
    assert config["token_operators"] == ["add", "multiply", "neg", "square", "max"]
    assert config["dataset"]["name"] == "tiny"
    summary = json.loads((folder / "summary.json").read_text())
    assert result.best is not None
    assert summary["best"]["formula"] == result.best.formula
    assert set(summary["best"]["metrics"]) == {"auc", "f1", "accuracy", "rmse", "mae"}
    assert summary["counts"] == dict(result.counts)
    with Run.open(folder) as run:
        checks = run.archive.checks()
        assert sum(check["passed"] and not check["copy"] for check in checks) == result.counts["passed"]
        candidates = run.archive.candidates()
        assert len(candidates) == result.counts["distinct"]
        assert {one["number"] for one in candidates if one["phase"] > 1} == {
            check["gradient_number"] for check in checks
        }
        assert sum(one["phase"] == 3 for one in candidates) == len(result.results)
        assert run.archive.results() == {name: summary[name] for name in ("results", "baselines")}
        assert run.summary() == summary
        trained = next(one for one in candidates if one["formula"])
        assert run.grammar().loss(Tokens.from_rows([trained["tokens"]])).formula == trained["formula"]


def comparable(result: SearchResult) -> dict[str, Any]:
    document = json.loads(json.dumps(result.to_json()))
    document.pop("run")
    document.pop("seconds")
    for entry in (document["best"], *document["results"], *document["baselines"]):
        entry.pop("seconds")
    return dict(document)


def test_same_seed_same_result_on_any_number_of_threads(
    searched: tuple[SearchResult, list[SearchEvent], Path],
) -> None:
    again = search(replace(OPTIONS, training=replace(SETTINGS, threads=3)), make_dataset())
    assert comparable(again) == comparable(searched[0])


def test_controller_search_is_reproducible() -> None:
    options = replace(OPTIONS, strategy="reinforce", loops=4, check_first=False, max_checks=5)
    first, second = (
        search(replace(options, training=replace(SETTINGS, threads=threads)), make_dataset())
        for threads in (1, 2)
    )
    assert comparable_or_none(first) == comparable_or_none(second)
    assert first.counts["trained"] > 0


def comparable_or_none(result: SearchResult) -> tuple[dict[str, int], list[Any]]:
    return dict(result.counts), [
        (one.formula, one.valid_metric) for one in (*result.results, *result.baselines)
    ]


def test_stop_in_phase_one_keeps_what_was_found(tmp_path: Path) -> None:
    tiny, stop = make_dataset(), threading.Event()

    def listen(event: SearchEvent) -> None:
        if isinstance(event, LoopDone) and event.loop == 3:
            stop.set()

    result = search(OPTIONS, tiny, open_run(OPTIONS, tiny, tmp_path / "run"), listen, stop)
    assert result.best is None
    assert result.counts["sampled"] == 600
    assert len(result.notes) == 3
    assert "phase I " in result.notes[0]
    assert all("skipped" in note for note in result.notes[1:])
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["notes"] == list(result.notes)
    with Run.open(tmp_path / "run") as run:
        assert len(run.archive.candidates()) == result.counts["distinct"]


def test_stop_in_phase_three_reports_the_best_epochs_so_far() -> None:
    stop = threading.Event()

    def listen(event: SearchEvent) -> None:
        if isinstance(event, EvaluationStep):
            stop.set()

    result = search(OPTIONS, make_dataset(), None, listen, stop)
    assert any("phase III was stopped" in note for note in result.notes)
    assert result.best is not None


def test_regression_on_unit_labels() -> None:
    options = replace(OPTIONS, task="regression", loops=5, survivors=1)
    result = search(options, make_dataset(labels=Labels.UNIT))
    assert [baseline.loss for baseline in result.baselines] == ["mse", "mae"]
    assert all(0 < baseline.metrics["rmse"] < 1 for baseline in result.baselines)
    assert result.baselines[0].valid_metric < 1


def test_data_that_does_not_fit_the_task() -> None:
    with pytest.raises(OptionError, match="--task regression"):
        search(OPTIONS, make_dataset(labels=Labels.UNIT))
    tiny = make_dataset()
    same = Interactions.of(tiny.test.users, tiny.test.items, np.ones(len(tiny.test)))
    with pytest.raises(DataError, match="the test part .* all labels are 1"):
        search(OPTIONS, replace(tiny, test=same))
    with pytest.raises(DataError, match="the validation part is empty"):
        search(OPTIONS, replace(tiny, validation=tiny.validation.take(np.array([], np.int64))))
