"""One epoch for a search: copies of one state."""

from __future__ import annotations

import math
import threading
from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics as oracle

from symloss.errors import DataError, OptionError
from symloss.models import registry
from symloss.training.member import Member, pack
from symloss.training.one_epoch import train_one_epoch
from symloss.training.orders import epoch_order
from symloss.training.outcome import Outcome
from symloss.training.settings import Optimizer, TrainingSettings
from tests.compile.programs import BCE, MAXR, MSE
from tests.models.by_hand import ByHand
from tests.training.test_fit import NAN_LOSS

MODEL, HAND = registry.get("mf"), ByHand("mf")
SETTINGS = TrainingSettings(learning_rate=0.5, batch_size=64, threads=2, seed=9)
MEMBERS = [
    Member(MSE, seed=1),
    Member(BCE, scale=2.0, seed=2),
    Member(NAN_LOSS),
    Member(MAXR, eps=0.1),
    Member(MSE),
]


@pytest.fixture
def start(dataset):
    return HAND.initial_state(dataset.n_users, dataset.n_items, 5)


def test_each_member_is_trained_from_the_same_state(dataset, start):
    before = HAND.copy(start)
    results = train_one_epoch(MODEL, start, MEMBERS, dataset, SETTINGS, epoch=4, keep="all")
    for one, other in zip(start.arrays(), before.arrays(), strict=True):
        np.testing.assert_array_equal(one, other)
    order = epoch_order(9, 4, len(dataset.train))
    part = dataset.validation
    for member, result in zip(MEMBERS, results, strict=True):
        state = HAND.copy(start)
        (loss,) = HAND.train_epoch([state], pack([member]), [order], [0], dataset.train, SETTINGS)
        if member.program is NAN_LOSS:
            assert result.outcome is Outcome.DIVERGED
            assert math.isnan(result.metric)
            assert result.state is None
            continue
        assert result.outcome is Outcome.TRAINED
        assert result.loss == loss
        auc = oracle.roc_auc_score(part.labels, HAND.predict(state, part.users, part.items))
        assert result.metric == pytest.approx(auc)
        np.testing.assert_array_equal(result.state.user_embedding, state.user_embedding)
    # The seeds of members have no effect here.
    assert results[0].metric == results[4].metric


@pytest.mark.parametrize(("metric", "threads"), [("auc", 1), ("auc", 2), ("rmse", 2)])
def test_keep(dataset, start, metric, threads):
    settings = replace(SETTINGS, metric=metric, threads=threads)
    everything = train_one_epoch(MODEL, start, MEMBERS, dataset, settings, 1, keep="all")
    values = [result.metric for result in everything]
    best = (np.nanargmax if metric == "auc" else np.nanargmin)(values)
    kept = train_one_epoch(MODEL, start, MEMBERS, dataset, settings, 1, keep="best")
    assert [result.state is not None for result in kept] == [number == best for number in range(5)]
    np.testing.assert_array_equal(kept[best].state.item_bias, everything[best].state.item_bias)
    none = train_one_epoch(MODEL, start, MEMBERS, dataset, settings, 1)
    assert all(result.state is None for result in none)
    np.testing.assert_array_equal([result.metric for result in none], values)
    # Another epoch, another order.
    other = train_one_epoch(MODEL, start, MEMBERS[:1], dataset, settings, 2)
    assert other[0].metric != values[0]


@pytest.mark.parametrize("name", registry.NAMES)
@pytest.mark.parametrize("optimizer", list(Optimizer))
def test_rewards_depend_neither_on_the_population_nor_on_the_cores(dataset, name, optimizer):
    model = registry.get(name)
    state = ByHand(name).initial_state(dataset.n_users, dataset.n_items, 3)
    settings = TrainingSettings(learning_rate=0.05, batch_size=70, seed=4, optimizer=optimizer)
    members = [Member((MSE, BCE, MAXR)[k % 3], eps=0.05 + 0.01 * k, scale=1 + k % 4) for k in range(64)]

    def rewards(count, threads):
        chosen = members[:count]
        results = train_one_epoch(model, state, chosen, dataset, replace(settings, threads=threads), 1)
        return [(result.metric, result.loss) for result in results]

    everything = rewards(64, 2)
    assert len({metric for metric, _ in everything}) > 3
    for count in (1, 7, 64):
        for threads in (1, 2):
            assert rewards(count, threads) == everything[:count]


def test_interruption_and_bad_arguments(dataset, start):
    stop = threading.Event()
    stop.set()
    results = train_one_epoch(MODEL, start, MEMBERS, dataset, SETTINGS, 1, stop=stop)
    assert {result.outcome for result in results} == {Outcome.INTERRUPTED}
    assert train_one_epoch(MODEL, start, [], dataset, SETTINGS, 1) == []
    with pytest.raises(OptionError, match="keep is 'some'"):
        train_one_epoch(MODEL, start, MEMBERS, dataset, SETTINGS, 1, keep="some")
    with pytest.raises(OptionError, match="epoch is -1"):
        train_one_epoch(MODEL, start, MEMBERS, dataset, SETTINGS, -1)
    with pytest.raises(DataError):
        train_one_epoch(MODEL, start, MEMBERS, replace(dataset, validation=dataset.validation.take(np.arange(0))),
                        SETTINGS, 1)  # fmt: skip
