"""One text read at many places: as a whole, and with 0 times anything as 0."""

from __future__ import annotations

import random
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from mpmath import mp, mpf

from tests.fuzz.dual import Dual, NotRealError, Reader, SkipError, to_mpf
from tests.fuzz.points import breaks, labels_of, predictions

DIGITS, MORE_DIGITS = 60, 150
AGREE = mpf(10) ** -25
"""Two slopes nearer than this, relative to their size, are equal."""


@dataclass(frozen=True)
class Finding:
    """A verdict that the second reading contradicts.

    Attributes:
        kind: "contradicted", or "edge" where only one reading of 0**0 and of 0 times no number contradicts it.
        what: a sentence.
    """

    kind: str
    what: str


@dataclass(frozen=True)
class Place:
    """A point at which a formula was read twice: as a whole, and with 0 times anything as 0."""

    yhat: Fraction
    y: Fraction
    strict: Dual | None
    lenient: Dual | None
    generic: bool

    def __str__(self) -> str:
        return f"yhat = {float(self.yhat)!r}, y = {float(self.y):g}"

    @property
    def readings(self) -> list[tuple[str, Dual | None]]:
        return [("strict", self.strict), ("lenient", self.lenient)]


class Oracle:
    """Reads one text at many places."""

    def __init__(self, text: str) -> None:
        self.readers = Reader(text, strict=True), Reader(text, strict=False)

    def at(
        self, yhat: Fraction, y: Fraction, eps: Fraction, *, generic: bool = False, digits: int = DIGITS
    ) -> Place | None:
        """Return both readings, None for no real number; None alone where nothing can be said."""
        found: list[Dual | None] = []
        for reader in self.readers:
            try:
                found.append(reader(yhat, y, eps, digits))
            except NotRealError:
                found.append(None)
            except SkipError:
                return None
        return Place(yhat, y, found[0], found[1], generic)

    def sure(self, place: Place, eps: Fraction) -> bool:
        """Whether more digits give the same slopes."""
        again = self.at(place.yhat, place.y, eps, digits=MORE_DIGITS)
        if again is None:
            return False
        pairs = zip(place.readings, again.readings, strict=True)
        return all(
            (one is None) == (two is None) and (one is None or two is None or close(one.slope, two.slope))
            for (_, one), (_, two) in pairs
        )

    def places(self, rng: random.Random, labels: str, score: bool, eps: Fraction) -> list[Place]:
        """Return places over the domain, breakpoints among them."""
        found = []
        for label in labels_of(rng, labels):
            points = predictions(rng, score, 14 if labels == "binary" else 6)
            if labels != "binary":
                points += [
                    label + side * size
                    for size in (0, Fraction(1, 10**9), Fraction(1, 10))
                    for side in (1, -1)
                ]
            generic = set(points[:14])
            beside = breaks(self.readers[0], points, label, eps)
            for point in dict.fromkeys([*points, *beside]):
                if score or 0 < point < 1:
                    place = self.at(point, label, eps, generic=point in generic)
                    if place is not None:
                        found.append(place)
        return found


def close(a: Any, b: Any) -> bool:
    with mp.workdps(MORE_DIGITS):
        one, two = to_mpf(a), to_mpf(b)
        return bool(abs(one - two) <= AGREE * max(abs(one), abs(two)))
