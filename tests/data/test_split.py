from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symloss.data import split_last_positives, time_order
from symloss.errors import DataError

ROWS = st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 6)), max_size=60)


def obvious_split(rows, min_interactions):
    """The rule of the paper, one user and one row at a time."""
    parts = {"train": set(), "validation": set(), "test": set()}
    for user in {row[0] for row in rows}:
        mine = sorted((row[2], number) for number, row in enumerate(rows) if row[0] == user)
        numbers = [number for _, number in mine]
        if len(numbers) < min_interactions:
            parts["train"].update(numbers)
            continue
        part, positives = "test", 0
        held_out = {"test": [], "validation": [], "train": []}
        for number in reversed(numbers):
            held_out[part].append(number)
            if rows[number][1]:
                positives += 1
                part = ["test", "validation", "train"][min(positives, 2)]
        if positives == 0:
            held_out = {"test": [], "validation": [], "train": numbers}
        elif positives == 1:
            held_out["train"] += held_out["validation"]
            held_out["validation"] = []
        for name, members in held_out.items():
            parts[name].update(members)
    return parts


def split(rows, min_interactions=5):
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    users, positive = np.array(columns[0], dtype=np.int32), np.array(columns[1], dtype=bool)
    return split_last_positives(users, positive, time_order(np.array(columns[2])), min_interactions)


@given(ROWS, st.integers(0, 8))
def test_split_is_that_of_the_obvious_implementation(rows, min_interactions):
    made = split(rows, min_interactions)
    for name, expected in obvious_split(rows, min_interactions).items():
        assert set(getattr(made, name).tolist()) == expected


@given(ROWS)
def test_every_row_is_in_one_part_and_parts_are_in_the_order_of_time(rows):
    made = split(rows)
    everything = np.concatenate([made.train, made.validation, made.test])
    assert sorted(everything.tolist()) == list(range(len(rows)))
    for part in (made.train, made.validation, made.test):
        keys = [(rows[number][2], number) for number in part]
        assert keys == sorted(keys)


def test_a_worked_example():
    # One user; + is a positive:       +  -  +  -  -  +  -
    rows = [(0, liked, t) for t, liked in enumerate([1, 0, 1, 0, 0, 1, 0])]
    made = split(rows)
    assert made.train.tolist() == [0, 1]
    assert made.validation.tolist() == [2, 3, 4]
    assert made.test.tolist() == [5, 6]


@pytest.mark.parametrize(
    ("liked", "expected"),
    [
        ([0, 0, 0, 0, 0], ([0, 1, 2, 3, 4], [], [])),
        ([0, 1, 0, 0, 0], ([0], [], [1, 2, 3, 4])),
        ([1, 1, 1, 1], ([0, 1, 2, 3], [], [])),
    ],
    ids=["no positive", "one positive", "too few rows"],
)
def test_users_that_can_not_be_held_out(liked, expected):
    made = split([(0, one, t) for t, one in enumerate(liked)])
    assert (made.train.tolist(), made.validation.tolist(), made.test.tolist()) == expected


def test_ties_stay_in_the_order_of_the_file():
    rows = [(0, True, 7)] * 6
    made = split(rows)
    assert made.train.tolist() == [0, 1, 2, 3]
    assert (made.validation.tolist(), made.test.tolist()) == ([4], [5])


def test_lengths_must_agree():
    with pytest.raises(DataError, match="one length, not 2, 1, 2"):
        split_last_positives(np.array([0, 1]), np.array([True]), np.array([0, 1]))


def test_a_million_rows_split():
    rng = np.random.default_rng(0)
    users = rng.integers(0, 20_000, 1_000_000).astype(np.int32)
    positive, times = rng.random(1_000_000) < 0.5, rng.integers(0, 10**9, 1_000_000)
    made = split_last_positives(users, positive, time_order(times))
    assert len(made.train) + len(made.validation) + len(made.test) == 1_000_000
    for part in (made.validation, made.test):
        assert np.bincount(users[part], weights=positive[part]).max() == 1
