"""Budgets and ablations of phase I, with a stand-in for the recommender."""

from __future__ import annotations

import pytest

from symloss.progress import Note
from symloss.search.loop import loop
from symloss.search.loop.loop import WORST_REWARD
from tests.search.test_loop import FOURTH_POWER, counts, go, make
from tests.search.test_proxy import MINUS_MSE_PLUS_Y, MSE, MSE_AGAIN, NO_PREDICTION, WRONG


def test_a_budget_of_trained_losses_ends_after_its_loop() -> None:
    batches = [[MSE, WRONG], [MINUS_MSE_PLUS_Y], [FOURTH_POWER]]
    search, _, trainee = make(batches, [[0.4, 0.4], [0.4], [0.4]], loops=None, max_trained=2)
    go(search)
    assert (search.loops, search.counts["trained"], trainee.calls) == (1, 2, [2])


def test_nothing_left_to_train_ends_a_search_that_only_counts_trained_losses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop, "PATIENCE", 3)
    search, _, _ = make([[MSE]] * 9, [[0.4]], loops=None, max_trained=5)
    events = go(search)
    assert search.loops == 4
    assert isinstance(events[-1], Note)
    assert "found no loss to train" in events[-1].text


def test_too_complex_losses_are_dropped() -> None:
    search, strategy, trainee = make([[MSE, FOURTH_POWER, NO_PREDICTION]], [[0.52]], max_complexity=2)
    go(search)
    # a square of a square has two, the others three
    assert counts(search)["too_complex"] == 2
    assert trainee.calls == [1]
    assert strategy.told == [[WORST_REWARD, pytest.approx(0.02), WORST_REWARD]]


def test_without_the_proxy_test_every_loss_is_trained_each_time() -> None:
    batch = [NO_PREDICTION, MSE, MSE_AGAIN]
    search, strategy, trainee = make([batch, batch], [[0.4, 0.3, 0.2]] * 2, proxy_test=False)
    go(search)
    assert trainee.calls == [3, 3]
    assert counts(search) == {"sampled": 6, "distinct": 6, "trained": 6}
    assert strategy.identities == [[0, 1, 2], [3, 4, 5]]


def test_without_the_reward_filter_the_best_copy_always_takes_over() -> None:
    search, strategy, trainee = make([[MSE, WRONG], [MSE]], [[0.2, 0.3], [None]], reward_filter=False)
    go(search)
    assert trainee.adopted == [1]
    assert trainee.metric == 0.3
    assert strategy.told == [[pytest.approx(-0.3), pytest.approx(-0.2)], [WORST_REWARD]]
