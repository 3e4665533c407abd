"""Presets: they are whole options, and the contest they ask for runs and resumes."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from symloss.data.dataset import Dataset
from symloss.errors import OptionError
from symloss.models.registry import NAMES
from symloss.progress import LoopDone, SearchEvent
from symloss.search.archive.run import Run
from symloss.search.options import SearchOptions
from symloss.search.presets import PRESETS, preset
from symloss.search.result import SearchResult
from symloss.search.search import open_run, search
from symloss.training.settings import TrainingSettings


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("model", NAMES)
def test_every_preset_is_a_search(name: str, model: str) -> None:
    options = SearchOptions(model=model, **preset(name, model))
    assert SearchOptions.from_json(options.to_json()) == options
    assert options.effectiveness == ("contest" if name == "best" else "paper")


def test_an_unknown_preset_is_named() -> None:
    with pytest.raises(OptionError, match="unknown preset 'fast'; allowed are best, paper"):
        preset("fast", "mf")


def small() -> SearchOptions:
    return SearchOptions(
        **{
            **preset("best", "mf"),
            "reward_epochs": 4,
            "reward_learning_rate": 0.5,
            "max_trained": 12,
            "batch": 50,
            "survivors": 3,
            "eps_grid": (0.1,),
            "rungs": (2, 4),
            "finalists": 1,
            "ranking_seeds": 1,
            "final_seeds": 3,
            "coefficients": 1,
            "seed": 3,
            "training": TrainingSettings(learning_rate=0.3, batch_size=16, max_epochs=6, threads=1),
        }
    )


def without_seconds(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_seconds(entry) for key, entry in value.items() if key != "seconds"}
    return [without_seconds(entry) for entry in value] if isinstance(value, list | tuple) else value


def facts(result: SearchResult) -> object:
    document = without_seconds(result.to_json())
    assert document["comparison"] is not None
    kept = ("winner", "baselines", "finalists", "significance", "gain", "same")
    # as text, because NaN is not equal to itself
    return document["counts"], repr({name: document["comparison"][name] for name in kept})


def test_the_best_preset_ends_in_a_contest_and_resumes(tiny: Dataset, tmp_path: Path) -> None:
    options = small()
    whole = search(options, tiny, open_run(options, tiny, tmp_path / "whole"))
    assert whole.best is not None and whole.comparison is not None
    assert whole.best.formula == whole.comparison["winner"]["formula"]
    assert {result.loss for result in whole.baselines} == {"bce", "mse", "focal", "hinge"}
    assert whole.best.metrics["auc"] == whole.comparison["winner"]["metrics"]["auc"]
    assert len(whole.comparison["winner"]["seeds"]) == 3
    stop = threading.Event()

    def stop_soon(event: SearchEvent) -> None:
        if isinstance(event, LoopDone) and event.loop == 2:
            stop.set()

    search(options, tiny, open_run(options, tiny, tmp_path / "cut"), stop_soon, stop)
    resumed = search(options, tiny, Run.resume(tmp_path / "cut"))
    assert facts(resumed) == facts(whole)
    again = search(replace(options), tiny, Run.resume(tmp_path / "cut"))
    assert facts(again) == facts(whole)
