"""The calls that models had before there were trainers give what trainers give, and warn."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

import symloss.models
from symloss.data.dataset import Interactions
from symloss.models import registry
from symloss.training.member import Member, pack
from symloss.training.orders import epoch_order
from symloss.training.settings import TrainingSettings
from tests.compile.programs import BCE
from tests.models.by_hand import ByHand

USERS, ITEMS, ROWS = 7, 5, 60


@pytest.mark.parametrize("device", ["cpu", "torch-cpu"])
@pytest.mark.parametrize("name", ["mf", "mlp"])
def test_calls_of_before(name, device):
    generator = np.random.default_rng(8)
    data = Interactions.of(*(generator.integers(0, size, ROWS) for size in (USERS, ITEMS, 2)))
    model, settings = registry.get(name), TrainingSettings(optimizer="adam", batch_size=16)
    arguments = pack([Member(BCE)]), [epoch_order(1, 1, ROWS)], [3]
    with pytest.warns(
        DeprecationWarning, match=r"instead of model.initial_state\(...\) call trainer.start\(...\)"
    ):
        state = model.initial_state(USERS, ITEMS, 5, device)
    with pytest.warns(DeprecationWarning, match="trainer.copy"):
        copy = model.copy(state)
    with pytest.warns(DeprecationWarning, match="trainer.epoch"):
        (mean,) = model.train_epoch([copy], *arguments, data, settings)
    with pytest.warns(DeprecationWarning, match="trainer.scores"):
        found = model.predict(copy, data.users, data.items)
    with pytest.warns(DeprecationWarning, match="trainer.to_host"):
        host = model.to_host(copy)
    trainer = ByHand(name).trainer(USERS, ITEMS, data, settings, device)
    fresh = trainer.start(5)
    assert trainer.epoch([fresh], *arguments, np.array([0.01]), np.array([settings.l2])) == [mean]
    expected = np.asarray(trainer.scores([fresh], data))[0]
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(
        ByHand(name).predict(host, data.users, data.items), expected, rtol=1e-4, atol=1e-5
    )
    # The copy was trained, not what it was made from.
    assert not np.array_equal(ByHand(name).predict(state, data.users, data.items), expected)


def test_the_name_of_before():
    with pytest.warns(DeprecationWarning, match="Recommender is now RatingModel"):
        found = symloss.models.Recommender
    assert isinstance(registry.get("mf"), found)
    with pytest.raises(AttributeError, match="no attribute 'Recomender'"):
        assert importlib.import_module("symloss.models").Recomender
