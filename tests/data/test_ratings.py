from __future__ import annotations

import numpy as np
import pytest

from symloss.data import Columns, LoadOptions, load, load_ratings
from symloss.errors import DataError, OptionError
from symloss.signature import Labels

# One user, times against the order of the file: +, -, +, -, - by time, and a user of one row.
TEXT = "u,i1,1,50\nu,i2,2,40\nu,i3,5,30\nu,i4,3,20\nu,i5,4,10\nu,i6,5,5\nv,i9,5,1\n"


def test_labels_split_and_indices(write):
    dataset = load(data_dir=write("mine.csv", TEXT))
    assert (dataset.name, dataset.n_users, dataset.n_items) == ("mine", 2, 7)
    assert dataset.test.items.tolist() == [2, 1, 0]
    assert dataset.test.labels.tolist() == [1, 0, 0]
    assert (dataset.validation.items.tolist(), dataset.validation.labels.tolist()) == ([4, 3], [1, 0])
    assert (dataset.train.users.tolist(), dataset.train.items.tolist()) == ([1, 0], [6, 5])
    assert dataset.summary()["repeated_pairs"] == 0


def test_the_threshold_moves_the_labels(write):
    dataset = load_ratings(write("r.csv", TEXT), threshold=4)
    assert dataset.test.items.tolist() == [2, 1, 0]
    assert dataset.validation.items.tolist() == [5, 4, 3]
    with pytest.raises(OptionError, match="threshold nan is not allowed"):
        load_ratings(write("r.csv", TEXT), threshold=float("nan"))


def test_other_labels_come_from_the_same_split(write):
    path = write("r.csv", TEXT)
    assert load_ratings(path, labels=Labels.REAL).test.labels.tolist() == [5, 2, 1]
    assert load_ratings(path, labels=Labels.UNIT).test.labels.tolist() == [1, 0.25, 0]
    with pytest.raises(DataError, match="all ratings are 5: they have no range"):
        load_ratings(write("c.csv", "".join(f"u,i{k},5,{k}\n" for k in range(9))), labels=Labels.UNIT)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("".join(f"u,i{k},5,{k}\n" for k in range(4)), "validation is empty"),
        ("".join(f"u,i{k},1,{k}\n" for k in range(9)), "validation is empty.*another --threshold"),
        ("u,a,5,1\nu,b,5,2\nu,c,1,3\nu,d,1,4\nu,e,1,5\n", "train is empty"),
    ],
)
def test_a_split_that_leaves_a_part_empty_is_an_error(write, text, part):
    with pytest.raises(DataError, match=part):
        load_ratings(write("r.csv", text))


def test_column_options_reach_the_reader(write):
    path = write("r.csv", "t,who,what,how\n" + "".join(f"{k},u,i{k},{k % 5 + 1}\n" for k in range(12)))
    options = LoadOptions(columns=Columns(user="who", item="what", rating="how", time="t"))
    assert len(load(data_dir=path, options=options).train) == 8
    with pytest.raises(DataError, match="--user-column"):
        load(data_dir=path)


def test_a_million_rows(write):
    rng = np.random.default_rng(0)
    columns = [rng.integers(0, high, 200_000).tolist() for high in (5_000, 3_000, 6, 10**9)]
    lines = [f"{a}\t{b}\t{c}\t{d}\n" for a, b, c, d in zip(*columns, strict=True)]
    dataset = load_ratings(write("big.tsv", "".join(lines) * 5))
    assert sum(map(len, dataset.parts().values())) == 1_000_000
    assert dataset.summary()["repeated_pairs"] >= 800_000
