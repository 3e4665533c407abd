"""Models by name, and who trains them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from symloss.data.dataset import Interactions
from symloss.errors import DataError, OptionError
from symloss.models import Model, registry
from symloss.models.import_path import imported
from symloss.training.member import Member, pack
from symloss.training.settings import TrainingSettings
from tests.compile.programs import MSE
from tests.installed import install
from tests.models.by_hand import ByHand, Rows

RATINGS = Rows({"users": 3, "items": 4}, Interactions.of([0, 1], [0, 1], [0, 1]))


@pytest.mark.parametrize("name", registry.NAMES)
@pytest.mark.parametrize("device", ["cpu", "torch-cpu"])
def test_every_model_has_a_trainer(name, device):
    model, settings = registry.get(name), TrainingSettings(device=device)
    trainer = registry.trainer_for(model, RATINGS, settings)
    assert model.name == name and name in registry.names()
    assert (trainer.model, trainer.task, trainer.settings) == (model, RATINGS, settings)
    assert trainer.group_size(7, 2) >= 1
    assert registry.get(model) is model


def test_unknown_name():
    with pytest.raises(OptionError, match=r"unknown model 'mpl'; did you mean 'mlp'\?"):
        registry.get("mpl")


@pytest.mark.parametrize("name", registry.NAMES)
@pytest.mark.parametrize(("users", "items"), [([3], [0]), ([0], [4]), ([-1], [0]), ([0], [-1])])
def test_indices_beyond_the_state_are_refused(name, users, items):
    model = ByHand(name)
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


class Columns:
    """A task of rows of numbers."""

    name, sizes = "rows of numbers", {"features": 5}

    class train:
        inputs = (np.zeros((2, 5), np.float32),)


@pytest.mark.parametrize("name", registry.NAMES)
def test_refusals_are_sentences(name):
    model, settings = registry.get(name), TrainingSettings()
    fused, device = (imported(place) for place in model.accelerations)
    elsewhere = replace(settings, device="torch-cpu")
    assert fused.refuses(model, RATINGS, settings) is None
    assert device.refuses(model, RATINGS, elsewhere) is None
    assert "runs on device cpu, not on torch-cpu" in fused.refuses(model, RATINGS, elsewhere)
    assert "runs on torch devices" in device.refuses(model, RATINGS, settings)
    other = Model("mine", lambda task, seed: None)
    wide = Rows({"users": 3, "items": 4}, RATINGS.train)
    object.__setattr__(wide, "train", type("Part", (), {"inputs": (np.zeros(1, np.int64),) * 2}))
    for kind, own in ((fused, settings), (device, elsewhere)):
        assert kind.refuses(other, RATINGS, own).endswith("of the model mine")
        assert "takes pairs of a user and an item" in kind.refuses(model, Columns, own)
        assert "takes users as int32" in kind.refuses(model, wide, own)
        by_group = replace(own)
        object.__setattr__(by_group, "l2", {"table": 0.1})
        assert "has one L2 factor for all parameters" in kind.refuses(model, RATINGS, by_group)
        object.__setattr__(by_group, "optimizer", "lion")
        assert "optimizers are sgd and adam, not lion" in kind.refuses(model, RATINGS, by_group)


class Eager:
    """A trainer that takes everything."""

    refuses = classmethod(lambda cls, model, task, settings: None)

    def __init__(self, *bound):
        self.bound = bound


class Choosy(Eager):
    """A trainer that takes nothing."""

    refuses = classmethod(lambda cls, model, task, settings: f"Choosy does not like {task.name}")


def test_the_first_that_does_not_refuse_trains(monkeypatch):
    eager, choosy = f"{__name__}:Eager", f"{__name__}:Choosy"
    monkeypatch.setattr(registry, "GENERIC", choosy)
    model, settings = Model("mine", lambda task, seed: None, None, (choosy, eager)), TrainingSettings()
    found = registry.trainer_for(model, RATINGS, settings)
    assert type(found) is Eager and found.bound == (model, RATINGS, settings)
    with pytest.raises(OptionError) as caught:
        registry.trainer_for(replace(model, accelerations=(choosy,)), RATINGS, settings)
    sentence = "Choosy does not like rows of a test"
    assert str(caught.value) == f"nothing can train mine on rows of a test: {sentence}; {sentence}"
    monkeypatch.setattr(registry, "GENERIC", eager)
    assert type(registry.trainer_for(replace(model, accelerations=()), RATINGS, settings)) is Eager


OURS = Model("ours", lambda task, seed: None)
NO_MODEL = "a text"


def test_models_of_other_packages(monkeypatch, tmp_path):
    known = {"ours": "OURS", "renamed": "OURS", "text": "NO_MODEL", "gone": "GONE", "mf": "NO_MODEL"}
    entries = [f"{name} = {__name__}:{place}" for name, place in known.items()]
    install(tmp_path, "our-models", "\n".join(["[symloss.models]", *entries]))
    monkeypatch.syspath_prepend(str(tmp_path))
    # A built-in name is never looked for elsewhere.
    assert registry.get("mf").name == "mf"
    assert registry.get("ours") is OURS
    assert registry.names() == ("mf", "mlp", "gone", "ours", "renamed", "text")
    with pytest.raises(OptionError, match=r"'text' is .*:NO_MODEL, which is no symloss\.models\.Model"):
        registry.get("text")
    with pytest.raises(OptionError, match="'gone' can't be loaded from"):
        registry.get("gone")
    with pytest.raises(OptionError, match="has the name 'ours'; it must be that of its entry point"):
        registry.get("renamed")
    with pytest.raises(OptionError, match=r"unknown model 'our'; did you mean 'ours'\?"):
        registry.get("our")


CHOICE = """
import sys
from types import SimpleNamespace
from symloss.data.dataset import Interactions
from symloss.models import registry

settings = SimpleNamespace(learning_rate=0.1, l2=0.0, batch_size=8, gradient_clip=5.0, optimizer="sgd", device="cpu")
part = Interactions.of([0, 1], [0, 1], [0, 1])
task = SimpleNamespace(name="pairs", sizes={"users": 2, "items": 2}, train=part)
trainer = registry.trainer_for(registry.get("mf"), task, settings)
assert type(trainer).__name__ == "FusedMF"
assert "torch" not in sys.modules
# asking is free; what is asked for brings its own
assert "numba" not in sys.modules
trainer.start(1)
"""


def test_choosing_imports_nothing_that_is_not_chosen():
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", CHOICE], check=True, cwd=root)
