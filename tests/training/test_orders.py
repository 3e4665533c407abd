from __future__ import annotations

import numpy as np
import pytest

from symloss.training.orders import epoch_order, epoch_seed


@pytest.mark.parametrize("n", [0, 1, 2, 3, 1000])
def test_is_a_permutation(n):
    order = epoch_order(42, 1, n)
    assert order.dtype == np.int32
    assert sorted(order.tolist()) == list(range(n))


def test_is_a_function_of_seed_and_epoch():
    np.testing.assert_array_equal(epoch_order(42, 3, 100), epoch_order(42, 3, 100))
    seen = {epoch_order(seed, epoch, 100).tobytes() for seed in range(30) for epoch in range(30)}
    assert len(seen) == 900
    assert len({epoch_seed(seed, epoch) for seed in range(100) for epoch in range(100)}) == 10_000


def test_first_orders_stay_the_same():
    # Runs that were started before must go on the same way.
    assert epoch_order(42, 1, 8).tolist() == [2, 0, 5, 6, 7, 4, 3, 1]


def test_every_place_is_equally_likely():
    counts = np.zeros((5, 5))
    for epoch in range(5000):
        counts[np.arange(5), epoch_order(7, epoch, 5)] += 1
    # Chi squared with 16 degrees of freedom: 39.3 is exceeded by chance once in a thousand.
    assert ((counts - 1000) ** 2 / 1000).sum() < 39.3


def _splitmix64(state):
    mask = 2**64 - 1
    while True:
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        yield z ^ (z >> 31)


def test_follows_its_definition():
    stream = _splitmix64(epoch_seed(5, 9))
    expected = list(range(20))
    for i in range(19, 0, -1):
        j = ((next(stream) >> 32) * (i + 1)) >> 32
        expected[i], expected[j] = expected[j], expected[i]
    assert epoch_order(5, 9, 20).tolist() == expected
