"""A search for the data at hand: presets stay what they are on MovieLens-100K, the paper's on any data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from symloss.models.registry import NAMES
from symloss.search.fitted import fitted_search
from symloss.search.options import SearchOptions
from symloss.search.presets import PRESETS, preset
from symloss.training.clock import Size
from symloss.training.settings import TrainingSettings

ML100K, SMALL = Size(94_638, 943), Size(6_145, 1_429)


@pytest.mark.parametrize("model", NAMES)
@pytest.mark.parametrize("name", PRESETS)
def test_presets_stay_on_movielens(name: str, model: str) -> None:
    options = SearchOptions(model=model, **preset(name, model))
    assert fitted_search(options, ML100K, name=name) == options


def test_the_settings_of_the_paper_stay_on_any_data() -> None:
    for size in (SMALL, Size(10, 2), Size(10**7, 10**5)):
        assert fitted_search(SearchOptions(), size, name="paper") == SearchOptions()


def test_the_demo_stays_on_movielens() -> None:
    training = TrainingSettings(learning_rate=0.3, max_epochs=100, patience=25)
    options = SearchOptions(**preset("best", "mf"), training=training)
    given = ("learning_rate", "max_epochs", "patience")
    assert fitted_search(options, ML100K, given) == options


def test_small_data_trains_further_and_what_is_given_stays() -> None:
    options = SearchOptions(**preset("best", "mf"))
    found = fitted_search(options, SMALL)
    assert found.reward_epochs == 454 and found.rungs == (378, 756, 1511)
    assert found.training.max_epochs == 9_000 and found.training.patience == 100
    given = ("reward_epochs", "max_epochs", "patience", "learning_rate", "rungs")
    assert fitted_search(options, SMALL, given) == options
    # a training that is cut short by hand cuts no reward below its usual length
    short = replace(options, training=TrainingSettings(max_epochs=5))
    assert fitted_search(short, SMALL, ("max_epochs",)).reward_epochs == 30


def test_a_reward_at_another_rate_goes_as_far() -> None:
    options = replace(SearchOptions(**preset("best", "mf")), reward_learning_rate=0.5)
    assert fitted_search(options, ML100K, ("reward_learning_rate",)).reward_epochs == 60
