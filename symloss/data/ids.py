"""Users and items by 0-based contiguous indices, one index over all files of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class IdColumn:
    """A column of ids: `names[codes[k]]` is the id of row k.

    Args:
        codes: integer[n], from 0 to len(names) - 1.
        names: the ids as text; all distinct, in any order.
    """

    codes: NDArray[np.integer]
    names: tuple[str, ...]


def contiguous(columns: Sequence[IdColumn]) -> tuple[list[NDArray[np.int32]], int]:
    """Number the ids that occur in any of the columns from 0.

    Ids that are all plain integers are numbered in the order of their value, others in the order of
    their text, so that the numbers depend on the set of ids alone and not on the order of rows.

    Returns:
        int32[n] for each column, and how many ids there are.
    """
    occurring: set[str] = set()
    for column in columns:
        present = np.zeros(len(column.names), dtype=bool)
        present[column.codes] = True
        occurring.update(name for name, here in zip(column.names, present.tolist(), strict=True) if here)
    numeric = all(_is_plain_integer(name) for name in occurring)
    ordered = sorted(occurring, key=int) if numeric else sorted(occurring)
    number = {name: index for index, name in enumerate(ordered)}
    renumbered = []
    for column in columns:
        # Names that never occur get -1, which no row refers to.
        table = np.array([number.get(name, -1) for name in column.names], dtype=np.int32)
        renumbered.append(table[column.codes] if len(column.names) else np.empty(0, dtype=np.int32))
    return renumbered, len(ordered)


def _is_plain_integer(name: str) -> bool:
    """Tell whether this is how an integer of at most 18 digits prints: equal values are equal texts."""
    digits = name.removeprefix("-")
    return (
        digits.isascii()
        and digits.isdigit()
        and len(digits) <= 18
        and (digits == "0" or digits[0] != "0")
        and name != "-0"
    )
