"""What every decision procedure raises when it gives up: time is up, or the mathematics is out of reach."""

from __future__ import annotations

import math
import time


class UndecidedError(Exception):
    """A question stays open; the message is a sentence for the report."""


OUT_OF_REACH = (MemoryError, OverflowError, RecursionError)
"""What SymPy and mpmath raise where the mathematics is too large for the machine: that is "undecided" as well."""


class Deadline:
    """A moment after which work stops; `check` is called inside of every loop that could run long."""

    __slots__ = ("moment",)

    def __init__(self, seconds: float = math.inf) -> None:
        """Start the clock; `seconds` from now is the end."""
        self.moment = time.monotonic() + seconds

    @classmethod
    def at(cls, moment: float) -> Deadline:
        """Return a deadline at a value of `time.monotonic()`."""
        deadline = cls()
        deadline.moment = moment
        return deadline

    @property
    def passed(self) -> bool:
        """Whether time is up."""
        return time.monotonic() > self.moment

    @property
    def left(self) -> float:
        """Seconds until time is up; negative after that."""
        return self.moment - time.monotonic()

    def check(self) -> None:
        """Raise `UndecidedError` when time is up."""
        if time.monotonic() > self.moment:
            raise UndecidedError("the time limit was reached")
