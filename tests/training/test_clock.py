"""The clock: numbers of MovieLens-100K stay on data of its size, and rate x L2 x steps stays on all other data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from symloss.training.clock import (
    DENSE,
    LEAST_EPOCHS,
    LEAST_PATIENCE,
    MOST_EPOCHS,
    MOST_FAST_EPOCHS,
    SPARSEST,
    Size,
    clock,
    fitted,
    rung_epochs,
    short_epochs,
)
from symloss.training.settings import Optimizer, TrainingSettings

PLAIN = TrainingSettings()
FULL = 0.01 * 3e-4 * 740 * 3000
"""The clock of the paper's training on MovieLens-100K: 6.66."""

ML100K = [Size(94_638, 943), Size(94_626, 943)]


@pytest.mark.parametrize("size", ML100K)
def test_movielens_keeps_its_numbers(size: Size) -> None:
    assert fitted(PLAIN, size) == PLAIN
    adam = replace(PLAIN, optimizer="adam")
    assert fitted(adam, size) == adam
    assert fitted(PLAIN, size, model="mlp") == PLAIN
    fast = fitted(PLAIN, size, fast=True)
    assert (fast.learning_rate, fast.max_epochs, fast.patience) == (0.3, 100, 25)
    assert fitted(replace(PLAIN, learning_rate=0.3), size, ("learning_rate",)) == fast
    assert [short_epochs(epochs, PLAIN, size) for epochs in (20, 25, 30)] == [20, 25, 30]
    for rungs in ((25, 50, 100), (10, 20, 40)):
        assert rung_epochs(rungs, PLAIN, size) == rungs


@pytest.mark.parametrize("rows", [1_000, 6_145, 28_397, 60_000, 94_638, 300_000, 1_000_209, 5_000_000])
@pytest.mark.parametrize("users", [100, 1_500, 50_000])
@pytest.mark.parametrize(
    "given", [{}, {"learning_rate": 0.05}, {"batch_size": 32}, {"batch_size": 1024, "l2": 1e-3}]
)
def test_the_clock_is_the_same_on_all_data(rows: int, users: int, given: dict[str, float]) -> None:
    size = Size(rows, users)
    found = fitted(replace(PLAIN, **given), size, given)
    for name, value in given.items():
        assert getattr(found, name) == value
    sparse = min(SPARSEST, max(1.0, DENSE / (rows / users)))
    if LEAST_EPOCHS < found.max_epochs < MOST_EPOCHS:
        # by hand: steps of an epoch are rows over batch, rounded up
        steps = -(-rows // found.batch_size)
        reached = found.learning_rate * found.l2 * steps * found.max_epochs
        assert reached == pytest.approx(clock(found, size))
        one = found.learning_rate * found.l2 * steps
        assert FULL * sparse * (1 - 1e-6) <= reached <= FULL * sparse * (1 + 1e-6) + one
    assert found.patience >= LEAST_PATIENCE and 0 < found.learning_rate <= 0.3


@pytest.mark.parametrize("rows", [5_000, 6_145, 28_397, 94_638, 200_000])
def test_rewards_and_rungs_go_as_far_as_on_movielens(rows: int) -> None:
    size = Size(rows, 900)
    steps = -(-rows // 128)
    for epochs, rate, wanted in ((30, 1.0, 6.66), (25, 0.3, 1.665), (50, 0.3, 3.33)):
        reached = rate * 3e-4 * steps * short_epochs(epochs, PLAIN, size)
        assert wanted * (1 - 1e-6) <= reached <= wanted + rate * 3e-4 * steps


@pytest.mark.parametrize("rows", [1, 8, 64, 480, 1_000, 4_000])
def test_a_handful_of_rows_takes_no_hours(rows: int) -> None:
    """Epochs have a cost of their own: those of rewards and rungs end somewhere, and rungs keep their ratio."""
    size = Size(rows, 20)
    rungs = rung_epochs((25, 50, 100), PLAIN, size)
    assert rungs == (MOST_FAST_EPOCHS // 4, MOST_FAST_EPOCHS // 2, MOST_FAST_EPOCHS)
    assert short_epochs(30, PLAIN, size) <= MOST_FAST_EPOCHS


@pytest.mark.parametrize("rows", [300, 480, 6_145, 28_397, 94_638, 1_000_209])
def test_adam_trains_no_longer_than_sgd_at_its_fast_rate(rows: int) -> None:
    """At 0.01 Adam is as fast as SGD at 0.3: less data gives no more epochs than that needs, or than usual."""
    size = Size(rows, 20)
    adam = fitted(replace(PLAIN, optimizer=Optimizer.ADAM), size)
    fast = fitted(PLAIN, size, fast=True)
    assert adam.learning_rate == 0.01
    assert adam.max_epochs <= max(PLAIN.max_epochs, fast.max_epochs)
    assert adam.patience <= max(PLAIN.patience, fast.patience)
    # and never fewer than go as far
    assert adam.max_epochs >= fast.max_epochs and adam.patience >= fast.patience


def test_what_is_given_is_done() -> None:
    size = Size(6_145, 1_429)
    own = TrainingSettings(learning_rate=0.02, max_epochs=7, patience=3)
    assert fitted(own, size, ("learning_rate", "max_epochs", "patience"), fast=True) == own
    assert fitted(own, size, ("max_epochs",), fast=True).max_epochs == 7
    assert fitted(own, size, ("patience",)).patience == 3


@pytest.mark.parametrize("rows", [0, 1, 10, 20_000_000, 10**9])
def test_extreme_sizes_stay_in_range(rows: int) -> None:
    for settings in (PLAIN, replace(PLAIN, optimizer="adam"), replace(PLAIN, l2=0.0), replace(PLAIN, l2=5.0)):
        for given in ((), ("learning_rate",)):
            found = fitted(settings, Size(rows, 5), given)
            assert LEAST_EPOCHS <= found.max_epochs <= MOST_EPOCHS
            assert found.learning_rate * found.l2 < 1
        rungs = rung_epochs((25, 50, 100), settings, Size(rows, 5))
        assert list(rungs) == sorted(set(rungs)) and rungs[0] >= 1


def test_without_l2_the_clock_is_rate_times_steps() -> None:
    size = Size(94_638 // 2, 943)
    without = fitted(replace(PLAIN, l2=0.0), size, ("learning_rate",))
    assert without.max_epochs == fitted(PLAIN, size, ("learning_rate",)).max_epochs == 6_000
