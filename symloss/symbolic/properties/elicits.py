"""What the best constant prediction is under a loss: the mean, the median, a quantile or an expectile of y.

The expected loss is stationary at the mean of every distribution exactly if the gradient is
w(yhat) (yhat - y); at a quantile if it is w(yhat) on either side of y, up to a constant factor between
the sides; at an expectile if it is w(yhat) (yhat - y) on either side, up to such a factor (Gneiting 2011).
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr, Rational, sign, sstr

from symloss.formula.spec import LossSpec
from symloss.signature import y, yhat
from symloss.symbolic.arithmetic.precise import is_real, precise
from symloss.symbolic.direction.proof import Property
from symloss.symbolic.field.convert import Converter
from symloss.symbolic.field.smooth import derivative
from symloss.symbolic.pieces.resolve import label_expression
from symloss.symbolic.signs.one_sign_region import sides_of
from symloss.symbolic.undecided import Deadline, UndecidedError

_NAME = "elicits"


@dataclass(frozen=True)
class _Side:
    """The gradient on one side of y: `weight` times 1 (kind "step") or times yhat - y (kind "line"), free of y."""

    kind: str
    weight: Expr


def elicits(loss: LossSpec, is_right: bool, deadline: Deadline) -> Property:
    """Say what a loss elicits.

    Args:
        loss: one of labels that fill an interval, eps fixed, not one of the logarithm of the mean.
        is_right: whether its direction is proved.
        deadline: when to stop.

    Raises:
        UndecidedError: the gradient is out of reach.
    """
    if not is_right:
        return Property(_NAME, "undecided", detail="the direction is not proved")
    found: dict[int, _Side] = {}
    for region, want in sides_of(loss.domain):
        converter = Converter(deadline, region.inside, region.sign)
        element = converter.tower.slope(converter.element(label_expression(loss, y)))
        gradient = converter.expression(element)
        if gradient.has(sign):
            return Property(_NAME, "undecided", detail="the gradient switches between y and yhat")
        side = _side(gradient, converter, region.inside)
        if side is None:
            return Property(
                _NAME,
                "refuted",
                detail="neither the mean nor a quantile nor an expectile of y is always best",
            )
        known = found.setdefault(want, side)
        if known.kind != side.kind or not converter.element(known.weight - side.weight).is_zero:
            return Property(
                _NAME, "undecided", detail="the gradient differs between negative and positive labels"
            )
    above, below = found[1], found[-1]
    if above.kind != below.kind:
        return Property(
            _NAME, "refuted", detail="neither the mean nor a quantile nor an expectile of y is always best"
        )
    converter = Converter(deadline, {yhat: Rational(37, 101)})
    ratio = converter.expression(converter.element(above.weight / below.weight))
    if yhat in ratio.free_symbols:
        return Property(
            _NAME, "refuted", detail="neither the mean nor a quantile nor an expectile of y is always best"
        )
    return _named(above.kind, ratio)


def _side(gradient: Expr, converter: Converter, inside: dict[Expr, Rational] | object) -> _Side | None:
    """Return the form of a gradient on one side of y; None where it provably has neither.

    Raises:
        UndecidedError: that was not settled.
    """
    weights = {"step": gradient, "line": gradient / (yhat - y)}
    for kind, weight in weights.items():
        if not converter.element(derivative(weight, y)).is_zero:
            continue
        free = converter.expression(converter.element(weight))
        if y in free.free_symbols:
            raise UndecidedError("the gradient could not be written without y")
        return _Side(kind, free)
    assert isinstance(inside, dict)
    if all(_depends_on_label(weight, inside) for weight in weights.values()):
        return None
    raise UndecidedError("whether the gradient depends on y is not settled")


def _depends_on_label(weight: Expr, inside: dict[Expr, Rational]) -> bool:
    slope = precise(derivative(weight, y), inside)[0]
    return bool(is_real(slope) and abs(slope) > 1e-30)


def _named(kind: str, ratio: Expr) -> Property:
    """Name what is elicited; `ratio` is that of the weights above and below y."""
    if kind == "line":
        level = 1 / (1 + ratio)
        if level == Rational(1, 2):
            return Property(_NAME, "proved", "mean", "the best yhat is the mean of y")
        return Property(_NAME, "proved", f"{_text(level)}-expectile", "the best yhat is this expectile of y")
    level = 1 / (1 - ratio)
    if level == Rational(1, 2):
        return Property(_NAME, "proved", "median", "the best yhat is the median of y")
    return Property(
        _NAME, "proved", f"{_text(level)}-quantile", f"the share {_text(level)} of labels lies below it"
    )


def _text(level: Expr) -> str:
    level = level.factor() if level.is_Rational else level
    if level.is_Rational:
        decimal = f"{float(level):.6g}"
        return decimal if Rational(decimal) == level else sstr(level)
    return f"{float(level):.6g}"
