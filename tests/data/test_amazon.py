"""Ratings in the format of Amazon's public 5-core files: user, item, rating, timestamp; no header, ids of letters."""

from __future__ import annotations

import pytest

from symloss.data import load
from symloss.data.columns import Columns
from symloss.data.ratings import load_ratings
from symloss.data.registry import LoadOptions

DAY = 86_400
# (user, item, rating, day); items that are only digits keep their zeros
ROWS = [
    ("A2CX7LUOHB2NDG", "0321732944", 5.0, 1),
    ("A2CX7LUOHB2NDG", "B00004Z0C8", 4.0, 2),
    ("A2CX7LUOHB2NDG", "0594451647", 2.0, 3),
    ("A2CX7LUOHB2NDG", "B00005LENO", 5.0, 5),
    ("A2CX7LUOHB2NDG", "B000068O48", 1.0, 6),
    ("AKM1MP6P0OYPR", "0321732944", 1.0, 4),
    ("AKM1MP6P0OYPR", "B00004Z0C8", 5.0, 4),
    ("AKM1MP6P0OYPR", "0594451647", 4.0, 4),
    ("AKM1MP6P0OYPR", "B00005LENO", 3.0, 4),
    ("AKM1MP6P0OYPR", "B000068O48", 5.0, 4),
    ("A3N7T0DY83Y4IG", "B000068O48", 5.0, 1),
]


@pytest.fixture
def ratings(tmp_path):
    path = tmp_path / "ratings_Electronics.csv"
    lines = [
        f"{user},{item},{rating},{1_300_000_000 + day * DAY}" for user, item, rating, day in reversed(ROWS)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def pairs(part):
    return sorted(zip(part.users.tolist(), part.items.tolist(), part.labels.tolist(), strict=True))


def test_no_row_is_taken_for_a_header_and_no_id_for_a_number(ratings):
    dataset = load_ratings(ratings)
    assert (dataset.n_users, dataset.n_items) == (3, 5)
    assert sum(len(part) for part in dataset.parts().values()) == len(ROWS)
    assert not dataset.rejected


def test_the_preparation_is_that_of_ml100k(ratings):
    dataset = load_ratings(ratings)
    # ids are numbered in alphabetical order
    order = sorted({user for user, *_ in ROWS})
    items = sorted({item for _, item, *_ in ROWS})
    first, second, few = (order.index(user) for user in dict.fromkeys(user for user, *_ in ROWS))

    def row(user, item, label):
        return (user, items.index(item), label)

    # the last positive and what follows is tested on; ties of a day stay in the order of the file
    assert pairs(dataset.test) == sorted(
        [
            row(first, "B00005LENO", 1),
            row(first, "B000068O48", 0),
            row(second, "B00004Z0C8", 1),
            row(second, "0321732944", 0),
        ]
    )
    assert pairs(dataset.validation) == sorted(
        [row(first, "B00004Z0C8", 1), row(first, "0594451647", 0), row(second, "0594451647", 1)]
    )
    # a user of one rating is trained on only
    assert row(few, "B000068O48", 1) in pairs(dataset.train) and len(dataset.train) == 4


def test_the_2018_edition_has_the_item_first(ratings, tmp_path):
    swapped = tmp_path / "Electronics.csv"
    lines = [line.split(",") for line in ratings.read_text().splitlines()]
    swapped.write_text("".join(f"{item},{user},{rating},{when}\n" for user, item, rating, when in lines))
    dataset = load(None, swapped, LoadOptions(columns=Columns(user="2", item="1", rating="3", time="4")))
    expected = load(None, ratings)
    for name, part in expected.parts().items():
        assert pairs(dataset.parts()[name]) == pairs(part)


def test_a_header_is_fine(ratings, tmp_path):
    named = tmp_path / "named.csv"
    named.write_text("user_id,parent_asin,rating,timestamp\n" + ratings.read_text())
    for name, part in load_ratings(named).parts().items():
        assert pairs(part) == pairs(load_ratings(ratings).parts()[name])
