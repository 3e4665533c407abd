"""The kinds of values that options take: what is allowed, how it is read, written, and stands in a file.

Each kind states these once; the command line, validation, `--config` and the commands of a report use them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symloss.errors import OptionError, unknown_name
from symloss.options.text import duration, grid, names_of, scalar, written


class WrongTypeError(Exception):
    """A value of a file is of another type than its option takes."""


@dataclass(frozen=True)
class Kind:
    """Text, and the base of the other kinds.

    Attributes:
        choices: the allowed texts; () for any.
    """

    choices: tuple[str, ...] = ()

    @property
    def takes(self) -> str:
        """What a value is, in words that follow "it takes"."""
        return "a text" if not self.choices else f"one of {', '.join(self.choices)}"

    @property
    def in_file(self) -> str:
        """What a value in a file is, in words that follow "it takes"."""
        return self.takes

    @property
    def parsed_as(self) -> type | None:
        """The type that the command line itself reads; None for text."""
        return None

    def check(self, name: str, value: Any) -> None:
        """Refuse a value that is not allowed.

        Raises:
            OptionError: it is not; the message names it and what is.
        """
        if self.choices and value not in self.choices:
            raise OptionError(unknown_name(name, str(value), self.choices, f"{name} takes one of these"))

    def read(self, given: Any, flag: str) -> Any:
        """Return the value that the command line's text, or a number that it has read already, stands for.

        Raises:
            OptionError: it can't be read.
        """
        return given

    def words(self, flag: str, value: Any) -> list[str]:
        """Return the words of a command line that give a value."""
        return [flag, written(value)]

    def from_file(self, value: Any) -> Any:
        """Return a value of a TOML file as the command line would hand it over.

        Raises:
            WrongTypeError: it is of another type.
        """
        if isinstance(value, str) or _is_whole(value):
            return str(value)
        raise WrongTypeError


@dataclass(frozen=True)
class Whole(Kind):
    """A whole number of at least `least`."""

    least: int = 0

    @property
    def takes(self) -> str:
        """Return what a value is, in words."""
        return f"a whole number of at least {self.least}"

    @property
    def parsed_as(self) -> type | None:
        """Return the type that the command line reads."""
        return int

    def check(self, name: str, value: Any) -> None:
        """Refuse a value that is not allowed."""
        if not _is_whole(value) or value < self.least:
            raise OptionError(f"{name} is {value!r}; it must be {self.takes}")

    def from_file(self, value: Any) -> Any:
        """Return what the command line would hand over."""
        if _is_whole(value):
            return value
        raise WrongTypeError


@dataclass(frozen=True)
class Number(Kind):
    """A finite number: above `above`, or else at least 0; at most `most`."""

    above: float | None = None
    least: float | None = None
    most: float | None = None

    @property
    def takes(self) -> str:
        """Return what a value is, in words."""
        bounds = f"above {self.above:g}" if self.above is not None and self.least is None else ""
        bounds = bounds or (f"at least {self._low:g}" if math.isfinite(self._low) else "")
        return f"a finite number {bounds}".rstrip() + (
            "" if self.most is None else f" and at most {self.most:g}"
        )

    @property
    def _low(self) -> float:
        return 0.0 if self.least is None else self.least

    @property
    def parsed_as(self) -> type | None:
        """Return the type that the command line reads."""
        return float

    def check(self, name: str, value: Any) -> None:
        """Refuse a value that is not allowed."""
        fits = _is_number(value) and math.isfinite(value) and value >= self._low
        fits = (
            fits and (self.above is None or value > self.above) and (self.most is None or value <= self.most)
        )
        if not fits:
            raise OptionError(f"{name} is {value!r}; it must be {self.takes}")

    def from_file(self, value: Any) -> Any:
        """Return what the command line would hand over."""
        if _is_number(value):
            return float(value)
        raise WrongTypeError


@dataclass(frozen=True)
class Share(Kind):
    """A number between 0 and 1, both not allowed."""

    @property
    def takes(self) -> str:
        """Return what a value is, in words."""
        return "between 0 and 1, such as 0.5"

    def check(self, name: str, value: Any) -> None:
        """Refuse a value that is not allowed."""
        if not (_is_number(value) and 0 < value < 1):
            raise OptionError(f"{name} is {value!r}; it must be {self.takes}")


@dataclass(frozen=True)
class Grid(Kind):
    """Positive numbers without repetitions.

    Attributes:
        of: what they are, in messages.
        least, most: bounds of each.
        words_for: texts that stand for a grid, with the grid.
    """

    of: str = "value"
    least: float | None = None
    most: float | None = None
    words_for: tuple[tuple[str, tuple[float, ...]], ...] = ()

    @property
    def takes(self) -> str:
        """Return what a value is, in words."""
        further = "".join(f", or {word!r}" for word, _ in self.words_for)
        return f"positive numbers, such as [1, 0.1, 0.01]{further}"

    def check(self, name: str, value: Any) -> None:
        """Refuse a value that is not allowed."""
        check_grid(self.of, value, self.least, self.most)

    def read(self, given: Any, flag: str) -> Any:
        """Return the value that a text stands for."""
        return dict(self.words_for).get(given) or grid(given, flag)

    def words(self, flag: str, value: Any) -> list[str]:
        """Return the words that give a value."""
        return [flag, ",".join(map(written, value))]

    def from_file(self, value: Any) -> Any:
        """Return what the command line would hand over."""
        if isinstance(value, str):
            return value
        values = value if isinstance(value, list) else [value]
        if not all(map(_is_number, values)):
            raise WrongTypeError
        return ",".join(map(written, values))


@dataclass(frozen=True)
class Duration(Number):
    """Seconds; as text with a unit, such as 90s, 10m or 2h."""

    above: float | None = 0.0

    @property
    def in_file(self) -> str:
        """Return what a value in a file is, in words."""
        return "a duration such as '90s', '10m' or '2h', or a number of seconds"

    @property
    def parsed_as(self) -> type | None:
        """Return the type that the command line reads."""
        return None

    def read(self, given: Any, flag: str) -> Any:
        """Return the value that a text stands for."""
        return duration(given, flag)

    def words(self, flag: str, value: Any) -> list[str]:
        """Return the words that give a value."""
        return [flag, f"{written(value)}s"]

    def from_file(self, value: Any) -> Any:
        """Return what the command line would hand over."""
        if isinstance(value, str) or _is_number(value):
            return str(value)
        raise WrongTypeError


@dataclass(frozen=True)
class Epochs(Kind):
    """Numbers of epochs that increase."""

    def check(self, name: str, value: Any) -> None:
        """Refuse a value that is not allowed."""
        good = bool(value) and all(_is_whole(one) and one >= 1 for one in value)
        if not good or list(value) != sorted(set(value)):
            raise OptionError(
                f"{name} are {value!r}; they must be whole numbers of epochs, increasing, such as (25, 50, 100)"
            )


@dataclass(frozen=True)
class Names(Kind):
    """A list of texts, with a separator between them."""

    separator: str = ","

    @property
    def takes(self) -> str:
        """Return what a value is, in words."""
        return f"a list of texts, or one text with {self.separator!r} between them"

    def check(self, name: str, value: Any) -> None:
        """Refuse a value that is not allowed."""
        if isinstance(value, str) or not all(isinstance(one, str) for one in value):
            raise OptionError(f"{name} is {value!r}; it must be a sequence of texts")

    def read(self, given: Any, flag: str) -> Any:
        """Return the value that a text stands for."""
        return names_of(given, self.separator)

    def words(self, flag: str, value: Any) -> list[str]:
        """Return the words that give a value."""
        if self.separator == ",":
            return [flag, ",".join(value)]
        # With an equals sign a formula may begin with a minus.
        return [f"{flag}={f'{self.separator} '.join(value)}"]

    def from_file(self, value: Any) -> Any:
        """Return what the command line would hand over."""
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
            raise WrongTypeError
        if isinstance(value, list) and any(self.separator in one for one in values):
            raise WrongTypeError
        return self.separator.join(values)


@dataclass(frozen=True)
class Switch(Kind):
    """Yes or no."""

    @property
    def takes(self) -> str:
        """Return what a value is, in words."""
        return "true or false"

    @property
    def parsed_as(self) -> type | None:
        """Return the type that the command line reads."""
        return bool

    def from_file(self, value: Any) -> Any:
        """Return what the command line would hand over."""
        if isinstance(value, bool):
            return value
        raise WrongTypeError


@dataclass(frozen=True)
class Pairs(Kind):
    """Values by name, each given as NAME=VALUE."""

    @property
    def takes(self) -> str:
        """Return what a value is, in words."""
        return "a table such as { population = 100 }, or a list of texts NAME=VALUE"

    @property
    def parsed_as(self) -> type | None:
        """Return the type that the command line reads."""
        return tuple

    def read(self, given: Any, flag: str) -> Any:
        """Return the value that a text stands for."""
        found: dict[str, Any] = {}
        for text in given:
            name, separator, value = text.partition("=")
            if not separator or not name.strip():
                raise OptionError(f"{flag} is {text!r}; write NAME=VALUE, such as population=100")
            found[name.strip().replace("-", "_")] = scalar(value.strip())
        return found

    def words(self, flag: str, value: Any) -> list[str]:
        """Return the words that give a value."""
        return [word for name, one in value.items() for word in (flag, f"{name}={written(one)}")]

    def from_file(self, value: Any) -> Any:
        """Return what the command line would hand over."""
        if isinstance(value, str):
            return [value]
        if isinstance(value, Mapping) and all(isinstance(one, str | int | float) for one in value.values()):
            return [f"{name}={written(one)}" for name, one in value.items()]
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return value
        raise WrongTypeError


@dataclass(frozen=True)
class File(Kind):
    """The path of a file or a folder."""

    @property
    def takes(self) -> str:
        """Return what a value is, in words."""
        return "a path"

    @property
    def parsed_as(self) -> type | None:
        """Return the type that the command line reads."""
        return Path

    def from_file(self, value: Any) -> Any:
        """Return what the command line would hand over."""
        if isinstance(value, str):
            return value
        raise WrongTypeError


def check_grid(of: str, values: Sequence[float], least: float | None, most: float | None) -> None:
    """Accept a non-empty grid of positive numbers without repetitions.

    Raises:
        OptionError: it is empty, repeats a value, or holds one that is out of range.
    """
    if not len(values):
        raise OptionError(f"the {of} grid is empty; give at least one number")
    entry = Number(above=0.0, least=least, most=most)
    for value in values:
        entry.check(of, value)
    if len(set(values)) < len(values):
        raise OptionError(f"the {of} grid {', '.join(f'{value:g}' for value in values)} repeats a value")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
