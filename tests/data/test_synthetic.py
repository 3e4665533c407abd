from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from symloss.data import LoadOptions, SyntheticOptions, load, load_synthetic
from symloss.data.synthetic import generate
from symloss.errors import DataError, OptionError

LARGE = SyntheticOptions(users=10_000, items=4_000, interactions=300_000)


def same(a, b):
    return all(
        np.array_equal(getattr(a, name), getattr(b, name)) for name in ("users", "items", "labels", "times")
    )


@pytest.mark.parametrize("options", [SyntheticOptions(), LARGE], ids=["grid", "rejection"])
def test_sizes_are_as_asked_and_no_pair_occurs_twice(options):
    made = generate(options)
    assert len(made.users) == options.interactions
    pairs = set(zip(made.users.tolist(), made.items.tolist(), strict=True))
    assert len(pairs) == options.interactions
    assert 0 <= made.users.min() <= made.users.max() < options.users
    assert 0 <= made.items.min() <= made.items.max() < options.items


@pytest.mark.parametrize("options", [SyntheticOptions(), LARGE], ids=["grid", "rejection"])
def test_labels_follow_the_probabilities(options):
    made = generate(options)
    assert made.labels.mean() == pytest.approx(options.positive_share, abs=0.01)
    for low in np.arange(0, 1, 0.2):
        inside = (made.probabilities >= low) & (made.probabilities < low + 0.2)
        assert made.labels[inside].mean() == pytest.approx(made.probabilities[inside].mean(), abs=0.02)
    # There is something to learn, and not everything can be known: like real data.
    assert 0.75 < roc_auc_score(made.labels, made.probabilities) < 0.92


def test_the_signal_makes_labels_predictable():
    auc = []
    for signal in (0, 4):
        made = generate(SyntheticOptions(signal=signal))
        auc.append(roc_auc_score(made.labels, made.probabilities))
    assert auc[0] < 0.77 < 0.85 < auc[1]


@pytest.mark.parametrize("large", [False, True], ids=["grid", "rejection"])
def test_popularity_is_skewed_as_asked(large):
    users = 40_000 if large else 30_000
    counts = {}
    for skew in (0, 1):
        options = SyntheticOptions(users=users, items=500, interactions=20_000, skew=skew, activity=0)
        counts[skew] = np.sort(np.bincount(generate(options).items, minlength=500))[::-1]
    assert counts[0][0] < 4 * counts[0][-1]
    # Zipf: the most popular item is met about ten times as often as the tenth.
    assert counts[1][0] / counts[1][9] == pytest.approx(10, rel=0.3)


def test_the_seed_decides_everything():
    assert same(generate(SyntheticOptions()), generate(SyntheticOptions()))
    assert not same(generate(SyntheticOptions()), generate(SyntheticOptions(seed=1)))
    one, two = load("synthetic"), load("synthetic", options=LoadOptions(seed=1))
    assert not np.array_equal(one.train.items, two.train.items)


def test_the_default_is_as_large_as_ml_100k_and_is_split_by_time():
    dataset = load("synthetic")
    assert (dataset.name, dataset.n_users, dataset.n_items) == ("synthetic", 943, 1682)
    assert sum(map(len, dataset.parts().values())) == 100_000
    assert dataset.summary()["repeated_pairs"] == 0
    # As in the paper's split, everybody that is held out has one positive in each part.
    for part in (dataset.validation, dataset.test):
        positives = np.bincount(part.users, weights=part.labels, minlength=943)
        assert set(positives[np.unique(part.users)]) == {1.0}
        assert len(np.unique(part.users)) > 930


def test_every_pair_can_be_met():
    made = generate(SyntheticOptions(users=20, items=30, interactions=600))
    assert len(set(zip(made.users.tolist(), made.items.tolist(), strict=True))) == 600


def test_a_million_and_a_half_interactions():
    options = SyntheticOptions(users=20_000, items=10_000, interactions=1_700_000)
    assert sum(map(len, load_synthetic(options).parts().values())) == 1_700_000


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"users": 0}, "users 0 is not allowed; from 1"),
        ({"skew": -1}, "skew -1 is not allowed; from 0 to 3"),
        ({"signal": float("nan")}, "signal nan is not allowed"),
        ({"positive_share": 1.0}, "positive_share 1.0 is not allowed"),
        ({"users": 10, "items": 10, "interactions": 101}, "with 10 users and 10 items at most 100"),
        ({"users": 10_000, "items": 10_000, "interactions": 30_000_000}, "at most 20,000,000"),
    ],
)
def test_options_are_checked(changes, message):
    with pytest.raises(OptionError, match=message):
        SyntheticOptions(**changes)


def test_too_skewed_and_too_small():
    with pytest.raises(OptionError, match="take fewer interactions, or a smaller skew or activity"):
        generate(SyntheticOptions(users=200, items=100_000, interactions=300_000, skew=3))
    with pytest.raises(DataError, match="is empty"):
        load_synthetic(SyntheticOptions(users=2, items=2, interactions=4))
