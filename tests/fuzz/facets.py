"""Properties of a loss with binary labels, held against the second reading of its text."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from mpmath import mp, mpf

from tests.fuzz.dual import to_mpf
from tests.fuzz.oracle import AGREE, DIGITS, Finding, Oracle, Place


def properties(oracle: Oracle, report: dict[str, Any], places: list[Place], eps: Fraction) -> list[Finding]:
    found: list[Finding] = []
    known = [place for place in places if place.strict is not None]
    properties = report["properties"]
    groups = {label: sorted((p for p in known if p.y == label), key=lambda p: p.yhat) for label in (0, 1)}
    if properties["convex"]["status"] == "proved":
        found += _bends(oracle, groups, eps, logit=False)
    if properties["convex_in_logit"]["status"] == "proved":
        found += _bends(oracle, groups, eps, logit=report["input"] != "score")
    bound = properties["bounded_gradient"]
    if bound["status"] == "proved" and isinstance(bound["value"], float):
        for place in known:
            if abs(slope(place)) > mpf(bound["value"]) * (1 + mpf(10) ** -9) and oracle.sure(place, eps):
                found.append(
                    Finding("contradicted", f"gradient bounded by {bound['value']!r}, but larger at {place}")
                )
                break
    found += _pairs(oracle, properties, groups, report["input"] == "score", eps)
    return found


def slope(place: Place) -> Any:
    assert place.strict is not None
    return to_mpf(place.strict.slope)


def _bends(
    oracle: Oracle, groups: dict[int, list[Place]], eps: Fraction, *, logit: bool
) -> Iterator[Finding]:
    what = "convex in the logit" if logit else "convex"
    for group in groups.values():
        with mp.workdps(DIGITS):
            slopes = [slope(p) * (to_mpf(p.yhat) * (1 - to_mpf(p.yhat)) if logit else 1) for p in group]
            for (left, before), (right, after) in zip(
                zip(group, slopes, strict=True), zip(group[1:], slopes[1:], strict=True), strict=False
            ):
                lower = before - after > AGREE * max(abs(before), abs(after))
                if lower and oracle.sure(left, eps) and oracle.sure(right, eps):
                    yield Finding("contradicted", f"{what}, but the slope falls between {left} and {right}")
                    break


def _pairs(
    oracle: Oracle, properties: dict[str, Any], groups: dict[int, list[Place]], score: bool, eps: Fraction
) -> Iterator[Finding]:
    """Properties that take both labels at one prediction: symmetric, proper."""
    ones = {place.yhat: place for place in groups[1]}
    both = [(zero, ones[zero.yhat]) for zero in groups[0] if zero.yhat in ones]
    differs = False
    for zero, one in both:
        with mp.workdps(DIGITS):
            total = slope(zero) + slope(one)
            size = max(abs(slope(zero)), abs(slope(one)))
            here = abs(total) > AGREE * size
            differs |= bool(here)
            p = 1 / (1 + mp.exp(-to_mpf(zero.yhat))) if score else to_mpf(zero.yhat)
            rest = p * slope(one) + (1 - p) * slope(zero)
            wrong = abs(rest) > AGREE * size
        if (
            here
            and properties["symmetric"]["status"] == "proved"
            and oracle.sure(zero, eps)
            and oracle.sure(one, eps)
        ):
            yield Finding("contradicted", f"symmetric, but the slopes do not cancel at {zero}")
            break
        if (
            wrong
            and properties["proper"]["status"] == "proved"
            and oracle.sure(zero, eps)
            and oracle.sure(one, eps)
        ):
            yield Finding(
                "contradicted", f"proper, but yhat is not the best prediction for p = yhat at {zero}"
            )
            break
    if len(both) > 10 and not differs and properties["symmetric"]["status"] == "refuted":
        yield Finding("contradicted", "not symmetric, but the slopes cancel everywhere")
