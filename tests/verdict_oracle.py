"""Whether a report of `check` agrees with an independent evaluation of the formula's text, in 60 digits."""

from __future__ import annotations

import itertools
import math
import random

from mpmath import mp, mpf

from symloss.loss import Loss
from symloss.symbolic.direction.report import CheckReport, DirectionProof
from tests.mp_dual import Dual, NotReal, OutOfReach, mp_dual

_NEAR = mpf(10) ** -25


def contradictions(text: str, loss: Loss, report: CheckReport, dice: random.Random) -> list[str]:
    """Return what contradicts the report, as sentences; empty where nothing does.

    Args:
        text: the text that the loss was made from.
        loss: the loss.
        report: what check says about it.
        dice: where to look.
    """
    with mp.workdps(60):
        found = []
        for proof in report.direction:
            found += _of_direction(text, loss, proof, dice)
        if loss.domain.label_values is not None:
            found += _of_properties(text, loss, report, dice)
        return found


def places(loss: Loss, dice: random.Random, count: int) -> list[mpf]:
    """Return predictions, also near the ends of the domain and where formulas like to switch."""
    if loss.takes_score:
        found = [dice.gauss(0, 3) for _ in range(count)] + [-41.3, -0.013, 0.017, 37.9, 1.0003, -1.0002]
    else:
        found = [dice.random() for _ in range(count)] + [
            2.0**-30,
            1e-4,
            0.4999,
            0.5003,
            1 - 1e-4,
            1 - 2.0**-30,
        ]
    return [mpf(point) for point in found]


def evaluated(text: str, loss: Loss, point: mpf, label: float) -> Dual | None:
    """Return value and slope, None where the loss is out of reach; NaN where it is not real.

    A formula is what is printed: a part that cancels when the text is read, as log(-yhat)/log(-yhat), is not in it.
    Points at which only a single number is no real one, as a pole, are out of reach too.
    """
    try:
        return mp_dual(text, point, label, repr(loss.eps_value))
    except OutOfReach:
        return None
    except NotReal:
        pass
    for shifted in (point, point + _NEAR, point - _NEAR):
        try:
            mp_dual(loss.formula, shifted, label, repr(loss.eps_value))
            return None
        except OutOfReach:
            return None
        except NotReal:
            continue
    return mp.nan, mp.nan


def _labels(loss: Loss, proof: DirectionProof, dice: random.Random) -> list[float]:
    if proof.label != "y":
        return [float(proof.label)]
    if str(loss.domain.labels) == "unit":
        return [dice.random() for _ in range(4)]
    return [dice.gauss(0, 2) for _ in range(4)]


def _of_direction(text: str, loss: Loss, proof: DirectionProof, dice: random.Random) -> list[str]:
    at = f"{text} {loss.domain.labels} {loss.domain.input}: y = {proof.label} is {proof.status}"
    if proof.status == "refuted" and proof.witness is not None and not proof.zero:
        found = evaluated(text, loss, mpf(proof.witness.yhat), proof.witness.y)
        if found is None:
            return []
        if math.isnan(proof.witness.gradient):
            return [] if mp.isnan(found[0]) else [f"{at}, not real, but {found} at {proof.witness}"]
        want = _want(loss, proof.witness.yhat, proof.witness.y)
        right = not mp.isnan(found[0]) and found[1] * want >= 0
        return [f"{at} by {proof.witness}, but the slope is {found[1]}"] if right else []
    if proof.status != "proved" and not proof.zero:
        return []
    for label in _labels(loss, proof, dice):
        for point in places(loss, dice, 20):
            found = evaluated(text, loss, point, label)
            if found is None:
                continue
            want = 0 if proof.zero else _want(loss, point, label)
            wrong = found[1] != 0 if proof.zero else found[1] * want < -(mpf(10) ** -40)
            if mp.isnan(found[0]) or (wrong and abs(found[1]) > mpf(10) ** -40):
                return [f"{at}, but at yhat = {point}, y = {label} value and slope are {found}"]
    return []


def _want(loss: Loss, point: mpf, label: float) -> int:
    if loss.domain.label_values is not None:
        return 1 - 2 * int(label)
    return 1 if point > label else -1 if point < label else 0


def _of_properties(text: str, loss: Loss, report: CheckReport, dice: random.Random) -> list[str]:
    wrong = []
    points = sorted(places(loss, dice, 20))
    found = {label: [evaluated(text, loss, point, label) for point in points] for label in (0, 1)}
    real = {
        label: [one[1] for one in group if one is not None and not mp.isnan(one[0])]
        for label, group in found.items()
    }
    name = f"{text} {loss.domain.input}"
    if report.properties["convex"].status == "proved":
        for slopes in real.values():
            if any(b < a - mpf(10) ** -30 * (1 + abs(a)) for a, b in itertools.pairwise(slopes)):
                wrong.append(f"{name} is called convex, but its slopes are not increasing: {slopes}")
    bound = report.properties["bounded_gradient"]
    if bound.status == "proved":
        largest = max((abs(s) for slopes in real.values() for s in slopes), default=mpf(0))
        if largest > bound.value * (1 + 1e-9):
            wrong.append(f"{name} is called bounded by {bound.value}, but has a slope of {largest}")
    if report.properties["symmetric"].status == "proved":
        sums = [
            a[1] + b[1] for a, b in zip(found[0], found[1], strict=True) if a is not None and b is not None
        ]
        if any(abs(total) > mpf(10) ** -30 for total in sums if not mp.isnan(total)):
            wrong.append(f"{name} is called symmetric, but its slopes have sums {sums}")
    return wrong
