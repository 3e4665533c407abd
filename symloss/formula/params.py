"""The values of named constants: what their names and numbers may be, and how they are shown."""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Expr

from symloss.errors import OptionError
from symloss.formula.functions import FUNCTIONS, RANKING_FUNCTIONS
from symloss.ops.construct import exact_number
from symloss.signature import ALL_SYMBOLS, parameter

LARGEST_VALUE, SMALLEST_VALUE = 1e15, 1e-30
"""Of what the numbers of a formula may be."""
LONGEST_NAME = 40


@dataclass(frozen=True, eq=False)
class Params(Mapping[str, float]):
    """Values of named constants, immutable and hashable, in the order of their names.

    Attributes:
        pairs: names and numbers.
    """

    pairs: tuple[tuple[str, float], ...] = ()

    @classmethod
    def of(cls, values: Mapping[str, Any] | None) -> Params:
        """Check names and values.

        Raises:
            OptionError: a name or a value is not allowed.
        """
        if values is None:
            return cls()
        if not isinstance(values, Mapping):
            raise OptionError(
                f"params is {type(values).__name__}; it must map names to numbers, such as {{'tau': 0.2}}"
            )
        return cls(
            tuple(
                sorted((checked_parameter_name(name), checked_value(name, v)) for name, v in values.items())
            )
        )

    def __getitem__(self, name: str) -> float:
        """Return the value of a constant."""
        return dict(self.pairs)[name]

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(name for name, _ in self.pairs)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.pairs)

    def __eq__(self, other: object) -> bool:
        """Compare with any mapping."""
        return dict(self.pairs) == dict(other) if isinstance(other, Mapping) else NotImplemented

    def __hash__(self) -> int:
        """Hash names and values."""
        return hash(self.pairs)

    def __repr__(self) -> str:
        """Show them as a dictionary."""
        return repr(dict(self.pairs))

    @property
    def text(self) -> str:
        """The values as people write them: "alpha = 0.25, gamma = 2"."""
        return ", ".join(f"{name} = {number_text(value)}" for name, value in self.pairs)

    @property
    def symbols(self) -> dict[str, Expr]:
        """The symbol of each constant."""
        return {name: parameter(name) for name in self}

    @property
    def numbers(self) -> dict[str, Expr]:
        """The exact number of each constant."""
        return {name: exact_number(value) for name, value in self.pairs}


def number_text(value: float) -> str:
    """Return a number as short as it can be written: 2 for 2.0."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def checked_parameter_name(name: Any) -> str:
    """Return a name that a constant may have.

    Raises:
        OptionError: it may not.
    """
    allowed = "letters, digits and _, such as tau or gamma"
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise OptionError(
            f"the constant {str(name)[:60]!r} has no name that a formula can hold; use {allowed}"
        )
    if len(name) > LONGEST_NAME:
        raise OptionError(f"the name {name[:20]}... has {len(name)} characters; at most {LONGEST_NAME}")
    if name in ALL_SYMBOLS:
        raise OptionError(
            f"{name} is an argument of every loss, not a constant of your own"
            + ("; --eps (eps=...) sets it" if name == "eps" else "; choose another name")
        )
    if name in FUNCTIONS or name in RANKING_FUNCTIONS:
        raise OptionError(f"{name} is a function of formulas, not a constant; choose another name")
    if keyword.iskeyword(name):
        raise OptionError(f"{name} is a word of Python, which a formula can't hold; choose another name")
    return name


def is_parameter_name(name: str) -> bool:
    """Return whether a constant may have a name."""
    try:
        return bool(checked_parameter_name(name))
    except OptionError:
        return False


def checked_value(name: str, value: Any) -> float:
    """Return the value of a constant: the decimal that it is written as.

    Raises:
        OptionError: it is no finite number of the size that formulas may hold.
    """
    allowed = f"a number: 0, or between {SMALLEST_VALUE:g} and {LARGEST_VALUE:g} in size"
    shown = str(value)[:60]
    if isinstance(value, bool | bytes) or value is None:
        raise OptionError(f"the constant {name} is {shown}; it must be {allowed}")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise OptionError(f"the constant {name} is {shown!r}; it must be {allowed}") from None
    if not math.isfinite(number) or (number and not SMALLEST_VALUE <= abs(number) <= LARGEST_VALUE):
        raise OptionError(f"the constant {name} is {shown}; it must be {allowed}")
    return number + 0.0
