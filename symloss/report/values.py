"""Reading what a run folder holds as data of any shape: a run may come from anyone.

Nothing about it is taken for granted: every function gives a value of the type that it promises,
whatever it is given, and texts are bounded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

LONGEST_TEXT = 12_000
"""Longer texts are cut: a little above the longest formula that `symloss.formula.parse` reads."""

MOST_ITEMS = 2_000
"""Longer lists are cut."""


def mapping(value: Any) -> dict[str, Any]:
    """Return a JSON object; an empty one for anything else."""
    return {str(key): entry for key, entry in value.items()} if isinstance(value, Mapping) else {}


def items(value: Any, most: int = MOST_ITEMS) -> list[Any]:
    """Return the first entries of a list; an empty one for anything else."""
    return list(value[:most]) if isinstance(value, list | tuple) else []


def mappings(value: Any, most: int = MOST_ITEMS) -> list[dict[str, Any]]:
    """Return the objects of a list."""
    return [mapping(entry) for entry in items(value, most) if isinstance(entry, Mapping)]


def text(value: Any, most: int = LONGEST_TEXT) -> str:
    """Return a text of one paragraph without control characters, cut to `most` characters; "" for None."""
    if value is None:
        return ""
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:g}"
    found = str(value) if isinstance(value, str | int | float) else type(value).__name__
    # The cut comes first: the rest of a text of a gigabyte is not looked at.
    found = "".join(_printable(letter) for letter in found[: most + 1])
    return found if len(found) <= most else found[: most - 4].rstrip() + " ..."


def _printable(letter: str) -> str:
    if letter in "\n\t\r":
        return " "
    code = ord(letter)
    control = code < 0x20 or 0x7F <= code < 0xA0
    # Marks that reverse the direction of writing make text read as something else than it is.
    turning = 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069
    unpaired = 0xD800 <= code <= 0xDFFF
    return "\ufffd" if control or turning or unpaired or code in (0xFFFE, 0xFFFF) else letter


def number(value: Any) -> float | None:
    """Return a finite number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def whole(value: Any) -> int | None:
    """Return a whole number below 2^53; None for anything else."""
    found = number(value)
    return int(found) if found is not None and found == int(found) and abs(found) < 2**53 else None
