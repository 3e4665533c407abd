from __future__ import annotations

import numpy as np
import pytest

from symloss.data.dataset import Interactions
from symloss.errors import DataError, OptionError
from symloss.models import registry
from symloss.training.member import Member, pack
from symloss.training.settings import TrainingSettings
from tests.compile.programs import MSE


@pytest.mark.parametrize("name", registry.NAMES)
def test_every_model_offers_the_interface(name):
    model = registry.get(name)
    assert model.name == name
    for method in ("group_size", "initial_state", "copy", "train_epoch", "predict"):
        assert callable(getattr(model, method))
    assert model.group_size(7, 2) >= 1


def test_unknown_name():
    with pytest.raises(OptionError, match=r"unknown model 'mpl'; did you mean 'mlp'\?"):
        registry.get("mpl")


@pytest.mark.parametrize("name", registry.NAMES)
@pytest.mark.parametrize(("users", "items"), [([3], [0]), ([0], [4]), ([-1], [0]), ([0], [-1])])
def test_indices_beyond_the_state_are_refused(name, users, items):
    model = registry.get(name)
    state = model.initial_state(3, 4, seed=0)
    pair = np.array(users, np.int32), np.array(items, np.int32)
    with pytest.raises(DataError, match="does not fit a state of"):
        model.predict(state, *pair)
    if min(users + items) >= 0:
        data = Interactions.of(users, items, [1])
        with pytest.raises(DataError, match="does not fit a state of"):
            model.train_epoch(
                [state], pack([Member(MSE)]), [np.zeros(1, np.int32)], [0], data, TrainingSettings()
            )
