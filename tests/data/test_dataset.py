from __future__ import annotations

import json

import numpy as np
import pytest

from symloss.data import Dataset, Interactions, Reason, RejectedRows, Rejection
from symloss.errors import DataError
from symloss.signature import Labels

PART = Interactions.of([0, 0, 1], [2, 1, 2], [1, 0, 1])
EMPTY = Interactions.of([], [], [])


def test_interactions_have_the_types_that_kernels_need():
    assert (PART.users.dtype, PART.items.dtype, PART.labels.dtype) == (np.int32, np.int32, np.float32)
    assert len(PART) == 3
    assert PART.take(np.array([2, 0])).items.tolist() == [2, 2]


@pytest.mark.parametrize(
    ("users", "items", "labels", "message"),
    [
        ([0], [0, 1], [1], "one length, not 1, 2 and 1"),
        ([-1], [0], [1], "users are 0-based indices; -1 is negative"),
        ([0], [0], [float("nan")], "finite"),
        ([0.5], [0], [1], "users must be integers from 0 to 2147483647"),
        ([0], [2**31], [1], "items must be integers"),
        ([[0]], [[0]], [[1]], "one-dimensional"),
    ],
)
def test_interactions_are_checked(users, items, labels, message):
    with pytest.raises(DataError, match=message):
        Interactions.of(users, items, labels)


def test_arrays_of_other_types_are_refused_by_the_class():
    with pytest.raises(DataError, match=r"users must be a one-dimensional int32 array; Interactions\.of"):
        Interactions(np.array([0]), np.array([0], dtype=np.int32), np.array([0], dtype=np.float32))
    strided = np.zeros(4, dtype=np.int32)[::2]
    with pytest.raises(DataError, match="contiguous"):
        Interactions(strided, strided, np.zeros(2, dtype=np.float32))


@pytest.mark.parametrize(
    ("users", "items", "labels", "message"),
    [
        (1, 3, Labels.BINARY, "user index 1 must be below 1"),
        (2, 2, Labels.BINARY, "item index 2 must be below 2"),
    ],
)
def test_indices_are_below_the_sizes(users, items, labels, message):
    with pytest.raises(DataError, match=message):
        Dataset("d", PART, EMPTY, EMPTY, users, items, labels=labels)


def test_labels_are_those_of_the_domain():
    part = Interactions.of([0], [0], [0.5])
    with pytest.raises(DataError, match=r"validation: label 0.5 is outside of \{0, 1\}"):
        Dataset("d", PART, part, EMPTY, 2, 3)
    assert Dataset("d", PART, part, EMPTY, 2, 3, labels=Labels.UNIT).labels == "unit"


def test_summary_is_json_with_the_facts():
    rejected = RejectedRows((Rejection(Reason.USER, 7, ("f.csv, line 3: user ''",)),))
    dataset = Dataset("d", PART, PART.take(np.array([0])), EMPTY, 2, 3, rejected, "made by hand")
    summary = json.loads(json.dumps(dataset.summary()))
    assert (summary["name"], summary["users"], summary["items"], summary["rows"]) == ("d", 2, 3, 4)
    assert summary["repeated_pairs"] == 1
    assert summary["parts"]["train"] == {
        "rows": 3,
        "users": 2,
        "items": 2,
        "positive_share": pytest.approx(2 / 3),
        "mean_label": pytest.approx(2 / 3),
    }
    assert summary["parts"]["test"]["positive_share"] is None
    assert summary["rejected"]["total"] == 7
    assert summary["rejected"]["by_reason"]["the user is missing"]["examples"] == ["f.csv, line 3: user ''"]


def test_rejected_rows_add_up_and_say_so():
    assert not RejectedRows()
    one = RejectedRows((Rejection(Reason.LABEL, 1, ("a, line 2: label 'x'",)),))
    two = RejectedRows(
        (
            Rejection(Reason.USER, 9, ("b, line 1: user ''",)),
            Rejection(Reason.LABEL, 1, ("b, line 4: label ''",)),
        )
    )
    both = RejectedRows.merge([one, two])
    assert both.total == 11
    assert both.describe().splitlines() == [
        "9 rows rejected: the user is missing (b, line 1: user ''; ...)",
        "2 rows rejected: the label is not a finite number (a, line 2: label 'x'; b, line 4: label '')",
    ]
