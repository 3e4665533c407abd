from __future__ import annotations

import hashlib
from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from symloss.data import Ties, load, load_ml100k, load_presplit
from symloss.data.ties import published_order

# What numpy 1.24.4 gives for np.argsort(times, kind="quicksort"), the sort of the published files.
NUMPY_1_24 = {
    (1, 0, 2, 0, 2, 2, 0, 2, 0, 0, 0, 1, 1, 2, 0, 0): [1, 3, 6, 8, 9, 10, 14, 15, 0, 11, 12, 2, 4, 5, 7, 13],
    (1, 0, 1, 2, 2, 0, 1, 1, 1, 1, 2, 2, 2, 0, 2, 1, 0): [
        *(16, 1, 13, 5, 9, 15, 7, 0, 2, 6, 8, 4, 3, 10, 11, 12, 14)
    ],
}  # fmt: skip
NUMPY_1_24_SHA256 = "e47222438d68695cae7770d501cfda3805ecd24093c5e13142609f51f3585e75"


def test_order_is_that_of_numpy_1_24():
    for times, expected in NUMPY_1_24.items():
        assert published_order(np.array(times)).tolist() == expected
    order = published_order((np.arange(5000) * 7919) % 613)
    assert hashlib.sha256(order.astype("<i8").tobytes()).hexdigest() == NUMPY_1_24_SHA256


@given(st.lists(st.integers(0, 9), max_size=300))
def test_order_is_a_permutation_that_sorts(times):
    order = published_order(np.array(times, dtype=np.int64))
    assert sorted(order.tolist()) == list(range(len(times)))
    assert [times[k] for k in order] == sorted(times)


def test_a_crafted_order_falls_back_instead_of_taking_quadratic_time():
    # McIlroy's adversary: values are decided as the sort compares them, so that each pivot is as bad as can be.
    n, solid = 3000, 0
    values = [n] * n

    class Key:
        def __init__(self, index):
            self.index = index

        def __lt__(self, other):
            nonlocal solid, comparisons
            comparisons += 1
            if values[self.index] == n and values[other.index] == n:
                values[self.index] = solid
                solid += 1
            return values[self.index] < values[other.index]

    class Times:
        def tolist(self):
            return [Key(index) for index in range(n)]

    comparisons = 0
    order = published_order(Times())
    assert sorted(order.tolist()) == list(range(n))
    assert comparisons < 60 * n
    assert published_order(np.array(values)).tolist() == sorted(range(n), key=values.__getitem__)


def test_ml_100k_is_row_for_row_what_the_paper_published(real_cache, published):
    made, expected = load_ml100k(cache=real_cache, ties=Ties.PUBLISHED), load_presplit(published)
    assert (made.n_users, made.n_items) == (expected.n_users, expected.n_items) == (943, 1682)
    for name, part in expected.parts().items():
        np.testing.assert_array_equal(made.parts()[name].users, part.users)
        np.testing.assert_array_equal(made.parts()[name].items, part.items)
        np.testing.assert_array_equal(made.parts()[name].labels, part.labels)
        # Of the ids themselves too, read by other means.
        ids = np.loadtxt(published / f"{published.name}.{name}.csv", dtype=np.int64, skiprows=1)
        np.testing.assert_array_equal(made.parts()[name].users + 1, ids[:, 0])
        np.testing.assert_array_equal(made.parts()[name].items + 1, ids[:, 1])


def test_a_stable_sort_differs_from_the_published_files_in_ties_only(real_cache, published):
    made, expected = load_ml100k(cache=real_cache), load_presplit(published)
    rows = np.loadtxt(real_cache / "ml-100k" / "u.data", dtype=np.int64)
    time_of = {(user - 1, item - 1): time for user, item, _, time in rows.tolist()}
    times_of = defaultdict(list)
    for (user, _), time in time_of.items():
        times_of[user].append(time)
    moved = 0
    for name, part in expected.parts().items():
        theirs = set(zip(part.users.tolist(), part.items.tolist(), strict=True))
        mine = made.parts()[name]
        extra = set(zip(mine.users.tolist(), mine.items.tolist(), strict=True)) - theirs
        moved += len(extra)
        for pair in extra:
            # Every row that is in another part shares its time with another rating by the same user.
            assert times_of[pair[0]].count(time_of[pair]) > 1
    # 508 rows of validation, 284 of test and 384 of train are elsewhere in the published files.
    assert moved == 1176


def test_load_takes_ties_by_name(real_cache):
    from symloss.data import LoadOptions

    made = load("ml-100k", options=LoadOptions(cache=real_cache, ties="stable"))
    assert [len(part) for part in made.parts().values()] == [94_626, 2_363, 3_011]
