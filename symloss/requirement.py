"""What a signature is made of: arguments with their roles and values, and requirements on slopes.

A `Requirement` says which slope must have which sign where. The right direction of a loss is written as such and
nowhere else (`symloss.signature`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Role(StrEnum):
    """What an argument of a loss is."""

    PREDICTION = "prediction"
    LABEL = "label"
    CONSTANT = "constant"
    PARAMETER = "parameter"


class Link(StrEnum):
    """What a model's raw output goes through before the loss takes it."""

    IDENTITY = "identity"
    SIGMOID = "sigmoid"
    SOFTMAX = "softmax"
    EXP = "exp"


@dataclass(frozen=True)
class Values:
    """The numbers that an argument can be: an interval, or finitely many.

    Attributes:
        low, high: the ends.
        closed: whether the finite ends belong to it.
        only: the numbers, in order, where there are finitely many; () for an interval.
    """

    low: float
    high: float
    closed: bool = False
    only: tuple[int, ...] = ()

    def __contains__(self, value: float) -> bool:
        """Return whether a number is one of them."""
        if self.only:
            return value in self.only
        inside = self.low < value < self.high
        return inside or (self.closed and value in (self.low, self.high) and abs(value) != float("inf"))


REALS = Values(-float("inf"), float("inf"))


@dataclass(frozen=True)
class Argument:
    """One symbol of a formula: its name, what it is, and where it lives."""

    name: str
    role: Role
    values: Values


class Region(StrEnum):
    """The part of the domain that a requirement is for, in words of the formula."""

    EVERYWHERE = ""
    ABOVE_LABEL = "yhat > y"
    BELOW_LABEL = "yhat < y"
    ABOVE_LOG = "exp(yhat) > y"
    BELOW_LOG = "exp(yhat) < y"


@dataclass(frozen=True)
class Requirement:
    """Which sign a slope must have, or be zero, in one part of the domain.

    Attributes:
        slope_of: the argument that the derivative is taken by.
        sign: 1 or -1.
        case: values of other arguments for which it counts, as pairs of a name and a whole number.
        region: where it counts.
    """

    slope_of: str
    sign: int
    case: tuple[tuple[str, int], ...] = ()
    region: Region = Region.EVERYWHERE

    def holds_at(self, values: Mapping[str, Any]) -> NDArray[np.bool_]:
        """Return whether the requirement counts at points, given as numbers or arrays by argument."""
        inside: Any = np.True_
        for name, value in self.case:
            inside = inside & (np.asarray(values[name]) == value)
        if self.region is Region.EVERYWHERE:
            return np.asarray(inside)
        prediction, label = (np.asarray(values[name], np.float64) for name in ("yhat", "y"))
        if self.region in (Region.ABOVE_LOG, Region.BELOW_LOG):
            with np.errstate(divide="ignore"):
                label = np.log(label)
        above = self.region in (Region.ABOVE_LABEL, Region.ABOVE_LOG)
        return np.asarray(inside & (prediction > label if above else prediction < label))

    @property
    def text(self) -> str:
        """The requirement in words: "slope of yhat <= 0 where y = 1"."""
        where = self.where
        return f"slope of {self.slope_of} {'>=' if self.sign > 0 else '<='} 0" + (
            f" where {where}" if where else ""
        )

    @property
    def where(self) -> str:
        """Where it counts, in words: "y = 1", "yhat > y", or "" for everywhere."""
        return " and ".join(
            [*(f"{name} = {value}" for name, value in self.case), *filter(None, [self.region])]
        )
