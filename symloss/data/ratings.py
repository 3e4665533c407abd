"""Ratings with times, from any text file: labelled, then split as in the AutoLossGen paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symloss.data.balance import rating_counts
from symloss.data.columns import Columns, Role
from symloss.data.dataset import Dataset, Interactions
from symloss.data.ids import contiguous
from symloss.data.rejected import RejectedRows
from symloss.data.split import MIN_INTERACTIONS, split_last_positives, time_order
from symloss.data.table import MAX_BYTES, read_table
from symloss.domain import Labels
from symloss.errors import DataError, OptionError

THRESHOLD = 3.0
"""Ratings above this are positive (AutoLossGen: ratings of 4 and 5 of 5)."""


def load_ratings(
    path: Path,
    columns: Columns | None = None,
    *,
    threshold: float = THRESHOLD,
    labels: Labels = Labels.BINARY,
    separator: str | None = None,
    max_bytes: int = MAX_BYTES,
) -> Dataset:
    """Read a file of user, item, rating and time; without a header the columns have this order.

    Args:
        path: a text file, separated by tab, comma or `::`.
        columns: names or positions of the columns; found by themselves where not given.
        threshold: ratings above it are positive.
        labels: what becomes of a rating, see `label_ratings`.
        separator: found by itself where not given.
        max_bytes: the largest file that is read.

    Raises:
        DataError: the file can't be used (see `read_table`), or leaves nothing to validate on.
        OptionError: an option is not allowed.
    """
    table = read_table(
        path,
        (Role.USER, Role.ITEM, Role.RATING, Role.TIME),
        columns,
        separator=separator,
        max_bytes=max_bytes,
    )
    (users,), n_users = contiguous([table.users])
    (items,), n_items = contiguous([table.items])
    return prepare(
        path.stem or path.name,
        users,
        items,
        table.numbers[Role.RATING],
        order=time_order(table.numbers[Role.TIME]),
        sizes=(n_users, n_items),
        threshold=threshold,
        labels=labels,
        rejected=table.rejected,
        source=f"ratings in {path}, split by time",
    )


def label_ratings(ratings: NDArray[Any], threshold: float, labels: Labels) -> NDArray[np.float32]:
    """Turn ratings into labels.

    Args:
        ratings: number[n], finite.
        threshold: for binary labels, ratings above it are 1 and the others 0.
        labels: "binary"; "unit" (the ratings, their range stretched to [0, 1]); "real" (the ratings).

    Raises:
        DataError: all ratings are the same and labels are "unit".
    """
    if labels is Labels.BINARY:
        return (ratings > threshold).astype(np.float32)
    values = ratings.astype(np.float64)
    if labels is Labels.REAL:
        return values.astype(np.float32)
    low, high = values.min(), values.max()
    if low == high:
        raise DataError(
            f"all ratings are {low:g}: they have no range to stretch to [0, 1]; use --labels real"
        )
    return ((values - low) / (high - low)).astype(np.float32)


def prepare(
    name: str,
    users: NDArray[np.int32],
    items: NDArray[np.int32],
    ratings: NDArray[Any],
    *,
    order: NDArray[np.int64],
    sizes: tuple[int, int],
    threshold: float = THRESHOLD,
    labels: Labels = Labels.BINARY,
    min_interactions: int = MIN_INTERACTIONS,
    rejected: RejectedRows | None = None,
    source: str = "",
) -> Dataset:
    """Label ratings, split them by time, and build the data set.

    Args:
        name: what reports call it.
        users: int32[n], 0-based.
        items: int32[n], 0-based.
        ratings: number[n], finite.
        order: int64[n], the rows in the order of time.
        sizes: numbers of users and of items.
        threshold: ratings above it are positive, which the split needs whatever the labels are.
        labels: what becomes of a rating.
        min_interactions: users with fewer are trained on only.
        rejected: rows of the source that are not here.
        source: in words.

    Raises:
        DataError: train, validation or test is empty.
        OptionError: `threshold` is not a finite number.
    """
    if not np.isfinite(threshold):
        raise OptionError(f"threshold {threshold} is not allowed; give a finite number such as 3")
    positive = np.asarray(ratings > threshold)
    split = split_last_positives(users, positive, order, min_interactions)
    every = Interactions(users, items, label_ratings(ratings, threshold, labels))
    dataset = Dataset(
        name,
        every.take(split.train),
        every.take(split.validation),
        every.take(split.test),
        *sizes,
        rejected=rejected or RejectedRows(),
        source=source,
        labels=labels,
        ratings=rating_counts(ratings),
    )
    for part_name, part in dataset.parts().items():
        if not len(part):
            raise DataError(
                f"{name}: {part_name} is empty after the split of {len(users):,} rows with "
                f"{int(positive.sum()):,} positives (ratings above {threshold:g}); a user needs "
                f"at least {min_interactions} rows and 2 positives to be held out. Give more rows or another "
                f"--threshold"
            )
    return dataset
