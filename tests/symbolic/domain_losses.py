"""Random losses on every label domain, and what a check of them claims held against 60 digits."""

from __future__ import annotations

import itertools
import math
import random

from mpmath import mp, mpf
from sympy import Rational

from symloss.errors import FormulaError, OptionError
from symloss.loss import Loss
from symloss.ops.construct import NumberLimitError, exact_number
from symloss.signature import Domain, eps, y, yhat
from symloss.symbolic.arithmetic.precise import is_real, precise
from symloss.symbolic.direction.report import CheckReport

DOMAINS = (
    ("unit", "probability"),
    ("unit", "score"),
    ("real", "score"),
    ("positive", "positive"),
    ("positive", "log"),
    ("positive", "score"),
)

_SHAPES = (
    "({m} - y)**2", "abs({m} - y)", "{m} - y*log({m})", "y/{m} + log({m})", "y*log(y/{m}) - y + {m}",
    "(log(1 + {m}) - log(1 + y))**2", "(sqrt({m}) - sqrt(y))**2", "abs({m} - y)/({m} + y)",
    "max(0.9*(y - {m}), 0.1*({m} - y))", "sqrt(1 + ({m} - y)**2)", "log(1 + ({m} - y)**2)",
    "({m} - y)**2/(1 + {m})", "({m} - y)**2/(1 + y)", "({m} - y)*atan({m} - y)", "-y*log({m}) - (1 - y)*log(1 - {m})",
    "max(abs({m} - y) - 0.1, 0)", "({m} - y)**2*(1 + y**2)", "plog({m} - y)", "abs({m}**2 - y**2)",
    "y*log(y/{m}) + (1 - y)*log((1 - y)/(1 - {m}))", "2*y/sqrt({m}) + 2*sqrt({m})", "max({m} - y, 0)**3 + abs(y - {m})",
    "(eps + abs({m} - y))**2", "abs({m} - y)/(eps + y)", "({m} - y)**2/(eps + {m} + y)",
)  # fmt: skip
_EDITS = (
    ("- y", "+ y"), ("**2", "**3"), ("1 +", "2 +"), ("abs", "square"), ("log", "sqrt"), ("y", "2*y"), ("0.1", "0.3"),
)  # fmt: skip


def random_loss(rng: random.Random) -> Loss:
    """Draw a loss: a known shape, in the mean or its logarithm, added to another one or edited now and then."""
    while True:
        labels, kind = rng.choice(DOMAINS)
        mean = "exp(yhat)" if kind == "log" else "yhat"
        text = rng.choice(_SHAPES)
        if rng.random() < 0.3:
            text = f"{text} + {rng.choice(['0.5', '2', '3*y'])}*({rng.choice(_SHAPES)})"
        if rng.random() < 0.4:
            old, new = rng.choice(_EDITS)
            places = [i for i in range(len(text)) if text.startswith(old, i)]
            if places:
                at = rng.choice(places)
                text = text[:at] + new + text[at + len(old) :]
        try:
            return Loss(
                text.replace("{m}", mean), eps=rng.choice((None, 0.1, 1e-3)), labels=labels, input=kind
            )
        except (FormulaError, OptionError, NumberLimitError):
            continue


def pairs(domain: Domain, rng: random.Random, count: int) -> list[tuple[Rational, Rational]]:
    """Draw predictions and labels; labels at the ends of their interval are among them."""
    low, high = domain.yhat_range
    found = []
    for _ in range(count):
        point = rng.uniform(0, 1) if high == 1 else rng.choice((1, -1)) * 10 ** rng.uniform(-2, 1)
        point = abs(point) if low == 0 else point
        bottom, top = domain.y_range
        label = rng.uniform(0, 1) if top == 1 else 10 ** rng.uniform(-2, 1.3)
        label = -label if bottom < 0 and rng.random() < 0.5 else label
        label = 0.0 if rng.random() < 0.1 else 1.0 if rng.random() < 0.05 else label
        found.append((Rational(*point.as_integer_ratio()), Rational(*label.as_integer_ratio())))
    return found


def gradient(loss: Loss, point: Rational, label: Rational) -> mpf:
    """The derivative in 60 digits, from the formula as written."""
    return precise(loss.expression, {yhat: point, y: label, eps: exact_number(loss.eps_value)}, 60)[1]


def wanted(domain: Domain, point: Rational, label: Rational) -> int:
    """The sign that the gradient should have."""
    with mp.workdps(60):
        mean = (
            mp.exp(mpf(int(point.p)) / int(point.q))
            if domain.input == "log"
            else mpf(int(point.p)) / int(point.q)
        )
        return int(mp.sign(mean - mpf(int(label.p)) / int(label.q)))


def contradiction(loss: Loss, report: CheckReport, rng: random.Random) -> str | None:
    """Return what 60 digits say against a report, None where they agree with it."""
    with mp.workdps(60):
        return _contradiction(loss, report, rng)


def _contradiction(loss: Loss, report: CheckReport, rng: random.Random) -> str | None:
    (proof,) = report.direction
    if report.verdict == "invalid" and proof.witness is not None and not proof.zero:
        point, label = (Rational(*float(v).as_integer_ratio()) for v in (proof.witness.yhat, proof.witness.y))
        slope = gradient(loss, point, label)
        if math.isnan(proof.witness.gradient):
            return "the witness is a real number" if is_real(slope) else None
        side = wanted(loss.domain, point, label)
        return (
            None if is_real(slope) and slope * side < 0 else f"no witness: {float(slope)} at {point}, {label}"
        )
    if report.verdict != "valid":
        return None
    for point, label in pairs(loss.domain, rng, 40):
        slope = gradient(loss, point, label)
        if not is_real(slope):
            if label not in (0, 1) or "not a number" not in proof.note:
                return f"not a real number at {float(point)}, {float(label)}"
        elif slope * wanted(loss.domain, point, label) < -1e-40:
            return f"gradient {float(slope)} at {float(point)}, {float(label)}"
    return _against_properties(loss, report, rng)


def _against_properties(loss: Loss, report: CheckReport, rng: random.Random) -> str | None:
    points = pairs(loss.domain, rng, 20)
    if report.properties["convex"].status == "proved":
        for (a, label), (b, _) in itertools.pairwise(points):
            first, second = gradient(loss, min(a, b), label), gradient(loss, max(a, b), label)
            if is_real(first) and is_real(second) and first > second + mpf(10) ** -40 * (1 + abs(first)):
                return f"not convex between {float(a)} and {float(b)} for y = {float(label)}"
    bound = report.properties["bounded_gradient"]
    if bound.status == "proved":
        for point, label in points:
            slope = gradient(loss, point, label)
            if is_real(slope) and abs(slope) > mpf(bound.value) * (1 + mpf(10) ** -9):
                return f"gradient {float(slope)} above the bound {bound.value}"
    if report.properties["elicits"].value == "mean":
        for (_, one), (_, two) in itertools.pairwise(points):
            mean = (one + 2 * two) / 3
            if mean in (one, two) or 0 in (one, two) or (loss.domain.y_range[1] == 1 and 1 in (one, two)):
                continue
            with mp.workdps(60):
                place = mp.log(mpf(int(mean.p)) / int(mean.q)) if loss.domain.input == "log" else mean
                slopes = [gradient(loss, place, label) for label in (one, two)]
                total = slopes[0] + 2 * slopes[1]
                if is_real(total) and abs(total) > mpf(10) ** -40 * (1 + abs(slopes[0])):
                    return f"the mean of {float(one)} and {float(two)} is not stationary"
    return None
