"""The commands of a report: read by the command line they give the options that the run has."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Any

import pytest

from symloss.cli.schema import given_names
from symloss.cli.search import SOURCE as SOURCE_NAMES
from symloss.cli.search import command
from symloss.cli.search_options import build_options
from symloss.report.commands import search_words
from symloss.search.options import SearchOptions
from symloss.search.presets import preset
from symloss.training.settings import TrainingSettings
from tests.report.conftest import CONTEST, OPTIONS, REGRESSION, SOURCE

BEST = SearchOptions(**preset("best", "mf"))
MLP = SearchOptions(model="mlp", **preset("best", "mlp"))

CASES = {
    "defaults": SearchOptions(),
    "best": BEST,
    "mlp": MLP,
    "contest": replace(CONTEST, ranking_seeds=2),
    "paper": OPTIONS,
    "regression": REGRESSION,
    "budgets": replace(BEST, time_limit=90.5, loops=7, max_trained=12, evaluation_time=3600.0, seed=0),
    "against the preset": replace(
        BEST, check_first=False, unit_scale=False, strategy="random", duplicates="exact"
    ),
    "no fresh rate": replace(BEST, reward_learning_rate=None),
    "ablations": replace(OPTIONS, proxy_test=False, reward_filter=False),
    "best without proxy test": replace(BEST, proxy_test=False, check_first=False),
    "training": replace(
        BEST,
        training=TrainingSettings(
            learning_rate=0.123456789,
            l2=0.0,
            batch_size=7,
            max_epochs=5,
            patience=1,
            threads=3,
            optimizer="adam",
        ),
    ),
    "strategy": replace(
        BEST, strategy_options={"population": 50, "rate": 0.5, "flag": True, "nothing": None, "name": "a b"}
    ),
    "operators": replace(
        BEST, operators=("add", "neg", "tanh"), n_variables=4, max_complexity=9, screen_epochs=3
    ),
    "warm start": replace(BEST, warm_start=("-yhat*y", "mse", "max(yhat, y)")),
    "grids": replace(
        BEST, eps_grid=(1e-6, 0.3), scale_grid=(0.25, 1.0), search_eps=(1.0, 1e-3), search_scale=(2.5,)
    ),
}


def parsed(words: list[str]) -> tuple[SearchOptions, dict[str, Any]]:
    assert words[:2] == ["symloss", "search"]
    with command.make_context("search", words[2:]) as context:
        return build_options(context.params, given_names(context)), {
            name: context.params[name] for name in SOURCE_NAMES
        }


@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
def test_the_command_gives_the_options_back(options: SearchOptions) -> None:
    source = {**SOURCE, "seed": options.seed}
    words = search_words(options, source)
    found, loaded = parsed(words)
    assert found == options
    assert loaded == source
    assert shlex.split(shlex.join(words)) == words


def test_a_preset_is_short() -> None:
    words = search_words(
        BEST, {**SOURCE, "dataset": None, "users": None, "items": None, "interactions": None}
    )
    assert words == ["symloss", "search", "--preset", "best", "--time", "600s", "--seed", "42"]


def test_the_way_data_was_loaded_comes_back() -> None:
    source = {**SOURCE, "dataset": None, "users": None, "items": None, "interactions": None, "threshold": 3.5,
              "seed": 42, "labels": "real", "data_dir": "/some where/data", "user_column": "user id",
              "ties": "published"}  # fmt: skip
    _, loaded = parsed(search_words(replace(BEST, task="regression"), source))
    assert {**loaded, "data_dir": str(loaded["data_dir"])} == source
