"""Numeric evidence that two gradients differ, verified in 60 and 100 digits."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sympy
from mpmath import mp, mpf
from sympy import Expr, Rational

from symloss.formula.spec import LossSpec
from symloss.ops.construct import exact_number
from symloss.signature import Input, Labels, eps, y, yhat
from symloss.symbolic.arithmetic.precise import DIGITS, is_real, precise
from symloss.symbolic.roots.half_line import one_sign
from symloss.symbolic.undecided import Deadline

_UNIT_POINTS = tuple(Rational(n, 1009) for n in (11, 137, 301, 467, 613, 811, 983))
_LINE_POINTS = tuple(Rational(n, 97) for n in (-877, -211, -59, 13, 71, 157, 401))
_HALF_LINE_POINTS = tuple(Rational(n, 97) for n in (1, 13, 59, 131, 401, 877, 3989))
_POSITIVE_LABELS = (Rational(0), Rational(29, 53), Rational(1), Rational(149, 53), Rational(907, 53))
_UNIT_LABELS = (Rational(0), Rational(1), Rational(23, 89), Rational(61, 89))
_REAL_LABELS = (Rational(-101, 53), Rational(0), Rational(29, 53), Rational(1), Rational(149, 53))
_EPS_POINTS = (Rational(1, 29), Rational(1, 1000), Rational(3, 7))

_VISIBLE = mpf(10) ** -9
_SAME = mpf(10) ** -40
"""Below this relative difference two gradients of 60 digits are left to the exact test."""


@dataclass(frozen=True)
class Witness:
    """A point at which two gradients differ by more than a positive factor.

    Attributes:
        label: y there.
        yhat: the prediction, an exact rational number.
        gradient_a, gradient_b: the two gradients, rounded.
        eps: the value of an open eps there, else None.
    """

    label: Rational
    yhat: Rational
    gradient_a: float
    gradient_b: float
    eps: Rational | None = None

    def to_json(self) -> dict[str, float | None]:
        """Return plain numbers."""
        return {
            "label": float(self.label),
            "yhat": float(self.yhat),
            "gradient_a": plain_number(self.gradient_a),
            "gradient_b": plain_number(self.gradient_b),
            "eps": None if self.eps is None else float(self.eps),
        }


def plain_number(value: float) -> float | None:
    """Return a number for JSON; None for one that it does not have."""
    return value if math.isfinite(value) else None


def label_points(loss: LossSpec) -> tuple[Rational, ...]:
    """Return the labels to try."""
    values = loss.domain.label_values
    if values is not None:
        return tuple(Rational(value) for value in values)
    if loss.domain.labels is Labels.POSITIVE:
        return _POSITIVE_LABELS
    return _UNIT_LABELS if loss.domain.labels is Labels.UNIT else _REAL_LABELS


def prediction_points(loss: LossSpec) -> tuple[Rational, ...]:
    """Return the predictions to try."""
    if loss.domain.input is Input.POSITIVE:
        return _HALF_LINE_POINTS
    return _LINE_POINTS if loss.takes_score else _UNIT_POINTS


def eps_points(a: LossSpec, b: LossSpec) -> tuple[Rational | None, ...]:
    """Return the values of eps to try where it is open in a loss."""
    return _EPS_POINTS if any(loss.has_eps and loss.eps is None for loss in (a, b)) else (None,)


def numeric_gradient(
    loss: LossSpec, point: Rational, label: Any, open_eps: Rational | None, digits: int = DIGITS
) -> Any:
    """Return the gradient as an mpf, NaN where the loss is not real."""
    values: dict[sympy.Symbol, Any] = {yhat: point, y: label}
    if loss.has_eps:
        values[eps] = open_eps if loss.eps is None else exact_number(loss.eps)
    return precise(loss.expression, values, digits)[1]


@dataclass
class _Reference:
    """The first ratio found for a label (or for all labels), at one eps."""

    ratio: Any
    point: Rational
    label: Rational
    left: Any
    right: Any


def difference(
    a: LossSpec,
    b: LossSpec,
    points: Iterable[Rational],
    labels: Iterable[Rational],
    by_label: bool,
    deadline: Deadline,
) -> Witness | None:
    """Look for a point where the gradients of a and b are not the same up to one positive factor.

    Args:
        a, b: losses on the same domain.
        points: predictions to try.
        labels: labels to try.
        by_label: whether each label may have its own factor.
        deadline: when to stop.

    Returns:
        A witness that holds in 60 and in 100 digits, or None.

    Raises:
        UndecidedError: time is up.
    """
    points = tuple(points)
    for open_eps in eps_points(a, b):
        common: _Reference | None = None
        for label in labels:
            if by_label:
                common = None
            for point in points:
                deadline.check()
                left = numeric_gradient(a, point, label, open_eps)
                right = numeric_gradient(b, point, label, open_eps)
                outcome = _judge(left, right, common)
                if isinstance(outcome, bool):
                    if outcome and _confirmed(a, b, point, label, open_eps, common):
                        if common is not None and right and abs(left / right - 1) < _VISIBLE:
                            # Equal here, so the other point is the one that shows a difference.
                            point, label, left, right = common.point, common.label, common.left, common.right
                        return Witness(label, point, float(left), float(right), open_eps)
                elif common is None:
                    common = _Reference(outcome, point, label, left, right)
    return None


def undefined(
    a: LossSpec, b: LossSpec, points: Iterable[Rational], labels: Iterable[Rational], deadline: Deadline
) -> Witness | None:
    """Look for a point where just one of two losses is a real number; its gradient is NaN in the witness."""
    points = tuple(points)
    for open_eps in eps_points(a, b):
        for label in labels:
            for point in points:
                deadline.check()
                left, right = (numeric_gradient(loss, point, label, open_eps) for loss in (a, b))
                if is_real(left) != is_real(right):
                    return Witness(label, point, float(left), float(right), open_eps)
    return None


def _judge(left: Any, right: Any, common: _Reference | None) -> Any:
    """Return True for a difference, False where there is nothing to see, else the ratio left/right."""
    with mp.workdps(DIGITS):
        if not (is_real(left) and is_real(right)):
            # One not a real number where the other is one: a difference of another kind, told by the exact test.
            return False
        scale = max(abs(left), abs(right))
        if scale == 0:
            return False
        if min(abs(left), abs(right)) <= _SAME * scale:
            return scale > mpf(10) ** -30
        ratio = left / right
        if ratio < 0:
            return True
        if common is not None:
            return bool(abs(ratio - common.ratio) > _SAME * ratio)
        return ratio


def _confirmed(
    a: LossSpec,
    b: LossSpec,
    point: Rational,
    label: Rational,
    open_eps: Rational | None,
    common: _Reference | None,
) -> bool:
    """Repeat the comparison in 100 digits."""
    digits = 100
    with mp.workdps(digits):
        left = numeric_gradient(a, point, label, open_eps, digits)
        right = numeric_gradient(b, point, label, open_eps, digits)
        scale = max(abs(left), abs(right))
        if min(abs(left), abs(right)) <= _SAME * scale:
            return bool(scale > mpf(10) ** -30)
        ratio = left / right
        if ratio < 0:
            return True
        if common is None:
            return False
        other = numeric_gradient(a, common.point, common.label, open_eps, digits)
        other /= numeric_gradient(b, common.point, common.label, open_eps, digits)
        return bool(abs(ratio - other) > _SAME * ratio / 10)


def is_positive(factor: Expr) -> bool:
    """Return whether a factor (a number, or an expression in an open eps) is provably positive for all eps > 0."""
    if factor.is_number:
        return bool(precise(factor, {})[0] > 0)
    numerator, denominator = sympy.fraction(sympy.together(factor))
    if not (numerator.is_polynomial(eps) and denominator.is_polynomial(eps)):
        return False
    return one_sign(sympy.Poly(numerator, eps)) * one_sign(sympy.Poly(denominator, eps)) > 0
