"""What phase I trains: the current recommender and fresh ones, each loss on a grid of eps and scales."""

from __future__ import annotations

import math
import threading
from dataclasses import replace

import numpy as np
import pytest

from symloss.compile.program import Program
from symloss.data.dataset import Dataset
from symloss.engine.local import LocalEngine
from symloss.loss import Loss
from symloss.models import registry
from symloss.search.candidates.candidate import Attempt
from symloss.search.loop.attempts import AttemptGrid
from symloss.search.loop.fresh_recommender import FreshRecommender, reward_rate
from symloss.search.loop.trainee import CurrentRecommender, Interrupted, Trainee
from symloss.search.options import SearchOptions
from symloss.search.search import search
from symloss.tasks.auc_rmse import auc
from symloss.tasks.rating_task import of
from symloss.training.fit import fit
from symloss.training.member import Member
from symloss.training.one_epoch import train_one_epoch
from symloss.training.settings import TrainingSettings

SETTINGS = TrainingSettings(learning_rate=0.02, batch_size=16, max_epochs=50, threads=2, seed=4)
LOSSES = (
    Loss("(yhat - y)**2"),
    Loss("max((yhat+eps)/(y+eps), (y+eps)/(yhat+eps))"),
    Loss("log(yhat - 2)"),
)
GRID = AttemptGrid(eps=(0.5, 0.1), scales=(1.0, 3.0), takes_score=False)


def programs() -> list[Program]:
    return [loss.program() for loss in LOSSES]


def points(number: int) -> list[tuple[float, float]]:
    """Return the eps and scales that a loss is to be tried at: a loss without eps has the first only."""
    values = GRID.eps if LOSSES[number].has_eps else GRID.eps[:1]
    return [(eps, scale) for eps in values for scale in GRID.scales]


def engine(data: Dataset, **changes: object) -> LocalEngine:
    return LocalEngine(registry.get("mf"), data, replace(SETTINGS, **changes))  # type: ignore[arg-type]


def untrained(data: Dataset) -> float:
    trainer = registry.trainer_for(registry.get("mf"), of(data), SETTINGS)
    (scores,) = trainer.scores([trainer.start(SETTINGS.seed)], data.validation)
    return float(auc(scores, data.validation.labels))  # type: ignore[arg-type]


def test_fresh_rewards_are_those_of_training_alone(tiny: Dataset) -> None:
    trainee = FreshRecommender(engine(tiny), GRID, epochs=4)
    settings = replace(SETTINGS, learning_rate=0.3, max_epochs=4, patience=4)
    expected = []
    for number, loss in enumerate(LOSSES):
        alone = [
            fit(registry.get("mf"), [Member(loss.program(), eps, scale, 4)], tiny, settings, test=False)[0]
            for eps, scale in points(number)
        ]
        metrics = [one.valid_metric for one in alone]
        if all(math.isnan(metric) for metric in metrics):
            expected.append(Attempt(None, *points(number)[0]))
            continue
        best = int(np.nanargmax(metrics))
        expected.append(Attempt(metrics[best], *points(number)[best]))
    assert trainee.try_losses(programs(), 1, threading.Event()) == expected
    assert expected[2].metric is None
    # neither the epoch nor what was tried before matters
    assert trainee.try_losses(programs()[1:], 9, threading.Event()) == expected[1:]
    assert trainee.metric == untrained(tiny)
    assert not trainee.adopts


def test_current_rewards_are_those_of_one_epoch_alone(tiny: Dataset) -> None:
    current = engine(tiny)
    trainee = CurrentRecommender(current, GRID)
    assert trainee.metric == untrained(tiny)
    for epoch in (1, 2):
        start = trainee.model_state
        found = trainee.try_losses(programs(), epoch, threading.Event())
        metrics = {}
        for number, loss in enumerate(LOSSES[:2]):
            for eps, scale in points(number):
                member = Member(loss.program(), eps, scale)
                (one,) = train_one_epoch(current.model, start, [member], tiny, SETTINGS, epoch)
                metrics[number, eps, scale] = one.metric
        for number in (0, 1):
            best = max(metrics[key] for key in metrics if key[0] == number)
            assert found[number].metric == best
            assert metrics[number, found[number].eps, found[number].scale] == best
        assert found[2].metric is None
        winner = int(np.argmax([found[0].metric, found[1].metric]))
        trainee.adopt(winner)
        assert trainee.metric == found[winner].metric
        part = tiny.validation
        (scores,) = current.trainer.scores([trainee.model_state], part)
        assert float(auc(scores, part.labels)) == trainee.metric


@pytest.mark.parametrize("kind", [FreshRecommender, CurrentRecommender])
def test_stopping_interrupts(tiny: Dataset, kind: type) -> None:
    stop = threading.Event()
    stop.set()
    further = {"epochs": 3} if kind is FreshRecommender else {}
    trainee: Trainee = kind(engine(tiny), GRID, **further)
    with pytest.raises(Interrupted):
        trainee.try_losses(programs(), 1, stop)


def test_rate_of_rewards() -> None:
    assert reward_rate(0.01) == pytest.approx(0.3)
    assert reward_rate(0.001) == pytest.approx(0.03)
    assert reward_rate(0.1) == 0.3
    assert reward_rate(0.5) == 0.5


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_search_with_fresh_rewards_trains_each_loss_once(tiny: Dataset, task: str) -> None:
    options = SearchOptions(
        task=task,
        strategy="random",
        operators=("add", "multiply", "neg", "square"),
        n_variables=6,
        batch=30,
        loops=6,
        reward="fresh",
        reward_epochs=2,
        search_eps=(0.1,),
        search_scale=(1.0, 4.0),
        survivors=1,
        max_checks=2,
        scale_grid=(1.0,),
        training=SETTINGS,
    )
    result = search(options, tiny)
    assert 0 < result.counts["trained"] == result.counts["distinct"]
    assert result.counts["kept"] == 0
