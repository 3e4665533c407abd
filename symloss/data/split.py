"""The split of the AutoLossGen paper: by time, a user's last positive and what follows it are held out.

For each user, in the order of time: the last positive and the negatives after it are tested on, the
second-to-last positive and what lies between it and the last one are validated on, the rest is trained
on. Users with few interactions, and users without a positive, are trained on only.

With one positive, there is nothing to validate on: the test part is as above and the rest is trained on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symloss.errors import DataError


class SplitKind(StrEnum):
    """How rows are held out."""

    TIME = "time"
    """By time, a user's last positive and what follows it (the paper's)."""
    RANDOM = "random"
    """Rows drawn at random."""
    BY_USER = "by-user"
    """Of each user a share of the rows, drawn at random."""
    LEAVE_ONE_OUT = "leave-one-out"
    """Of each user the last row by time for the test part and the one before it for validation; drawn at random where
    there are no times."""


MIN_INTERACTIONS = 5
"""Users with fewer interactions than this are trained on only (the preparation of the AutoLossGen paper)."""


@dataclass(frozen=True, eq=False)
class Split:
    """The rows of each part: int64 positions into the arrays that were split, in the order of time."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def time_order(times: NDArray[Any]) -> NDArray[np.int64]:
    """Return the rows in the order of time; rows of the same time stay in the order of the file."""
    return np.argsort(times, kind="stable").astype(np.int64, copy=False)


def split_last_positives(
    users: NDArray[np.integer[Any]],
    positive: NDArray[np.bool_],
    order: NDArray[np.int64],
    min_interactions: int = MIN_INTERACTIONS,
) -> Split:
    """Split interactions as the module's docstring says.

    Args:
        users: integer[n], 0-based indices of users.
        positive: bool[n], whether the user liked the item.
        order: int64[n], the rows in the order of time, a permutation of 0 to n - 1 (see `time_order`).
        min_interactions: users with fewer interactions than this are trained on only; at least 0.

    Raises:
        DataError: the arrays differ in length.

    Source: Li, Ji, Ge, Zhang: AutoLossGen, SIGIR 2022; the files that its authors published.
    """
    n = len(users)
    if not n == len(positive) == len(order):
        raise DataError(
            f"users, positive and order must have one length, not {n}, {len(positive)}, {len(order)}"
        )
    n_users = int(users.max()) + 1 if n else 0
    user = users[order]
    place = np.arange(n)
    liked = np.flatnonzero(positive[order])
    last = _last_place(user, liked, n_users)
    # The second-to-last positive is the last one among the positives that are not last.
    second = _last_place(user, liked[liked != last[user[liked]]], n_users)
    # -1 says that there is none: no last positive holds out nothing, no second one validates nothing.
    last = np.where(last < 0, n, last)
    second = np.where(second < 0, last, second)
    last[np.bincount(user, minlength=n_users) < min_interactions] = n
    held_out = place >= last[user]
    validated = (place >= second[user]) & ~held_out & (last[user] < n)
    return Split(order[~held_out & ~validated], order[validated], order[held_out])


def split_random(n: int, validation: float, test: float, seed: int) -> Split:
    """Hold out rows that are drawn at random.

    Args:
        n: number of rows.
        validation, test: shares of the rows, each above 0, together below 1.
        seed: of the draw.
    """
    drawn = np.random.default_rng(seed).permutation(n)
    tested, validated = round(n * test), round(n * validation)
    held = np.sort(drawn[:tested]), np.sort(drawn[tested : tested + validated])
    return Split(np.sort(drawn[tested + validated :]), held[1], held[0])


def split_by_user(users: NDArray[np.integer[Any]], validation: float, test: float, seed: int) -> Split:
    """Hold out, of each user, rows that are drawn at random; at least one of each stays for training.

    A share of a few rows is no whole number: whether it is rounded up or down is drawn too, so that the parts have the
    wanted size over all users.

    Args:
        users: integer[n], 0-based indices of users.
        validation, test, seed: as for `split_random`.
    """
    generator = np.random.default_rng(seed)
    rank, rows = _ranks(users, generator.permutation(len(users)))
    counts = np.bincount(users) if len(users) else np.zeros(0, dtype=np.int64)
    tested = np.floor(counts * test + generator.random(len(counts))).astype(np.int64)
    tested = np.minimum(tested, np.maximum(counts - 1, 0))
    validated = np.floor(counts * validation + generator.random(len(counts))).astype(np.int64)
    validated = np.minimum(validated, np.maximum(counts - 1 - tested, 0))
    return _by_rank(users, rank, rows, tested, validated)


def split_leave_one_out(users: NDArray[np.integer[Any]], order: NDArray[np.int64]) -> Split:
    """Hold out the last row of each user for the test part, and the one before it for validation.

    Users with one row are trained on only, those with two are not validated on.

    Args:
        users: integer[n], 0-based indices of users.
        order: int64[n], the rows in the order of time, or in any order.
    """
    rank, rows = _ranks(users, order[::-1])
    counts = np.bincount(users) if len(users) else np.zeros(0, dtype=np.int64)
    tested, validated = (counts > 1).astype(np.int64), (counts > 2).astype(np.int64)
    return _by_rank(users, rank, rows, tested, validated)


def _ranks(
    users: NDArray[np.integer[Any]], order: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the place of each row among those of its user, in the given order, and the rows."""
    rows = order[np.argsort(users[order], kind="stable")]
    first = np.r_[True, users[rows][1:] != users[rows][:-1]] if len(rows) else np.zeros(0, dtype=bool)
    starts = np.maximum.accumulate(np.where(first, np.arange(len(rows)), 0))
    return np.arange(len(rows)) - starts, rows


def _by_rank(
    users: NDArray[np.integer[Any]],
    rank: NDArray[np.int64],
    rows: NDArray[np.int64],
    tested: NDArray[np.int64],
    validated: NDArray[np.int64],
) -> Split:
    """Hold out the first rows of each user, so many for the test part, then so many for validation."""
    user = users[rows]
    held = rank < tested[user]
    middle = ~held & (rank < (tested + validated)[user])
    return Split(np.sort(rows[~held & ~middle]), np.sort(rows[middle]), np.sort(rows[held]))


def _last_place(user: NDArray[np.integer[Any]], places: NDArray[np.int64], n_users: int) -> NDArray[np.int64]:
    """Return int64[n_users], the largest of the places of each user, or -1."""
    last = np.full(n_users, -1, dtype=np.int64)
    np.maximum.at(last, user[places], places)
    return last
