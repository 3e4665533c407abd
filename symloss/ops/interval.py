"""Intervals with open or closed ends: what an operator's result can be.

They decide two things when a formula is built: whether the guard can act at
all, and whether the argument of a protected function has one sign on the whole
domain. Ends are floats; an end that is not attained is open.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from symloss.signature import Domain, Values


@dataclass(frozen=True)
class Interval:
    """The set between `low` and `high`; an open end is not part of it."""

    low: float
    high: float
    low_open: bool = False
    high_open: bool = False

    @property
    def positive(self) -> bool:
        """Whether every element is > 0."""
        return self.low > 0 or (self.low == 0 and self.low_open)

    @property
    def negative(self) -> bool:
        """Whether every element is < 0."""
        return self.high < 0 or (self.high == 0 and self.high_open)

    @property
    def largest(self) -> float:
        """Upper bound of the absolute value."""
        return max(abs(self.low), abs(self.high))

    def __neg__(self) -> Interval:
        """Return {-a}."""
        return Interval(-self.high, -self.low, self.high_open, self.low_open)

    def __add__(self, other: Interval) -> Interval:
        """Return {a + b}."""
        return Interval(
            self.low + other.low,
            self.high + other.high,
            self.low_open or other.low_open,
            self.high_open or other.high_open,
        )

    def __mul__(self, other: Interval) -> Interval:
        """Return {a * b}, from the products of the ends."""
        corners = [
            _product(left, right)
            for left, right in itertools.product(
                [(self.low, self.low_open), (self.high, self.high_open)],
                [(other.low, other.low_open), (other.high, other.high_open)],
            )
        ]
        low = min(value for value, _ in corners)
        high = max(value for value, _ in corners)
        return Interval(
            low,
            high,
            all(is_open for value, is_open in corners if value == low),
            all(is_open for value, is_open in corners if value == high),
        )

    def maximum(self, other: Interval) -> Interval:
        """Return {max(a, b)}."""
        low, low_open = max((self.low, self.low_open), (other.low, other.low_open))
        high = max(self.high, other.high)
        high_open = all(i.high_open for i in (self, other) if i.high == high)
        return Interval(low, high, low_open, high_open)

    def minimum(self, other: Interval) -> Interval:
        """Return {min(a, b)}."""
        return -((-self).maximum(-other))

    def square(self) -> Interval:
        """Return {a^2}."""
        magnitude = self.absolute()
        return Interval(magnitude.low**2, magnitude.high**2, magnitude.low_open, magnitude.high_open)

    def absolute(self) -> Interval:
        """Return {|a|}."""
        if self.low >= 0:
            return self
        if self.high <= 0:
            return -self
        high = max(-self.low, self.high)
        ends = [(-self.low, self.low_open), (self.high, self.high_open)]
        return Interval(0.0, high, False, all(is_open for value, is_open in ends if value == high))

    def clipped(self, limit: float) -> Interval:
        """Return the image under clipping to [-limit, limit]."""
        return Interval(
            min(max(self.low, -limit), limit),
            min(max(self.high, -limit), limit),
            self.low_open and abs(self.low) < limit,
            self.high_open and abs(self.high) < limit,
        )


def _product(left: tuple[float, bool], right: tuple[float, bool]) -> tuple[float, bool]:
    """Multiply two ends; the product is attained if both are, or if a zero among them is."""
    (a, a_open), (b, b_open) = left, right
    if (a == 0 and not a_open) or (b == 0 and not b_open):
        return 0.0, False
    if a == 0 or b == 0:
        return 0.0, True
    return a * b, a_open or b_open


def interval_of(values: Values) -> Interval:
    """Return the hull of what an argument of a loss can be."""
    low_open, high_open = (not values.closed or math.isinf(end) for end in (values.low, values.high))
    return Interval(values.low, values.high, low_open, high_open)


def variable_interval(name: str, domain: Domain) -> Interval:
    """Return the range of "yhat" or "y" on `domain`."""
    return interval_of(next(one.values for one in domain.arguments if one.name == name))
