"""Grids of named constants: several values for each, every combination a loss of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from symloss.errors import OptionError
from symloss.formula import ranking_losses
from symloss.formula.params import checked_parameter_name, checked_value, number_text
from symloss.formula.parse import constants_in
from symloss.formula.spec import LossSpec

MOST_LOSSES = 1_000
"""Combinations of values that one formula may stand for."""

AnyLoss = TypeVar("AnyLoss", bound=LossSpec)


@dataclass(frozen=True)
class ParamGrid:
    """Values that named constants take: one, several, or all of an interval.

    Attributes:
        values: the values of each constant.
        ranges: the ends of the interval, for a constant that can be any number of one.
    """

    values: tuple[tuple[str, tuple[float, ...]], ...] = ()
    ranges: tuple[tuple[str, tuple[float, float]], ...] = ()

    @classmethod
    def read(cls, texts: Iterable[str]) -> ParamGrid:
        """Read texts such as "tau=0.2", "gamma=0,1,2" and "tau=0.05..1".

        Raises:
            OptionError: a text is none of these, a name or value is not allowed, or a name occurs twice.
        """
        values: dict[str, tuple[float, ...]] = {}
        ranges: dict[str, tuple[float, float]] = {}
        for text in texts:
            name, sign, given = text.partition("=")
            name, given = name.strip(), given.strip()
            if not sign or not given:
                raise OptionError(
                    f"--param is {text[:60]!r}; it takes NAME=VALUE, such as tau=0.2, a grid gamma=0,1,2 or a range "
                    "tau=0.05..1"
                )
            checked_parameter_name(name)
            if name in values or name in ranges:
                raise OptionError(f"--param gives {name} twice; give its values together: {name}=0.1,0.2")
            if ".." in given:
                low, _, high = given.partition("..")
                ends = checked_value(name, low.strip()), checked_value(name, high.strip())
                if not ends[0] < ends[1]:
                    raise OptionError(
                        f"--param {text[:60]}: the range must go from a smaller to a larger number"
                    )
                ranges[name] = ends
            else:
                found = [checked_value(name, part.strip()) for part in given.split(",")]
                values[name] = tuple(dict.fromkeys(found))
        return cls(tuple(values.items()), tuple(ranges.items()))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all constants."""
        return tuple(name for name, _ in (*self.values, *self.ranges))

    def used_by(self, text: str) -> ParamGrid:
        """Return the part of the grid whose names occur in a formula's text."""
        used = set(_constants_of(text))
        return ParamGrid(
            tuple(pair for pair in self.values if pair[0] in used),
            tuple(pair for pair in self.ranges if pair[0] in used),
        )

    def settings(self, *, ends: bool = False) -> list[dict[str, float]]:
        """Return every combination of values, one of no values where there are none.

        Args:
            ends: take both ends and the middle of each range.

        Raises:
            OptionError: there are more than 1,000 combinations; or ranges, where `ends` is not set.
        """
        columns = list(self.values)
        if ends:
            columns += [(name, (low, (low + high) / 2, high)) for name, (low, high) in self.ranges]
        elif self.ranges:
            name, (low, high) = self.ranges[0]
            raise OptionError(
                f"{name} is the range {number_text(low)}..{number_text(high)}, which only symloss check takes; "
                f"give values: --param {name}={number_text(low)},{number_text(high)}"
            )
        count = 1
        for _, found in columns:
            count *= len(found)
        if count > MOST_LOSSES:
            raise OptionError(
                f"the values of --param make {count} losses of one formula; at most {MOST_LOSSES}"
            )
        names = [name for name, _ in columns]
        return [
            dict(zip(names, row, strict=True)) for row in itertools.product(*(found for _, found in columns))
        ]


def _constants_of(text: str) -> tuple[str, ...]:
    """Return the names of constants in a formula, or in that of a named ranking loss."""
    return constants_in(ranking_losses.entry(text).formula if ranking_losses.is_name(text) else text)


def refuse_unused(grid: ParamGrid, texts: Sequence[str]) -> None:
    """Refuse constants that occur in none of the formulas: a slip of the pen would else go unnoticed.

    Raises:
        OptionError: there is one.
    """
    used = {name for text in texts for name in _constants_of(text)}
    for name in grid.names:
        if name not in used:
            others = ", ".join(sorted(used)) or "none"
            raise OptionError(
                f"--param sets {name}, but no formula here has a constant of that name (they have: {others}); "
                "write the name into the formula or leave the option out"
            )


def expand(loss: AnyLoss, grid: Mapping[str, Sequence[float]]) -> Iterator[AnyLoss]:
    """Yield the loss at every combination of values of some of its constants.

    Args:
        loss: a loss with these constants; others keep their values.
        grid: values by name.

    Raises:
        OptionError: a name is not one of its constants, or a value is not allowed.
    """
    for row in itertools.product(*grid.values()):
        yield loss.with_params(**dict(zip(grid, row, strict=True)))
