"""The supremum of |gradient|: from the limits at the ends of the pieces and the critical points between them.

Where a gradient is monotone on a piece, or the largest value found lies at an end and no value
between is larger, the supremum is a limit, known exactly; so it is at a critical point that is a root of
a polynomial of low degree. Elsewhere a bound is found by sampling, rounded upwards and then proved.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal

import numpy as np
import sympy
from sympy import Expr, Integer, Rational, sstr

from symloss.formula.spec import LossSpec
from symloss.ops.construct import exact_number
from symloss.signature import DEFAULT_EPS, eps, yhat
from symloss.symbolic.arithmetic.float_dual import point_values
from symloss.symbolic.arithmetic.precise import precise
from symloss.symbolic.arithmetic.tape import Tape
from symloss.symbolic.direction.proof import Property
from symloss.symbolic.field.convert import Converter
from symloss.symbolic.field.smooth import derivative
from symloss.symbolic.pieces.resolve import Piece, label_pieces
from symloss.symbolic.roots.endpoint import Endpoint
from symloss.symbolic.roots.endpoint_order import end_text, inner_rational
from symloss.symbolic.roots.real_roots import LARGEST_DEGREE, as_poly, roots_between
from symloss.symbolic.signs.limits import limit_at
from symloss.symbolic.signs.sign_proof import prove_sign
from symloss.symbolic.undecided import Deadline, UndecidedError

Pieces = dict[int, tuple[Piece, ...]]

_NAME = "bounded_gradient"
_SHORT = 60
"""Constants with more operations are shown as decimals only."""

_LARGEST = 100
"""Critical points of gradients with more operations are not looked for: SymPy has no time limit."""


@dataclass(frozen=True)
class Value:
    """A value of |gradient|: its size, where it is found, and the value itself where it is known exactly."""

    size: float
    where: str
    exact: Expr | None = None
    end: Endpoint | None = None
    piece: int = 0


class UnboundedError(Exception):
    """The gradient of a piece explodes at one of its ends."""


def bounded_gradient(loss: LossSpec, pieces: Pieces, deadline: Deadline) -> Property:
    """Decide whether |gradient| is bounded, with its supremum.

    Args:
        loss: the loss; an open eps counts at its default value, and the supremum is also shown as a formula in eps.
        pieces: its pieces by label, with eps fixed.
        deadline: when to stop.

    Raises:
        UndecidedError: time is up.
    """
    texts: list[str] = []
    explodes: list[str] = []
    unknown: list[str] = []
    sizes: list[float] = []
    exact = True
    for label, group in pieces.items():
        try:
            found = [supremum(piece, number, deadline) for number, piece in enumerate(group)]
        except UnboundedError as error:
            explodes.append(f"for y = {label} it explodes {error}")
            continue
        if any(value is None for value in found):
            unknown.append(f"no bound is proved for y = {label}")
            continue
        best = max((value for value in found if value is not None), key=lambda value: value.size)
        exact &= best.exact is not None
        sizes.append(best.size)
        texts.append(_text(loss, label, best, deadline))
    if explodes:
        return Property(_NAME, "refuted", "infinity", "; ".join(explodes))
    if unknown:
        return Property(_NAME, "undecided", detail="; ".join(unknown))
    scope = f" (eps = {DEFAULT_EPS:g})" if loss.has_eps and loss.eps is None else ""
    lead = "the supremum is" if exact else "at most"
    return Property(_NAME, "proved", max(sizes), f"{lead} {', '.join(texts)}{scope}")


def _text(loss: LossSpec, label: int, best: Value, deadline: Deadline) -> str:
    number = f"{best.size:.6g}"
    if best.exact is None and float(number) < best.size:
        number = _rounded_up(best.size)
    symbolic = _in_eps(loss, label, best, deadline)
    if symbolic:
        number = f"{symbolic} = {number}"
    elif best.exact is not None and best.exact.count_ops() <= _SHORT // 4 and not best.exact.is_Rational:
        number = f"{sstr(best.exact)} = {number}"
    return f"{number} for y = {label}" + (f" ({best.where})" if best.where else "")


def _in_eps(loss: LossSpec, label: int, best: Value, deadline: Deadline) -> str:
    """Return the supremum as a formula in an open eps, if it is a limit at an end of the domain."""
    if not (loss.has_eps and loss.eps is None) or best.exact is None or best.size == 0:
        return ""
    try:
        group = label_pieces(loss, label, deadline)
        if best.piece >= len(group):
            return ""
        gradient = group[best.piece].gradient
        if eps not in gradient.free_symbols or gradient.count_ops() > _SHORT:
            return ""
        if best.end is not None:
            if not best.end.is_rational:
                return ""
            gradient = gradient.xreplace({yhat: best.end.low})
        if yhat in gradient.free_symbols or gradient.has(sympy.nan, sympy.zoo, sympy.oo):
            return ""
        value = sympy.factor(gradient)
        size = value.subs(eps, exact_number(DEFAULT_EPS))
        if abs(abs(size) - best.exact).evalf(30) > abs(size).evalf(15) * sympy.Float("1e-20"):
            return ""
        text: str = sstr(value if size > 0 else -value)
        return text
    except UndecidedError:
        return ""


def supremum(piece: Piece, number: int, deadline: Deadline) -> Value | None:
    """Return the supremum of |gradient| on a piece, or an upper bound of it (then not exact), or None."""
    gradient = piece.gradient
    if gradient.is_number:
        return Value(abs(float(gradient.evalf(20))), "", abs(gradient), None, number)
    element = Converter(deadline, {yhat: inner_rational(piece.low, piece.high)}).element(gradient)
    if element.is_zero:
        return Value(0.0, "", Integer(0), None, number)
    ends = [
        _at_end(gradient, end, side, number, deadline) for end, side in ((piece.low, 1), (piece.high, -1))
    ]
    known = [value for value in ends if value is not None]
    if len(known) == 2:
        best = max(known, key=lambda value: value.size)
        if _monotone(piece, deadline):
            return best
        if best.exact is not None and _below(gradient, piece, best.exact, deadline):
            return best
    known += _critical(piece, number, deadline)
    if known:
        best = max(known, key=lambda value: value.size)
        if best.exact is not None and _below(gradient, piece, best.exact, deadline):
            return best
    return _sampled_bound(piece, number, known, deadline)


def _at_end(gradient: Expr, end: Endpoint, side: int, number: int, deadline: Deadline) -> Value | None:
    """Return |gradient| at an end, exactly where the end is rational or infinite."""
    where = f"as yhat tends to {end_text(end)}"
    if end.is_infinite or end.is_rational:
        limit = limit_at(gradient, end, side, deadline)
        if limit is None:
            return None
        if limit.kind == "explodes":
            raise UnboundedError(where)
        assert limit.value is not None
        exact = None if limit.exact is None else abs(limit.exact)
        return Value(abs(limit.value), where, exact, end, number)
    if end.low is None:
        return None
    near = end.refine(Rational(1, 10**40))
    value = abs(precise(gradient, {yhat: (near.low + near.high) / 2})[0])
    exact = None
    if end.closed_form is not None and end.closed_form.count_ops() < _SHORT // 4:
        exact = abs(gradient.xreplace({yhat: end.closed_form}))
        exact = exact if exact.is_comparable else None
    size = float(value) if exact is not None else math.nextafter(float(value), math.inf)
    return Value(size, where, exact, None, number) if math.isfinite(size) else None


def _monotone(piece: Piece, deadline: Deadline) -> bool:
    slope = derivative(piece.gradient, yhat)
    values = point_values(Tape.of(slope), yhat, sample_points(piece)[::7])
    if (values > 0).any() and (values < 0).any():
        return False
    want = -1 if (values < 0).any() else 1
    return prove_sign(slope, piece.low, piece.high, want, deadline).status == "proved"


def _below(gradient: Expr, piece: Piece, bound: Expr, deadline: Deadline) -> bool:
    """Return whether |gradient| <= bound is proved on a piece."""
    return all(
        prove_sign(bound - side * gradient, piece.low, piece.high, 1, deadline).status == "proved"
        for side in (1, -1)
    )


def _critical(piece: Piece, number: int, deadline: Deadline) -> Iterator[Value]:
    """Yield |gradient| at its critical points, where they are roots of polynomials of low degree."""
    gradient, low, high = piece.gradient, piece.low, piece.high
    if gradient.count_ops() > _LARGEST or deadline.passed:
        return
    in_exponential = False
    if not gradient.is_rational_function(yhat):
        if not (low.is_infinite and high.is_infinite):
            return
        replaced = _by_exponential(gradient, deadline)
        if replaced is None:
            return
        gradient, in_exponential = replaced, True
        low, high = Endpoint.rational(Rational(0)), Endpoint.infinite(1)
    gradient = sympy.together(gradient)
    numerator = sympy.fraction(sympy.together(derivative(gradient, yhat)))[0]
    if not numerator.is_polynomial(yhat) or sympy.degree(numerator, yhat) > LARGEST_DEGREE:
        return
    if not all(coefficient.is_Rational for coefficient in sympy.Poly(numerator, yhat).coeffs()):
        return
    for factor, _ in as_poly(numerator).factor_list()[1]:
        if not 1 <= factor.degree() <= 2:
            continue
        candidates = list(sympy.roots(factor))
        for root in roots_between(factor, low, high, deadline):
            middle = float(sum(root) / 2)
            place = min(candidates, key=lambda r: abs(complex(r.evalf(20)) - middle))
            size = abs(sympy.radsimp(gradient.xreplace({yhat: place})))
            if size.is_comparable:
                inside = sympy.log(place) if in_exponential else place
                yield Value(float(size.evalf(20)), f"at yhat = {sstr(inside)}", size, None, number)


def _by_exponential(gradient: Expr, deadline: Deadline) -> Expr | None:
    """Return a rational function of exp(yhat) as one of yhat, None where the gradient is not one."""
    converter = Converter(deadline, {yhat: Rational(1, 7)})
    written = converter.expression(converter.element(gradient))
    powers: dict[Expr, Expr] = {}
    for node in written.atoms(sympy.exp):
        share = node.args[0] / yhat
        if not share.is_Integer:
            return None
        powers[node] = yhat**share
    hidden = written.xreplace({node: Integer(1) for node in powers})
    return None if yhat in hidden.free_symbols else written.xreplace(powers)


def _sampled_bound(piece: Piece, number: int, known: list[Value], deadline: Deadline) -> Value | None:
    """Return a proved bound a little above the largest value found by sampling."""
    tape = Tape.of(piece.gradient)
    points = sample_points(piece)
    sizes = np.abs(point_values(tape, yhat, points))
    sizes = np.where(np.isfinite(sizes), sizes, 0.0)
    top = int(np.argmax(sizes))
    low, high = points[max(0, top - 1)], points[min(len(points) - 1, top + 1)]
    near = np.linspace(low, high, 2001)
    close = np.abs(point_values(tape, yhat, near))
    close = np.where(np.isfinite(close), close, 0.0)
    best = int(np.argmax(close))
    place, largest = float(near[best]), float(max(close[best], sizes[top]))
    if known:
        end = max(known, key=lambda value: value.size)
        if end.size > largest:
            place, largest = math.nan, end.size
    if largest > 1e300:
        return None
    for margin in (1e-7, 1e-4, 1e-2):
        bound = float(_rounded_up(largest * (1 + margin)))
        if _below(piece.gradient, piece, Rational(repr(bound)), deadline):
            where = "" if math.isnan(place) else f"near yhat = {place:.6g}"
            return Value(bound, where, None, None, number)
    return None


def _rounded_up(value: float) -> str:
    """Return a decimal of six digits that is not below a number."""
    return f"{Context(6, ROUND_CEILING).create_decimal(Decimal(value)):g}" if value else "0"


def sample_points(piece: Piece) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return points of a piece in order, dense towards its ends."""
    low, high = piece.low.approximation, piece.high.approximation
    near = 2.0 ** -np.arange(1.0, 45.0)
    if np.isinf(low) or np.isinf(high):
        steps = np.concatenate([near, np.linspace(1, 40, 200)])
        both = np.concatenate([-steps, steps])
        found = both if np.isinf(low) and np.isinf(high) else low + steps if np.isinf(high) else high - steps
    else:
        found = low + (high - low) * np.concatenate([near, 1 - near, np.linspace(0, 1, 501)[1:-1]])
    return np.unique(found)
