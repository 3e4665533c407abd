"""Ratings from any text file: labelled, then split by time as in the AutoLossGen paper, or as asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symloss.constants import RATING_THRESHOLD
from symloss.data.balance import rating_counts
from symloss.data.columns import Columns, Role
from symloss.data.dataset import Dataset, Interactions
from symloss.data.ids import contiguous
from symloss.data.rejected import RejectedRows
from symloss.data.split import (
    MIN_INTERACTIONS,
    Split,
    SplitKind,
    split_by_user,
    split_last_positives,
    split_leave_one_out,
    split_random,
    time_order,
)
from symloss.data.table import MAX_BYTES, read_table
from symloss.errors import DataError, OptionError, unknown_name
from symloss.signature import Labels

SHARE = 0.1
"""Of the rows, for validation and for test each, where a split takes shares and none is given."""


def load_ratings(
    path: Path | str,
    columns: Columns | None = None,
    *,
    threshold: float = RATING_THRESHOLD,
    labels: Labels = Labels.BINARY,
    separator: str | None = None,
    max_bytes: int = MAX_BYTES,
    split: str | None = None,
    validation: float | None = None,
    test: float | None = None,
    seed: int = 0,
) -> Dataset:
    """Read a file of user, item, rating and, where there are times, time; without a header in this order.

    Args:
        path: a text file, separated by tab, comma, `::`, semicolon, bar or blanks.
        columns: names or positions of the columns; found by themselves where not given.
        threshold: ratings above it are positive.
        labels: what becomes of a rating, see `label_ratings`.
        separator: found by itself where not given.
        max_bytes: the largest file that is read.
        split: what is held out, one of `SplitKind`; by time where not given.
        validation, test: shares of the rows, of a random split or one by user; 0.1 where not given.
        seed: of what is drawn at random.

    Raises:
        DataError: the file can't be used (see `read_table`), has no times and is to be split by them, or leaves
            nothing to validate on.
        OptionError: an option is not allowed.
    """
    path = Path(path)
    kind, shares = split_options(split, validation, test)
    roles = [Role.USER, Role.ITEM, Role.RATING, Role.TIME]
    table = read_table(path, roles, columns, separator=separator, max_bytes=max_bytes, optional=(Role.TIME,))
    times = table.numbers.get(Role.TIME)
    if kind is SplitKind.TIME and times is None:
        raise DataError(
            f"{path}: no column for the time, by which rows are held out unless you say otherwise; "
            f"name it with --time-column NAME, or choose --split random, by-user or leave-one-out"
        )
    (users,), n_users = contiguous([table.users])
    (items,), n_items = contiguous([table.items])
    order = None if times is None else time_order(times)
    how = "by time" if kind is SplitKind.TIME else f"{kind}, seed {seed}"
    return prepare(
        path.stem or path.name,
        users,
        items,
        table.numbers[Role.RATING],
        order=np.arange(len(table)) if order is None else order,
        sizes=(n_users, n_items),
        threshold=threshold,
        labels=labels,
        rejected=table.rejected,
        source=f"ratings in {path}, split {how}",
        parts=None if kind is SplitKind.TIME else _drawn(kind, users, order, shares, seed),
    )


def split_options(
    split: str | None, validation: float | None, test: float | None
) -> tuple[SplitKind, tuple[float, float]]:
    """Return the kind of a split, and the shares of validation and test part.

    Raises:
        OptionError: there is no such split, it takes no shares, or they are not allowed.
    """
    name = SplitKind.TIME if split is None else split
    if name not in list(SplitKind):
        raise OptionError(unknown_name("split", name, map(str, SplitKind), "--split takes one of these"))
    kind = SplitKind(name)
    if kind in (SplitKind.TIME, SplitKind.LEAVE_ONE_OUT):
        if validation is not None or test is not None:
            raise OptionError(
                f"--validation and --test are shares of --split random or by-user; --split {kind} holds out "
                f"rows of each user whatever their number"
            )
        return kind, (SHARE, SHARE)
    shares = (SHARE if validation is None else validation, SHARE if test is None else test)
    if not (all(0 < share < 1 for share in shares) and sum(shares) < 1):
        raise OptionError(
            f"--validation {shares[0]:g} and --test {shares[1]:g} are not allowed; each is a share above 0, such as "
            f"0.1, and together they are below 1"
        )
    return kind, shares


def _drawn(
    kind: SplitKind,
    users: NDArray[np.int32],
    order: NDArray[np.int64] | None,
    shares: tuple[float, float],
    seed: int,
) -> Split:
    if kind is SplitKind.RANDOM:
        return split_random(len(users), *shares, seed)
    if kind is SplitKind.BY_USER:
        return split_by_user(users, *shares, seed)
    return split_leave_one_out(
        users, np.random.default_rng(seed).permutation(len(users)) if order is None else order
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
    threshold: float = RATING_THRESHOLD,
    labels: Labels = Labels.BINARY,
    min_interactions: int = MIN_INTERACTIONS,
    rejected: RejectedRows | None = None,
    source: str = "",
    parts: Split | None = None,
) -> Dataset:
    """Label ratings, split them by time or as given, and build the data set.

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
        parts: the split, where it is not the one by time.

    Raises:
        DataError: train, validation or test is empty.
        OptionError: `threshold` is not a finite number.
    """
    if not np.isfinite(threshold):
        raise OptionError(f"threshold {threshold} is not allowed; give a finite number such as 3")
    positive = np.asarray(ratings > threshold)
    split = parts or split_last_positives(users, positive, order, min_interactions)
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
        if not len(part) and parts is not None:
            raise DataError(
                f"{name}: {part_name} is empty after the split of {len(users):,} rows; give more rows or larger shares"
            )
        if not len(part):
            raise DataError(
                f"{name}: {part_name} is empty after the split of {len(users):,} rows with "
                f"{int(positive.sum()):,} positives (ratings above {threshold:g}); a user needs "
                f"at least {min_interactions} rows and 2 positives to be held out. Give more rows or another "
                f"--threshold"
            )
    return dataset
