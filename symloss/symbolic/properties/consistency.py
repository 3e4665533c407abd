"""Fisher consistency: the prediction that minimises the expected loss, as a function of P(y = 1)."""

from __future__ import annotations

from itertools import pairwise

from sympy import Expr
from sympy.polys.polyerrors import BasePolynomialError

from symloss.formula.spec import LossSpec
from symloss.ops.protected import sigmoid
from symloss.signature import eps, yhat
from symloss.symbolic.arithmetic.precise import precise
from symloss.symbolic.arithmetic.tape import UnsupportedFunctionError
from symloss.symbolic.direction.proof import DirectionProof, Property
from symloss.symbolic.field.convert import Converter
from symloss.symbolic.field.smooth import derivative
from symloss.symbolic.pieces.common_cells import Cell, common_cells
from symloss.symbolic.pieces.resolve import Piece, label_pieces
from symloss.symbolic.properties.closed_form import solved_for_prediction
from symloss.symbolic.roots.endpoint_order import end_text
from symloss.symbolic.signs.limits import limit_at
from symloss.symbolic.signs.sign_changes import INNER_EPS
from symloss.symbolic.signs.sign_proof import prove_sign
from symloss.symbolic.undecided import Deadline, UndecidedError


def consistency(
    loss: LossSpec,
    zero: tuple[Piece, ...],
    one: tuple[Piece, ...],
    direction: tuple[DirectionProof, ...],
    deadline: Deadline,
) -> dict[str, Property]:
    """Decide whether the best prediction increases with P(y = 1), and whether it equals P(y = 1).

    Args:
        loss: the loss; an open eps counts at its default value.
        zero, one: its pieces for y = 0 and y = 1, with eps fixed.
        direction: the proofs for y = 0 and y = 1.
        deadline: when to stop.
    """
    names = ("fisher_consistent", "proper")
    flat = next((proof for proof in direction if proof.zero), None)
    if flat is not None:
        detail = f"the gradient for y = {flat.label} is zero, so one prediction is best for every p"
        return {name: Property(name, "refuted", detail=detail) for name in names}
    cells = common_cells(zero, one)
    if any(proof.status != "proved" for proof in direction) and not _is_separated(cells, deadline):
        wrong = any(proof.status == "refuted" for proof in direction)
        detail = (
            "the direction is wrong for a label, so a best prediction may be anywhere"
            if wrong
            else "the direction is not settled"
        )
        return {name: Property(name, "undecided", detail=detail) for name in names}
    if cells is None:
        return {
            name: Property(name, "undecided", detail="breakpoints could not be put in order")
            for name in names
        }
    try:
        return _decide(loss, cells, deadline)
    except (UndecidedError, UnsupportedFunctionError, BasePolynomialError):
        return {name: Property(name, "undecided", detail="not settled in the time limit") for name in names}


def _is_separated(cells: list[Cell] | None, deadline: Deadline) -> bool:
    """Return whether g0 - g1 > 0 everywhere: then phi alone tells where the expected loss falls and where it rises.

    Its derivative is (g0 - g1) (phi - p). Where both directions are right, g0 - g1 >= 0 follows from them.
    """
    if cells is None:
        return False
    try:
        return all(
            prove_sign(cell.first.gradient - cell.second.gradient, cell.low, cell.high, 1, deadline).strict
            is True
            for cell in cells
        )
    except (UndecidedError, UnsupportedFunctionError, BasePolynomialError):
        return False


def _decide(loss: LossSpec, cells: list[Cell], deadline: Deadline) -> dict[str, Property]:
    shares = [_share(cell, deadline) for cell in cells]
    inner = [
        (cell, share)
        for cell, share in zip(cells, shares, strict=True)
        if share is None or not _is_one_sided(cell, deadline)
    ]
    closed = _closed_form(loss, inner, deadline) if len(inner) == 1 else ""
    status, detail = "proved", ""
    for cell, share in inner:
        if share is None:
            status, detail = (
                "refuted",
                f"the loss is flat for both labels around yhat = {float(cell.inside):.6g}",
            )
            break
        slope = derivative(share, yhat)
        proof = prove_sign(slope, cell.low, cell.high, 1, deadline)
        if proof.zero:
            p = float(precise(share, {yhat: cell.inside})[0])
            status, detail = "refuted", _jump(cell, p)
            break
        if proof.status == "refuted":
            place = float(proof.witness) if proof.witness is not None else float(cell.inside)
            status = "refuted"
            detail = (
                f"around yhat = {place:.6g} the expected loss has a maximum, not a minimum, for the p that "
            )
            detail += "makes it stationary there: the best prediction jumps over that place"
            break
        if proof.status == "undecided":
            status, detail = "undecided", "the sign of a derivative is not settled"
    if status == "proved":
        status, detail = _across(cells, shares)
    ends = _end_shares(cells, shares, deadline)
    if status == "proved" and ends is not None:
        detail = _range_text(ends)
    value = f"yhat*(p) = {closed}" if closed and status == "proved" else None
    if value and ends is not None and not loss.takes_score and (ends[0] > 1e-12 or ends[1] < 1 - 1e-12):
        value += ", clipped to (0, 1)"
    return {
        "fisher_consistent": Property("fisher_consistent", status, value, detail),
        "proper": _proper(loss, cells, shares, inner, status == "proved", deadline),
    }


