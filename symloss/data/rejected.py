"""Rows that a reader could not use: counted by reason, the first few named, never silently dropped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

EXAMPLES = 5
"""How many rejected rows are named for each reason."""


class Reason(StrEnum):
    """Why a row can't be used; a row is counted once, under the first reason that applies."""

    FIELDS = "the row has more fields than the first one"
    USER = "the user is missing"
    ITEM = "the item is missing"
    RATING = "the rating is not a finite number"
    LABEL = "the label is not a finite number"
    TIME = "the time is not a finite number"


@dataclass(frozen=True)
class Rejection:
    """The rows rejected for one reason, with the first few of them as `FILE, line 17: rating 'x'`."""

    reason: Reason
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class RejectedRows:
    """All rows that a reader rejected; empty where every row was good."""

    rejections: tuple[Rejection, ...] = ()

    @property
    def total(self) -> int:
        """How many rows were rejected."""
        return sum(rejection.count for rejection in self.rejections)

    def __bool__(self) -> bool:
        """Whether any row was rejected."""
        return self.total > 0

    @classmethod
    def merge(cls, parts: Iterable[RejectedRows]) -> RejectedRows:
        """Add up the rejected rows of several files, in the order of `Reason`."""
        rejections = [rejection for part in parts for rejection in part.rejections]
        merged = []
        for reason in Reason:
            same = [rejection for rejection in rejections if rejection.reason is reason]
            if same:
                examples = tuple(example for rejection in same for example in rejection.examples)
                merged.append(Rejection(reason, sum(one.count for one in same), examples[:EXAMPLES]))
        return cls(tuple(merged))

    def describe(self) -> str:
        """Return a sentence for each reason, one a line; empty where nothing was rejected."""
        return "\n".join(
            f"{one.count:,} row{'s' if one.count != 1 else ''} rejected: {one.reason} "
            f"({'; '.join(one.examples)}{'; ...' if one.count > len(one.examples) else ''})"
            for one in self.rejections
        )

    def as_dict(self) -> dict[str, object]:
        """Return the total and, by reason, the count and the first examples, ready for JSON."""
        return {
            "total": self.total,
            "by_reason": {
                str(one.reason): {"count": one.count, "examples": list(one.examples)}
                for one in self.rejections
            },
        }
