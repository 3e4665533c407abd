"""How the text of an option is read: numbers, grids, durations, lists."""

from __future__ import annotations

import math

from symloss.errors import OptionError

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
"""Seconds of each unit that a duration may end with."""


def number(text: str, name: str) -> float:
    """Read one finite number.

    Raises:
        OptionError: it is none.
    """
    try:
        value = float(text)
    except ValueError:
        raise OptionError(f"{name} is {text!r}; it must be a number, such as 0.1") from None
    if not math.isfinite(value):
        raise OptionError(f"{name} is {text!r}; it must be a finite number")
    return value


def optional_number(text: str | None, name: str) -> float | None:
    """Read the value of an option that may be left out.

    Raises:
        OptionError: it is given and no finite number.
    """
    return None if text is None else number(text, name)


def grid(text: str | None, name: str) -> tuple[float, ...] | None:
    """Read a comma-separated list of positive numbers, or None.

    Raises:
        OptionError: an entry is no positive number.
    """
    if text is None:
        return None
    values = tuple(number(entry, name) for entry in text.split(",") if entry.strip())
    if not values or min(values) <= 0:
        raise OptionError(
            f"{name} is {text!r}; it takes positive numbers separated by commas, such as 1,0.1,0.01"
        )
    return tuple(dict.fromkeys(values))


def duration(text: str | None, name: str) -> float | None:
    """Read a duration such as 90s, 10m or 2h (a bare number is seconds), or None.

    Raises:
        OptionError: it is none, or not above 0.
    """
    if text is None:
        return None
    stripped = text.strip().lower()
    unit = UNITS.get(stripped[-1:])
    try:
        seconds = number(stripped[:-1] if unit else stripped, name) * (unit or 1.0)
    except OptionError:
        raise OptionError(f"{name} is {text!r}; write a duration such as 90s, 10m or 2h") from None
    if seconds <= 0:
        raise OptionError(f"{name} is {text!r}; it must be above 0")
    return seconds


def names_of(text: str | None, separator: str) -> tuple[str, ...]:
    """Split a list."""
    return tuple(part.strip() for part in (text or "").split(separator) if part.strip())


def scalar(text: str) -> int | float | bool | str | None:
    """Read a whole number, a number or a truth value; anything else is text."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False, "none": None}.get(text.lower(), text)


def written(value: object) -> str:
    """Write one value so that the command line reads back the same."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
