"""What `check` and `compare` say, held against the second reading of the text."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from mpmath import mp, mpf

from tests.fuzz.dual import to_mpf
from tests.fuzz.facets import properties
from tests.fuzz.oracle import MORE_DIGITS, Finding, Oracle, Place
from tests.fuzz.points import exact


def wanted(labels: str, place: Place) -> int:
    """The sign that the slope must have: by class, or that of yhat - y."""
    if labels == "binary":
        return -1 if place.y else 1
    return (place.yhat > place.y) - (place.yhat < place.y)


def judge(text: str, report: dict[str, Any], seed: int) -> list[Finding]:
    """Return what is wrong in a report of `check`, as its JSON, on a formula as it was written."""
    oracle, rng = Oracle(text), random.Random(f"judge {seed}")
    eps = Fraction(repr(1e-6 if report["eps"] is None else report["eps"]))
    places = oracle.places(rng, report["labels"], report["input"] == "score", eps)
    found = list(_directions(oracle, report, places, eps))
    if report["eps"] is None:
        found += _other_eps(oracle, report, rng)
    if report["labels"] == "binary":
        found += properties(oracle, report, places, eps)
    found += _duplicates(oracle, report, places, eps)
    return found


def _directions(
    oracle: Oracle, report: dict[str, Any], places: list[Place], eps: Fraction
) -> Iterator[Finding]:
    for proof in report["direction"]:
        own = [place for place in places if proof["label"] == "y" or place.y == proof["label"]]
        flat = proof["note"] == "the gradient is zero everywhere"
        if flat:
            yield from _flat(oracle, own, eps)
        elif proof["status"] == "proved":
            yield from _proved(oracle, report["labels"], own, eps, proof["strict"])
        elif proof["status"] == "refuted" and proof["witness"] is not None:
            yield from _refuted(oracle, report, proof)


def _flat(oracle: Oracle, places: list[Place], eps: Fraction) -> Iterator[Finding]:
    for place in places:
        wrong = [name for name, dual in place.readings if dual is not None and dual.slope != 0]
        if wrong and oracle.sure(place, eps):
            yield Finding(_kind(wrong), f"zero gradient, but it is not at {place}")
            return


def _proved(
    oracle: Oracle, labels: str, places: list[Place], eps: Fraction, strict: bool | None
) -> Iterator[Finding]:
    for place in places:
        want = wanted(labels, place)
        wrong = [name for name, dual in place.readings if dual is not None and want and dual.slope * want < 0]
        if wrong and oracle.sure(place, eps):
            yield Finding(_kind(wrong), f"proved, but the gradient has the wrong sign at {place}")
            return
    generic = [place for place in places if place.generic]
    if len(generic) >= 4:
        for name in ("strict", "lenient"):
            duals = [dict(place.readings)[name] for place in generic]
            if sum(dual is None for dual in duals) >= len(duals) / 2:
                kind = "edge" if name == "strict" else "contradicted"
                yield Finding(kind, f"proved, but no real number at {generic[duals.index(None)]}")
                break
    if strict and labels == "binary":
        zero = [p for p in generic if p.strict is not None and p.strict.slope == 0]
        if len(zero) >= 3:
            yield Finding(
                "contradicted", f"proved strict, but the gradient is zero at {zero[0]} and elsewhere"
            )


def _refuted(oracle: Oracle, report: dict[str, Any], proof: dict[str, Any]) -> Iterator[Finding]:
    value = proof["witness_eps"]
    eps = Fraction(repr(1e-6 if value is None else value))
    place = oracle.at(exact(proof["witness"]), exact(proof["witness_y"]), eps)
    if place is None:
        return
    want = wanted(report["labels"], place)
    if proof["witness_gradient"] is None:
        right = [name for name, dual in place.readings if dual is not None]
        what = "refuted as not real, but it is"
    else:
        right = [name for name, dual in place.readings if dual is None or not want or dual.slope * want >= 0]
        what = "refuted, but the witness does not show it,"
    if right and oracle.sure(place, eps):
        yield Finding(_kind(right), f"{what} at {place}")


def _kind(readings: list[str]) -> str:
    return "contradicted" if len(readings) == 2 else "edge"


def _other_eps(oracle: Oracle, report: dict[str, Any], rng: random.Random) -> list[Finding]:
    """Where eps is open: what is said of every eps, and of each value of the grid."""
    found: list[Finding] = []
    score = report["input"] == "score"
    said = {value: verdict == "valid" for value, verdict in report["verdict_at_eps"].items()}
    if all(
        proof["scope"] == "every eps > 0" and proof["status"] == "proved" for proof in report["direction"]
    ):
        said |= dict.fromkeys(("1", "0.37", "0.01", "1e-9", "20"), True)
    for value, valid in said.items():
        if valid:
            eps = Fraction(value)
            places = oracle.places(rng, report["labels"], score, eps)
            wrong = _proved(oracle, report["labels"], places, eps, None)
            found += [Finding(one.kind, f"{one.what} for eps = {value}") for one in wrong]
    return found


def _duplicates(
    oracle: Oracle, report: dict[str, Any], places: list[Place], eps: Fraction
) -> Iterator[Finding]:
    from symloss import zoo

    for name in report["duplicate_of"]:
        other = Oracle(zoo.entry(name).formula)
        # "this is maxr at eps = 0.7": the eps of the named loss, where the formula has none
        _, _, said = report["duplicate_notes"].get(name, "").partition(" at eps = ")
        there = Fraction(said.split(",")[0].split(" ")[0]) if said else eps
        if not same_gradient(oracle, other, places, eps, there, by_label=report["labels"] == "binary"):
            yield Finding("contradicted", f"same gradient as {name}, but it is not")


def same_gradient(
    one: Oracle,
    other: Oracle,
    places: list[Place],
    eps: Fraction,
    other_eps: Fraction,
    *,
    by_label: bool,
    equal: bool = False,
) -> bool:
    """Whether two slopes are equal, or have one positive ratio (for each label), wherever both are real."""
    ratios: dict[Fraction, Any] = {}
    for place in places:
        there = other.at(place.yhat, place.y, other_eps)
        if there is None or place.strict is None or there.strict is None:
            continue
        left, right = place.strict.slope, there.strict.slope
        if left == 0 or right == 0:
            if left != right and one.sure(place, eps) and other.sure(there, other_eps):
                return False
            continue
        if not (one.sure(place, eps) and other.sure(there, other_eps)):
            continue
        with mp.workdps(MORE_DIGITS):
            ratio = to_mpf(left) / to_mpf(right)
            known = ratios.setdefault(place.y if by_label else Fraction(0), mpf(1) if equal else ratio)
            if ratio < 0 or abs(ratio - known) > mpf(10) ** -20 * abs(known):
                return False
    return True


def judge_pair(first: str, second: str, relation: str, report: dict[str, Any], seed: int) -> list[Finding]:
    """Return what is wrong with a relation of two formulas on the domain and eps of a report."""
    if relation not in ("equal", "proportional"):
        return []
    one, other = Oracle(first), Oracle(second)
    eps = Fraction(repr(1e-6 if report["eps"] is None else report["eps"]))
    places = one.places(random.Random(f"pair {seed}"), report["labels"], report["input"] == "score", eps)
    if same_gradient(
        one, other, places, eps, eps, by_label=report["labels"] == "binary", equal=relation == "equal"
    ):
        return []
    return [Finding("contradicted", f"{relation} to {second}, but the gradients are not")]
