"""Grids of numbers: the values of eps and of scales that a loss is tried at."""

from __future__ import annotations

import math
from collections.abc import Sequence

from symloss.errors import OptionError

PAPER_EPS_GRID = (1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
"""The values of eps that phase III tries."""


def check_grid(name: str, values: Sequence[float], least: float | None, most: float | None) -> None:
    """Accept a non-empty grid of positive numbers without repetitions.

    Raises:
        OptionError: it is empty, repeats a value, or holds one that is out of range.
    """
    if not len(values):
        raise OptionError(f"the {name} grid is empty; give at least one number")
    for value in values:
        _number(name, value, above=0.0, least=least, most=most)
    if len(set(values)) < len(values):
        raise OptionError(f"the {name} grid {', '.join(f'{value:g}' for value in values)} repeats a value")


def _number(
    name: str, value: object, *, above: float | None, least: float | None = None, most: float | None = None
) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    low = 0.0 if least is None else least
    wrong = not number or value < low or (above is not None and value <= above)  # type: ignore[operator]
    if wrong or (most is not None and value > most):  # type: ignore[operator]
        bounds = f"above {above:g}" if above is not None and least is None else f"at least {low:g}"
        bounds += "" if most is None else f" and at most {most:g}"
        raise OptionError(f"{name} is {value!r}; it must be a finite number {bounds}")
