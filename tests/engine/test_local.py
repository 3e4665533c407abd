"""The local engine gives what the functions of training give."""

from __future__ import annotations

from symloss import zoo
from symloss.data.dataset import Dataset
from symloss.engine import LocalEngine
from symloss.models import registry
from symloss.training.fit import fit
from symloss.training.member import Member
from symloss.training.one_epoch import train_one_epoch
from symloss.training.settings import TrainingSettings
from tests.search.conftest import make_dataset


def test_the_engine_trains_as_the_functions_do() -> None:
    dataset: Dataset = make_dataset()
    settings = TrainingSettings(learning_rate=0.1, batch_size=16, max_epochs=3, threads=1)
    model = registry.get("mf")
    members = [Member(zoo.get(name).program()) for name in ("bce", "mse")]
    engine = LocalEngine(model, dataset, settings)
    whole = engine.fit(members)
    assert [one.metrics for one in whole] == [one.metrics for one in fit(model, members, dataset, settings)]
    assert all(one.metrics == {} and one.best_epoch for one in engine.fit(members, test=False))
    state = engine.trainer.start(1)
    expected = train_one_epoch(model, state, members, dataset, settings, 1)
    assert [one.metric for one in engine.one_epoch(state, members, 1)] == [one.metric for one in expected]