def _jump(cell: Cell, p: float) -> str:
    """Say what a constant phi strictly between 0 and 1 means."""
    low, high = end_text(cell.low), end_text(cell.high)
    return (
        f"the expected loss increases over all of ({low}, {high}) for p below {p:.6g} and decreases for p above: "
        f"the best yhat jumps from {low} to {high} at p = {p:.6g}, so it tells classes apart but does not rank"
    )


def _is_one_sided(cell: Cell, deadline: Deadline) -> bool:
    """Return whether exactly one label has a zero gradient on a cell: it is then best for p = 0 or p = 1 only."""
    return any(
        Converter(deadline, {yhat: cell.inside}).element(piece.gradient).is_zero
        for piece in (cell.first, cell.second)
    )


def _share(cell: Cell, deadline: Deadline) -> Expr | None:
    """Return phi = g0/(g0 - g1), reduced, or None where both gradients vanish."""
    converter = Converter(deadline, {yhat: cell.inside, eps: INNER_EPS})
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


def _proper(
    loss: LossSpec,
    cells: list[Cell],
    shares: list[Expr | None],
    inner: list[tuple[Cell, Expr | None]],
    unique: bool,
    deadline: Deadline,
) -> Property:
    """Decide whether phi(yhat) = yhat; `unique` says that phi(yhat) = p makes yhat the best prediction for p."""
    # The prediction is a probability itself, or the logit of one.
    target: Expr = sigmoid(yhat) if loss.takes_score else yhat
    everywhere = list(zip(cells, shares, strict=True))
    for cell, share in inner or everywhere:
        if share is None:
            detail = f"the loss is flat around yhat = {float(cell.inside):.6g}"
            return Property("proper", "refuted", detail=detail)
        for point in cell.points():
            value = precise(share, {yhat: point})[0]
            wanted = precise(target, {yhat: point})[0]
            if abs(value - wanted) > 1e-30:
                detail = f"yhat = {float(point):.6g} is best for p = {float(value):.6g}"
                if not unique:
                    detail = f"for p = {float(wanted):.6g} the best yhat is not the one that says so"
                witness = {"yhat": float(point), "p": float(value)}
                return Property("proper", "refuted", detail=detail, witness=witness)
    for cell, share in everywhere:
        if share is None or not Converter(deadline, {yhat: cell.inside}).element(share - target).is_zero:
            return Property("proper", "undecided")
    return Property("proper", "proved", "sigmoid(yhat*(p)) = p" if loss.takes_score else "yhat*(p) = p")


def _closed_form(loss: LossSpec, inner: list[tuple[Cell, Expr | None]], deadline: Deadline) -> str:
    """Return yhat*(p) as a formula from the one cell that it lies in, with an open eps left open if that works."""
    ((cell, share),) = inner
    if share is None or deadline.passed:
        return ""
    if loss.has_eps and loss.eps is None:
        text = _with_open_eps(loss, cell, deadline)
        if text:
            return text
    return solved_for_prediction(share, cell.inside, loss.eps_value)


def _with_open_eps(loss: LossSpec, cell: Cell, deadline: Deadline) -> str:
    try:
        zero, one = (label_pieces(loss, label, deadline) for label in (0, 1))
        if len(zero) != 1 or len(one) != 1:
            return ""
        open_cell = Cell(cell.low, cell.high, zero[0], one[0], cell.inside)
        share = _share(open_cell, deadline)
    except UndecidedError:
        return ""
    return "" if share is None else solved_for_prediction(share, cell.inside, loss.eps_value)
