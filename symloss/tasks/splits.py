"""Which rows are held out where parts are not given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symloss.data.split import Split
from symloss.errors import OptionError

SHARES = (0.1, 0.1)
"""Of the rows, for validation and for test."""


@dataclass(frozen=True, eq=False)
class Held:
    """Rows of the data that was given to train on, by part; None for all rows, or where the part was given.

    Attributes:
        train, validation, test: indices of rows.
    """

    train: NDArray[np.int64] | None
    validation: NDArray[np.int64] | None = None
    test: NDArray[np.int64] | None = None


def check_shares(shares: tuple[float, float]) -> None:
    """Refuse shares that leave nothing to train on.

    Raises:
        OptionError: they are not two numbers above 0, together below 1.
    """
    if len(shares) != 2 or not all(0 < share < 1 for share in shares) or not sum(shares) < 1:
        raise OptionError(
            f"shares are {shares!r}; they are two numbers above 0 for validation and test, together below 1, "
            f"such as {SHARES}"
        )


def held_out(
    has_validation: bool, has_test: bool, split: Callable[[float, float], Split], shares: tuple[float, float]
) -> Held:
    """Return the rows of each part that has to be drawn.

    Args:
        has_validation, has_test: whether the part was given.
        split: draws shares of validation and test.
        shares: which.
    """
    if has_validation and has_test:
        return Held(None)
    drawn = split(*shares)
    # what would have been held out for a part that is there goes to training
    back = [
        drawn.train,
        *([drawn.validation] if has_validation else []),
        *([drawn.test] if has_test else []),
    ]
    train = np.sort(np.concatenate(back))
    return Held(train, None if has_validation else drawn.validation, None if has_test else drawn.test)
