"""Fisher consistency: the prediction that minimises the expected loss, as a function of P(y = 1)."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import sympy
from sympy import Expr

from symloss.domain import eps, y, yhat
from symloss.loss import Loss
from symloss.ops.protected import sigmoid
from symloss.symbolic.convert import Converter
from symloss.symbolic.float_dual import value_and_slope
from symloss.symbolic.limits import limit_at
from symloss.symbolic.overlap import Cell, common_cells
from symloss.symbolic.pieces import Piece
from symloss.symbolic.precise import precise
from symloss.symbolic.report import DirectionProof, Property
from symloss.symbolic.sign_proof import prove_sign
from symloss.symbolic.smooth import derivative
from symloss.symbolic.tape import Tape, UnsupportedFunctionError
from symloss.symbolic.undecided import Deadline, UndecidedError

_P = sympy.Symbol("p", positive=True)


def consistency(
    loss: Loss,
    zero: tuple[Piece, ...],
    one: tuple[Piece, ...],
    direction: tuple[DirectionProof, ...],
    deadline: Deadline,
) -> dict[str, Property]:
    """Decide whether the best prediction increases with P(y = 1), and whether it equals P(y = 1).

    Args:
        loss: the loss, eps fixed.
        zero, one: its pieces for y = 0 and y = 1.
        direction: the proofs for y = 0 and y = 1.
        deadline: when to stop.
    """
    names = ("fisher_consistent", "proper")
    if any(proof.status == "refuted" for proof in direction):
        detail = "the direction is wrong for a label, so a best prediction may be anywhere"
        return {name: Property(name, "undecided", detail=detail) for name in names}
    if any(proof.status != "proved" for proof in direction):
        return {name: Property(name, "undecided", detail="the direction is not settled") for name in names}
    cells = common_cells(zero, one)
    if cells is None:
        return {
            name: Property(name, "undecided", detail="breakpoints could not be put in order")
            for name in names
        }
    try:
        return _decide(loss, cells, deadline)
    except (UndecidedError, UnsupportedFunctionError):
        return {name: Property(name, "undecided", detail="not settled in the time limit") for name in names}


def _decide(loss: Loss, cells: list[Cell], deadline: Deadline) -> dict[str, Property]:
    shares = [_share(cell, deadline) for cell in cells]
    closed = _closed_form(cells, shares, deadline)
    status, detail = "proved", ""
    for cell, share in zip(cells, shares, strict=True):
        if share is None:
            status, detail = (
                "refuted",
                f"the loss is flat for both labels around yhat = {float(cell.inside):.6g}",
            )
            break
        slope = derivative(share, yhat)
        proof = prove_sign(slope, cell.low, cell.high, 1, deadline)
        if proof.status == "refuted" or proof.zero:
            status = "refuted"
            place = float(proof.witness) if proof.witness is not None else float(cell.inside)
            detail = (
                f"no share of positives has its best prediction around yhat = {place:.6g}: it jumps across"
            )
            break
        if proof.status == "undecided":
            status, detail = "undecided", "the sign of a derivative is not settled"
    if status == "proved":
        status, detail = _across(cells, shares)
    ends = _end_shares(cells, shares, deadline)
    if status == "proved" and ends is not None:
        detail = _range_text(ends)
    value = f"yhat*(p) = {closed}" if closed else None
    return {
        "fisher_consistent": Property("fisher_consistent", status, value, detail),
        "proper": _proper(loss, cells, shares, deadline),
    }


def _share(cell: Cell, deadline: Deadline) -> Expr | None:
    """Return phi = g0/(g0 - g1), reduced, or None where both gradients vanish."""
    converter = Converter(deadline, {yhat: cell.inside})
    tower = converter.tower
    first, second = converter.element(cell.first.gradient), converter.element(cell.second.gradient)
    below = tower.add(first, tower.negative(second))
    if below.is_zero:
        return None
    return converter.expression(tower.multiply(first, tower.reciprocal(below)))


def _across(cells: list[Cell], shares: list[Expr | None]) -> tuple[str, str]:
    """Decide whether phi also increases over the breakpoints: a step down makes the best prediction ambiguous."""
    for (left, _), (before, after) in zip(pairwise(cells), pairwise(shares), strict=True):
        place = left.high
        if before is None or after is None or place.low is None or place.high is None:
            return "undecided", ""
        point = {yhat: (place.low + place.high) / 2}
        step = precise(after - before, point)[0]
        if step < -1e-9:
            return "refuted", f"it jumps at yhat = {place.approximation:.6g}"
        if step > 1e-9:
            return (
                "refuted",
                f"many shares of positives have the same best prediction, yhat = {place.approximation:.6g}",
            )
    return "proved", ""


def _end_shares(
    cells: list[Cell], shares: list[Expr | None], deadline: Deadline
) -> tuple[float, float] | None:
    first, last = shares[0], shares[-1]
    if first is None or last is None:
        return None
    low = limit_at(first, cells[0].low, 1, deadline)
    high = limit_at(last, cells[-1].high, -1, deadline)
    if low is None or high is None or low.value is None or high.value is None:
        return None
    return low.value, high.value


def _range_text(ends: tuple[float, float]) -> str:
    low, high = ends
    parts = []
    if low > 1e-12:
        parts.append(f"the smallest yhat is best for every p up to {low:.6g}")
    if high < 1 - 1e-12:
        parts.append(f"the largest yhat is best for every p from {high:.6g}")
    return "; ".join(parts) or "for every p the best prediction lies inside of the domain"


def _proper(loss: Loss, cells: list[Cell], shares: list[Expr | None], deadline: Deadline) -> Property:
    # The prediction is a probability itself, or the logit of one.
    target: Expr = sigmoid(yhat) if loss.takes_score else yhat
    for cell, share in zip(cells, shares, strict=True):
        if share is None:
            return Property(
                "proper", "refuted", detail=f"the loss is flat around yhat = {float(cell.inside):.6g}"
            )
        for point in cell.points():
            value = precise(share, {yhat: point})[0]
            if abs(value - precise(target, {yhat: point})[0]) > 1e-30:
                detail = f"yhat = {float(point):.6g} is best for p = {float(value):.6g}"
                return Property(
                    "proper", "refuted", detail=detail, witness={"yhat": float(point), "p": float(value)}
                )
    for cell, share in zip(cells, shares, strict=True):
        if not Converter(deadline, {yhat: cell.inside}).element(share - target).is_zero:
            return Property("proper", "undecided")
    return Property("proper", "proved", "sigmoid(yhat*(p)) = p" if loss.takes_score else "yhat*(p) = p")


def _closed_form(cells: list[Cell], shares: list[Expr | None], deadline: Deadline) -> str:
    """Solve phi(yhat) = p where it is a quotient of polynomials of degree at most 2 on one cell."""
    if len(cells) != 1 or shares[0] is None or deadline.passed:
        return ""
    share = shares[0]
    u = sympy.Symbol("u", positive=True)
    exponentials = {
        node.args[-1]
        for node in share.atoms(sympy.Pow, sympy.exp)
        if node.func is sympy.exp or node.base is sympy.E
    }
    if exponentials == {yhat}:
        share, unknown = share.xreplace({sympy.exp(yhat, evaluate=False): u, sympy.exp(yhat): u}), u
    else:
        unknown = yhat
    if not share.is_rational_function(unknown) or share.free_symbols - {unknown}:
        return ""
    top, below = sympy.fraction(sympy.together(share))
    equation = sympy.Poly(top - _P * below, unknown)
    if not 1 <= equation.degree() <= 2:
        return ""
    solutions = sympy.roots(equation)
    inside = cells[0].inside
    target = precise(shares[0], {yhat: inside})[0]
    wanted = float(inside) if unknown is yhat else math.exp(float(inside))
    for solution in solutions:
        value = complex(solution.subs(_P, sympy.Float(str(target), 30)).evalf(20))
        if abs(value - wanted) < 1e-9 * (1 + abs(wanted)):
            text = sympy.sstr(sympy.factor(solution) if equation.degree() == 1 else solution)
            return f"log({text})" if unknown is u else text
    return ""


def best_prediction(loss: Loss, p: float) -> float:
    """Return the prediction that minimises the expected loss for P(y = 1) = p, numerically.

    Args:
        loss: a loss with binary labels; an open eps is taken as `loss.eps_value`.
        p: in [0, 1].
    """
    tape = Tape.of(loss.expression)
    low, high = (-40.0, 40.0) if loss.takes_score else (0.0, 1.0)
    tiny = 0.0 if loss.takes_score else 2.0**-60

    def expected(
        points: np.ndarray[tuple[int], np.dtype[np.float64]],
    ) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        one, _ = value_and_slope(tape, {yhat: points, y: 1.0, eps: loss.eps_value}, yhat)
        zero, _ = value_and_slope(tape, {yhat: points, y: 0.0, eps: loss.eps_value}, yhat)
        total = np.zeros(len(points))
        total += p * one if p > 0 else 0.0
        total += (1 - p) * zero if p < 1 else 0.0
        return np.where(np.isnan(total), np.inf, total)

    best = (low + high) / 2
    for _ in range(12):
        points = np.linspace(low + tiny, high - tiny, 2001)
        index = int(np.argmin(expected(points)))
        best = float(points[index])
        low, high, tiny = float(points[max(0, index - 2)]), float(points[min(2000, index + 2)]), 0.0
    return best
