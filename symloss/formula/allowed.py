"""What eps, scale and name of a loss may be; the same rule wherever they come from."""

from __future__ import annotations

import math
from typing import Any

from sympy import Expr

from symloss.constants import LARGEST_EPS, XI
from symloss.errors import OptionError
from symloss.ops.protected import SmoothedFunction
from symloss.signature import eps

SMALLEST_SCALE, LARGEST_SCALE = 1e-15, 1e15
"""Scales within what the numbers of a formula may be."""
LONGEST_NAME = 200


def _real(value: Any, what: str, allowed: str) -> float:
    """Return an option as a float.

    Raises:
        OptionError: it is no number.
    """
    try:
        return math.nan if isinstance(value, bool | str | bytes) else float(value)
    except (TypeError, ValueError, OverflowError):
        raise OptionError(f"{what} is {str(value)[:60]}; it must be {allowed}") from None


def checked_eps(expression: Expr, value: float | None) -> float | None:
    """Return the eps of a loss; None where it is open or does not occur, after the same check of the number.

    Raises:
        OptionError: it is not allowed.
    """
    if value is None:
        return None
    allowed = f"a number above 0 and at most {LARGEST_EPS:g}"
    number = _real(value, "eps", allowed)
    if not (math.isfinite(number) and 0 < number <= LARGEST_EPS):
        raise OptionError(f"eps is {str(value)[:60]}; it must be {allowed}")
    if eps not in expression.free_symbols:
        return None
    smoothed = any(len(node.args) == 2 and node.args[1] == eps for node in expression.atoms(SmoothedFunction))
    if smoothed and number < XI:
        raise OptionError(f"eps is {value}; the protected operators of this loss need at least 1e-6")
    return number


def checked_scale(value: float) -> float:
    """Return the scale of a loss.

    Raises:
        OptionError: it is not allowed.
    """
    allowed = f"a number between {SMALLEST_SCALE:g} and {LARGEST_SCALE:g}"
    number = _real(value, "the scale", allowed)
    if not SMALLEST_SCALE <= number <= LARGEST_SCALE:
        raise OptionError(f"the scale is {str(value)[:60]}; it must be {allowed}")
    return number


def checked_name(name: str | None) -> str | None:
    """Return the name of a loss, which every target of an export can write.

    Raises:
        OptionError: it is not allowed.
    """
    if name is None:
        return None
    if not isinstance(name, str):
        raise OptionError(f"the name of a loss is text, not {type(name).__name__}")
    if len(name) > LONGEST_NAME:
        raise OptionError(f"the name has {len(name)} characters; at most {LONGEST_NAME}")
    if any("\ud800" <= character <= "\udfff" for character in name):
        raise OptionError(
            "the name holds half a character (a lone surrogate), which can't be written to a file"
        )
    return name
