"""Options: the paper's defaults, and messages that say what is allowed."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from typing import Any

import pytest

from symloss.errors import OptionError
from symloss.files import finite
from symloss.options.search import Budget, Candidates, Effectiveness, Rewards
from symloss.search.options import DEFAULT_TIME_LIMIT, SECTIONS, SearchOptions
from symloss.training.settings import TrainingSettings


def test_defaults_are_the_papers() -> None:
    options = SearchOptions()
    assert (options.batch, options.delta, options.eta, options.n_variables) == (100, 1e-4, 1e-5, 10)
    assert options.eps_grid == (1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
    assert (options.training.learning_rate, options.training.metric) == (0.01, "auc")
    assert options.time_limit == DEFAULT_TIME_LIMIT
    assert SearchOptions(loops=3).time_limit is None
    assert SearchOptions(max_trained=3).time_limit is None
    assert (options.reward, options.proxy_test, options.reward_filter) == ("epoch", True, True)


def test_metric_and_seed_of_training_follow() -> None:
    options = SearchOptions(task="regression", seed=9, training=TrainingSettings(max_epochs=5))
    assert (options.training.metric, options.training.seed, options.training.max_epochs) == ("rmse", 9, 5)
    assert not options.higher_is_better


def test_ready_for_json() -> None:
    document = json.loads(json.dumps(SearchOptions(loops=2).to_json()))
    assert document["loops"] == 2
    assert document["training"]["patience"] == 100


@pytest.mark.parametrize(
    "options",
    [
        SearchOptions(loops=2),
        SearchOptions(
            task="regression",
            max_trained=7,
            search_eps=(0.1, 1.0),
            strategy_options={"max_complexity": 5},
            warm_start=("mse", "(y - yhat)**2"),
            training=TrainingSettings(gradient_clip=math.inf, threads=2, optimizer="adam"),
        ),
    ],
)
def test_json_and_back(options: SearchOptions) -> None:
    assert SearchOptions.from_json(json.loads(json.dumps(finite(options.to_json())))) == options


# What config.json of a run held before the options had sections; such a run goes on.
WRITTEN_BEFORE = """
{"task": "classification", "model": "mf", "strategy": "reinforce", "operators": ["paper"], "n_variables": 10,
"batch": 100, "delta": 0.0001, "eta": 1e-05, "reward": "epoch", "reward_epochs": 25, "reward_learning_rate":
null, "search_eps": [1e-06], "search_scale": [1.0], "unit_scale": false, "loops": 2, "time_limit": null,
"max_trained": null, "check_first": false, "proxy_test": true, "reward_filter": true, "duplicates": "exact",
"max_complexity": null, "strategy_options": {}, "warm_start": [], "effectiveness": "paper", "coefficients": 0,
"rungs": [25, 50, 100], "rung_learning_rate": null, "finalists": 3, "ranking_seeds": 2, "final_seeds": 8,
"max_checks": 500, "survivors": 10, "screen": 60, "screen_epochs": null, "eps_grid": [1.0, 0.1, 0.01, 0.001,
0.0001, 1e-05, 1e-06], "scale_grid": [1.0], "evaluation_time": null, "seed": 42, "training": {"learning_rate":
0.01, "l2": 0.0003, "batch_size": 128, "gradient_clip": 50.0, "max_epochs": 3000, "patience": 100, "metric":
"auc", "seed": 42, "threads": null, "device": "cpu", "optimizer": "sgd"}}
"""


def test_runs_of_before_are_read() -> None:
    document = json.loads(WRITTEN_BEFORE)
    assert SearchOptions.from_json(document) == SearchOptions(loops=2)
    # what is new since then is written beside it
    assert json.loads(json.dumps(SearchOptions(loops=2).to_json())) == {**document, "metric": None}


def test_sections_are_at_hand() -> None:
    options = SearchOptions(loops=7, reward="fresh", survivors=4, batch=9)
    assert options.budget == Budget(loops=7)
    assert options.rewards == Rewards(reward="fresh")
    assert options.contest == Effectiveness(survivors=4)
    assert options.candidates == Candidates(batch=9)
    names = [one.name for section in SECTIONS for one in fields(section)]
    assert len(names) == len(set(names))
    assert set(names) | {"seed", "training"} == {one.name for one in fields(SearchOptions)}
    with pytest.raises(OptionError, match="batch is 0"):
        Candidates(batch=0)


def test_options_of_another_version_are_refused() -> None:
    with pytest.raises(OptionError, match="no search option colour"):
        SearchOptions.from_json({**SearchOptions().to_json(), "colour": "red"})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": "clasification"}, "did you mean 'classification'"),
        ({"model": "mff"}, "did you mean 'mf'"),
        ({"strategy": "rand"}, "did you mean 'random'"),
        ({"operators": ("logg",)}, "unknown operator 'logg'; did you mean 'log'"),
        ({"n_variables": 3}, "n_variables is 3"),
        ({"batch": 0}, "batch is 0; it must be a whole number of at least 1"),
        ({"batch": 2.5}, "batch is 2.5"),
        ({"loops": 0}, "loops is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"delta": 0.0}, "delta is 0.0; it must be a finite number above 0"),
        ({"delta": float("nan")}, "delta is nan"),
        ({"eta": -1.0}, "eta is -1.0; it must be a finite number at least 0"),
        ({"search_eps": (0.0,)}, "eps is 0.0"),
        ({"search_scale": ()}, "the scale grid is empty"),
        ({"reward": "epochs"}, "did you mean 'epoch'"),
        ({"reward_epochs": 0}, "reward_epochs is 0"),
        ({"reward_learning_rate": -0.1}, "reward_learning_rate is -0.1"),
        ({"duplicates": "none"}, "allowed are exact, sampled"),
        ({"max_trained": 0}, "max_trained is 0"),
        ({"max_complexity": 1.5}, "max_complexity is 1.5"),
        ({"check_first": True, "proxy_test": False}, "choose one of the two"),
        ({"time_limit": 0.0}, "time_limit is 0.0"),
        ({"time_limit": float("inf")}, "time_limit is inf"),
        ({"evaluation_time": -1.0}, "evaluation_time is -1.0"),
        ({"eps_grid": ()}, "the eps grid is empty"),
        ({"eps_grid": (0.1, 1e-9)}, "eps is 1e-09"),
        ({"eps_grid": (0.1, 0.1)}, "repeats a value"),
        ({"rungs": ()}, "rungs are"),
        ({"rungs": (20, 10)}, "rungs are"),
        ({"coefficients": 1}, "before a contest"),
        ({"effectiveness": "none"}, "unknown effectiveness"),
        ({"scale_grid": (1.0, -2.0)}, "scale is -2.0"),
        ({"survivors": 0}, "survivors is 0"),
    ],
)
def test_what_is_not_allowed(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        SearchOptions(**changes)
