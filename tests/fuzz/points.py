"""Where verdicts are tried: inside, very near to the ends, at round numbers, and on both sides of breakpoints."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from tests.fuzz.dual import NotRealError, Reader, SkipError, sign_of

TINY = tuple(Fraction(1, 10**k) for k in (1, 2, 3, 5, 7, 9, 12, 16, 20, 30))
HALVINGS = 45
BESIDE = Fraction(1, 10**11)
MOST_BREAKS = 3


def exact(value: float) -> Fraction:
    """The number that a double is."""
    return Fraction(*float(value).as_integer_ratio())


def predictions(rng: random.Random, score: bool, count: int = 14) -> list[Fraction]:
    """Generic points, then points near the ends of the domain."""
    if score:
        inner = [exact(rng.gauss(0, 1) * 10 ** rng.uniform(-1.5, 1.2)) for _ in range(count)]
        ends = [Fraction(side * size) for size in (0, 30, 100, 1000, 10**6) for side in (1, -1)]
        ends += [side * size for size in TINY[::3] for side in (1, -1)]
        return inner + ends
    inner = [exact(rng.uniform(0.002, 0.998)) for _ in range(count)]
    return [*inner, *TINY, *(1 - size for size in TINY), Fraction(1, 2)]


def labels_of(rng: random.Random, labels: str) -> list[Fraction]:
    if labels == "binary":
        return [Fraction(0), Fraction(1)]
    inner = [exact(rng.random()) for _ in range(3)]
    if labels == "unit":
        return [Fraction(0), Fraction(1), Fraction(1, 2), *inner]
    return [Fraction(0), Fraction(1), *(exact(rng.gauss(0, 3)) for _ in range(4))]


def breaks(reader: Reader, points: Sequence[Fraction], label: Fraction, eps: Fraction) -> list[Fraction]:
    """Points on both sides of where abs, sign, max, min or a guard switches."""
    ordered = sorted(set(points))
    seen = [switches_at(reader, point, label, eps) for point in ordered]
    found: list[Fraction] = []
    for (left, before), (right, after) in pairwise(zip(ordered, seen, strict=True)):
        if before is None or after is None or len(before) != len(after) or len(found) >= 2 * MOST_BREAKS:
            continue
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            if one * other < 0:
                place = bisected(reader, left, right, label, eps, number, one)
                if place is not None:
                    found += place
                break
    return found


def switches_at(reader: Reader, point: Fraction, label: Fraction, eps: Fraction) -> list[int] | None:
    try:
        reader(point, label, eps, 30)
    except (NotRealError, SkipError):
        return None
    return [sign_of(switch) for switch in reader.switches]


def bisected(
    reader: Reader, low: Fraction, high: Fraction, label: Fraction, eps: Fraction, number: int, before: int
) -> list[Fraction] | None:
    for _ in range(HALVINGS):
        middle = exact(float((low + high) / 2))
        if not low < middle < high:
            break
        here = switches_at(reader, middle, label, eps)
        if here is None or len(here) <= number:
            return None
        low, high = (middle, high) if here[number] == before else (low, middle)
    width = BESIDE * max(abs(low), abs(high))
    return [low - width, low, high, high + width]
