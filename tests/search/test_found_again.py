"""A search that comes upon a handcrafted loss has found it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from symloss import zoo
from symloss.contest.contest import contest
from symloss.contest.entries import Contender
from symloss.contest.options import ContestOptions
from symloss.data.dataset import Dataset
from symloss.engine import LocalEngine
from symloss.loss import Loss
from symloss.models import registry
from symloss.search.phase3_contest import found_again
from symloss.symbolic.same.same_gradient import compare
from symloss.training.settings import TrainingSettings

SETTINGS = TrainingSettings(learning_rate=0.3, batch_size=16, max_epochs=4, threads=1, metric="rmse")
OPTIONS = ContestOptions(
    eps_grid=(0.1,), rungs=(2,), judged_from=2, finalists=1, ranking_seeds=1, final_seeds=2
)


def test_a_multiple_of_a_baseline_has_its_result_at_its_own_scale(tiny: Dataset) -> None:
    twice = Loss("2*yhat*(yhat - 2*y) + 5")
    assert compare(twice, zoo.get("mse")).relation == "proportional"
    engine = LocalEngine(registry.get("mf"), tiny, SETTINGS)
    candidates = [Contender(twice), Contender(Loss("(y - yhat)**4"))]
    result = contest(candidates, [zoo.get("mse"), zoo.get("mae")], engine, OPTIONS)
    (again,) = found_again(result)
    mse = next(one for one in result.baselines if one.loss == "mse")
    assert again.formula == twice.formula
    assert again.scale == pytest.approx(mse.scale / 2, rel=0.006)
    assert again.metrics["rmse"] == mse.test["rmse"].mean
    assert found_again(replace(result, same=())) == []
