"""Every engine trains every model by every trainer, and gives the numbers that the functions of training give."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symloss.engine import ENGINES, Engine, make_engine
from symloss.engine.shipped_model import received, shipped
from symloss.errors import ModelError, OptionError
from symloss.models import Model, registry
from symloss.models.import_path import imported
from symloss.tasks.rating_task import of
from symloss.training.fit import fit
from symloss.training.member import Member
from symloss.training.one_epoch import train_one_epoch
from symloss.training.outcome import Outcome
from symloss.training.settings import TrainingSettings
from tests.compile.programs import BCE, HINGE, MAXR, MSE
from tests.engine import logistic
from tests.search.conftest import make_dataset

ROOT = Path(__file__).resolve().parents[2]
MEMBERS = [
    Member(MSE, seed=1),
    Member(BCE, scale=2.0, seed=1, learning_rate=0.1),
    Member(MAXR, eps=0.1, seed=2),
    Member(HINGE, takes_score=True, seed=3, l2=0.0),
    Member(BCE, seed=4),
]
SETTINGS = TrainingSettings(learning_rate=0.05, batch_size=16, max_epochs=2, patience=2, threads=2)
RATINGS, FEATURES = make_dataset(), logistic.Features()
BUILT_IN = [
    (registry.get(name), RATINGS, replace(SETTINGS, device=device, optimizer=optimizer))
    for name in registry.NAMES
    for device in ("cpu", "torch-cpu")
    for optimizer in ("sgd", "adam")
]
GENERIC = [
    # without its accelerations, a built-in model is trained as any module
    (replace(registry.get("mf"), accelerations=()), RATINGS, SETTINGS),
    (
        registry.get(str(ROOT / "examples" / "two_tower.py") + ":build"),
        RATINGS,
        replace(SETTINGS, optimizer="adam"),
    ),
]


def title(case: tuple[Model, Any, TrainingSettings]) -> str:
    model, _, settings = case
    return f"{model.name}, {settings.device}, {settings.optimizer}"


@pytest.fixture(scope="module", params=ENGINES)
def engine_name(request: pytest.FixtureRequest, ray_home: Path) -> Iterator[str]:
    """The name of an engine; one Ray runs for all of a module's."""
    if request.param != "ray":
        yield request.param
        return
    if importlib.util.find_spec("ray") is None:
        pytest.skip("ray is not installed: pip install 'symloss[ray]'")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(ray_home))
        # Workers import this package from where it is.
        patch.setenv(
            "PYTHONPATH", os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        )
        first = make_engine("ray", registry.get("mf"), RATINGS, SETTINGS)
        yield request.param
        first.close()


def assert_as_the_functions(
    engine: Engine, model: Model, task: Any, settings: TrainingSettings, *, exact: bool
) -> None:
    """Compare an engine with `fit` and `train_one_epoch`."""
    rough = {"rel": 1e-3, "abs": 5e-3}

    def near(value: Any) -> Any:
        return value if exact else pytest.approx(value, **rough)

    # States of the engine's trainer and of another one are of one kind.
    trainer = registry.trainer_for(model, of(task), settings)
    for found, expected in zip(engine.fit(MEMBERS), fit(model, MEMBERS, task, settings), strict=True):
        assert found.history == near(expected.history)
        assert found.metrics == near(expected.metrics)
        assert found.outcome is expected.outcome is Outcome.MAX_EPOCHS
        assert type(found.state) is type(expected.state)
        one, other = (
            np.asarray(trainer.scores([each.state], trainer.task.test)) for each in (found, expected)
        )
        np.testing.assert_allclose(
            one, other, **({"rtol": 0, "atol": 0} if exact else {"rtol": 0.02, "atol": 0.02})
        )
    state = engine.trainer.start(7)
    found = engine.one_epoch(state, MEMBERS, 1, keep="best")
    expected = train_one_epoch(model, trainer.start(7), MEMBERS, task, settings, 1, keep="best")
    assert [one.metric for one in found] == near([one.metric for one in expected])
    assert [one.loss for one in found] == near([one.loss for one in expected])
    (kept,) = (one.state for one in found if one.state is not None)
    # It can be saved, read again and trained on.
    again = engine.trainer.load(engine.trainer.save(kept))
    one, other = (engine.one_epoch(each, MEMBERS[:1], 2)[0] for each in (kept, again))
    assert (one.metric, one.loss) == (other.metric, other.loss)


