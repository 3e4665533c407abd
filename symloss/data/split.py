"""The split of the AutoLossGen paper: by time, a user's last positive and what follows it are held out.

For each user, in the order of time: the last positive and the negatives after it are tested on, the
second-to-last positive and what lies between it and the last one are validated on, the rest is trained
on. Users with few interactions, and users without a positive, are trained on only.

With one positive, there is nothing to validate on: the test part is as above and the rest is trained on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symloss.errors import DataError

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


def _last_place(user: NDArray[np.integer[Any]], places: NDArray[np.int64], n_users: int) -> NDArray[np.int64]:
    """Return int64[n_users], the largest of the places of each user, or -1."""
    last = np.full(n_users, -1, dtype=np.int64)
    np.maximum.at(last, user[places], places)
    return last