@pytest.mark.parametrize("case", [*BUILT_IN, *GENERIC], ids=title)
def test_models(engine_name: str, case: tuple[Model, Any, TrainingSettings]) -> None:
    model, task, settings = case
    engine = make_engine(engine_name, model, task, settings)
    try:
        assert engine.model is model and engine.trainer.settings == settings
        assert engine.parallel >= 1
        # In populations by torch the size of a population shows in roundings.
        exact = settings.device == "cpu" and bool(model.accelerations)
        assert_as_the_functions(engine, model, task, settings, exact=exact)
    finally:
        engine.close()


def test_a_model_and_a_task_of_others(engine_name: str) -> None:
    engine = make_engine(engine_name, logistic.MODEL, FEATURES, SETTINGS)
    try:
        assert engine.task is FEATURES
        assert_as_the_functions(engine, logistic.MODEL, FEATURES, SETTINGS, exact=True)
        assert engine.fit(MEMBERS[:1])[0].metrics["auc"] > 0.8
    finally:
        engine.close()


def test_a_model_in_a_file(engine_name: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    shutil.copy(logistic.__file__, file)
    build = imported(f"{file}:build")
    model = Model("mine.py:build", build, accelerations=(f"{file}:Logistic",))
    engine = make_engine(engine_name, model, FEATURES, SETTINGS)
    try:
        assert_as_the_functions(engine, model, FEATURES, SETTINGS, exact=True)
    finally:
        engine.close()


def groups(module: Any) -> Any:
    return {}


def test_models_travel_as_names_and_places(tmp_path: Path) -> None:
    for model in (registry.get("mf"), registry.get("mlp")):
        assert shipped(model).build == "" and received(shipped(model)) is model
    there = shipped(replace(logistic.MODEL, groups=groups))
    assert there.build == "tests.engine.logistic:build"
    assert there.groups == "tests.engine.test_every_trainer:groups" and there.digests == ()
    assert received(there) == replace(logistic.MODEL, groups=groups)
    # A built-in name with another factory is another model.
    assert shipped(replace(logistic.MODEL, name="mf")).build == there.build
    file = tmp_path / "ours.py"
    file.write_text("def build(task, seed):\n    return seed\n")
    model = Model("mine.py:build", imported(f"{file}:build"))
    there = shipped(model)
    assert there.build == f"{file}:build" and [name for name, _ in there.digests] == [str(file)]
    assert received(there).build(None, 3) == 3  # type: ignore[arg-type, comparison-overlap]
    file.write_text("def build(task, seed):\n    return -seed\n")
    with pytest.raises(OptionError, match="or another one there; put the same file in the same place"):
        received(there)
    file.unlink()
    with pytest.raises(OptionError, match="is missing on a machine of the cluster"):
        received(there)


def test_what_can_not_travel_is_refused() -> None:
    def inner(task: Any, seed: int) -> Any:
        return None

    for build in (inner, lambda task, seed: None):
        with pytest.raises(OptionError, match="can't send the factory of the model mine .* or use the local"):
            shipped(Model("mine", build))
    with pytest.raises(OptionError, match="the function of groups"):
        shipped(Model("mine", logistic.build, groups=lambda module: {}))


def test_places_that_are_not_there(tmp_path: Path) -> None:
    file = tmp_path / "broken.py"
    file.write_text("import symloss\nraise ValueError('not today')\n")
    with pytest.raises(
        ModelError, match=r"broken.py failed when it was run: ValueError: not today \(line 2\)"
    ):
        imported(f"{file}:build")
    with pytest.raises(ModelError, match=r"nowhere.py"):
        imported(f"{tmp_path / 'nowhere.py'}:build")
    with pytest.raises(OptionError, match="symloss.models.model has no build; define it there"):
        imported("symloss.models.model:build")
    with pytest.raises(OptionError, match=r"no_such_package can't be imported \(ModuleNotFoundError"):
        imported("no_such_package:build")
