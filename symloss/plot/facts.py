"""What is proved about a loss and can be drawn: breakpoints, the sign of the gradient piece by piece, witnesses."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from sympy import Expr, Rational

from symloss.loss import Loss
from symloss.plot.sample import prediction_range, shown_labels
from symloss.signature import DEFAULT_EPS, Input, Labels, yhat
from symloss.symbolic.arithmetic.float_dual import point_values
from symloss.symbolic.arithmetic.tape import Tape, UnsupportedFunctionError
from symloss.symbolic.direction.proved import resolved_pieces
from symloss.symbolic.direction.witness import verified_witness
from symloss.symbolic.pieces.resolve import Piece, label_pieces
from symloss.symbolic.roots.endpoint import Endpoint
from symloss.symbolic.signs.sign_proof import prove_sign
from symloss.symbolic.undecided import Deadline, UndecidedError
from symloss.symbolic.worker.ask import ask

_TRIED = 513
"""Points a piece is looked at for changes of sign."""


class Sign(StrEnum):
    """What is known of the gradient on an interval, as legends call it."""

    RIGHT = "proved: towards the label"
    WRONG = "proved: away from the label"
    ZERO = "gradient zero"
    UNDEFINED = "not a real number"
    OPEN = "sign not settled"


@dataclass(frozen=True)
class SignCell:
    """An open interval of yhat and what is known of the gradient's sign there."""

    low: float
    high: float
    sign: Sign


@dataclass(frozen=True)
class LabelFacts:
    """What is known of a loss at one label, within the drawn range.

    Attributes:
        label: the label.
        breakpoints: where a max, min, abs, sign or guard switches, or the loss has a pole.
        cells: from left to right; an isolated zero of the gradient may lie between two of them.
        witness: (yhat, gradient) with a proved wrong sign, or None.
    """

    label: float
    breakpoints: tuple[float, ...]
    cells: tuple[SignCell, ...]
    witness: tuple[float, float] | None = None


Facts = dict[float, LabelFacts]
"""Facts by label; a label whose pieces could not be found in time is missing."""


def facts_of(loss: Loss, *, time_limit: float = 0.5) -> Facts:
    """Find and prove what can be drawn, with an open eps at its default value.

    Args:
        loss: the loss.
        time_limit: seconds; what is not settled by then is drawn as such.
    """
    return dict(ask(label_facts, loss, time_limit, seconds=time_limit).parts)


def label_facts(loss: Loss, time_limit: float) -> Iterator[tuple[float, LabelFacts]]:
    """Yield labels and the facts on each, found in this process."""
    deadline = Deadline(time_limit)
    loss = loss.folded()
    fixed = loss.with_eps(DEFAULT_EPS) if loss.has_eps and loss.eps is None else loss
    try:
        tape = Tape.of(fixed.expression)
    except UnsupportedFunctionError:
        return
    binary = loss.domain.labels is Labels.BINARY
    pieces = resolved_pieces(fixed, deadline) if binary else {}
    for label in shown_labels(loss):
        try:
            own = pieces[int(label)] if binary else label_pieces(fixed, Rational(label), deadline)
        except (KeyError, UndecidedError):
            continue
        yield label, _label_facts(fixed, label, own, tape, deadline)


def breakpoints_of(loss: Loss, label: int, *, time_limit: float = 0.3) -> list[float]:
    """Return where a loss with binary labels switches or has a pole, at one label; nothing where that is not found."""
    return list(ask(places_of, loss, label, time_limit, seconds=time_limit).parts)


def places_of(loss: Loss, label: int, time_limit: float) -> Iterator[float]:
    """Yield the same, found in this process."""
    fixed = loss.with_eps(DEFAULT_EPS) if loss.has_eps and loss.eps is None else loss
    try:
        pieces = label_pieces(fixed, label, Deadline(time_limit))
    except (UndecidedError, UnsupportedFunctionError):
        return
    yield from [left.high.approximation for left, _ in pairwise(pieces)]


def _label_facts(
    loss: Loss, label: float, pieces: tuple[Piece, ...], tape: Tape, deadline: Deadline
) -> LabelFacts:
    low, high = prediction_range(loss)
    cells: list[SignCell] = []
    for piece in pieces:
        for left, right in _parts(piece, loss, label):
            want = _wanted(loss, label, left, right)
            cells += _cells(piece, left, right, want, deadline)
    # An end that is irrational but exactly at the edge is no breakpoint inside.
    places = [left.high.approximation for left, _ in pairwise(pieces)]
    return LabelFacts(
        label,
        tuple(place for place in places if low < place < high),
        tuple(cells),
        _witness(loss, label, cells, tape),
    )


def _parts(piece: Piece, loss: Loss, label: float) -> list[tuple[Endpoint, Endpoint]]:
    """Cut a piece to the drawn range, and at the label where labels fill an interval."""
    low, high = prediction_range(loss)
    left = piece.low if piece.low.approximation >= low else Endpoint.rational(Rational(int(low)), "domain")
    right = (
        piece.high if piece.high.approximation <= high else Endpoint.rational(Rational(int(high)), "domain")
    )
    if left.approximation >= right.approximation:
        return []
    goal = _goal(loss, label)
    if loss.domain.labels is Labels.BINARY or not left.approximation < goal < right.approximation:
        return [(left, right)]
    middle = Endpoint.rational(Rational(goal))
    return [(left, middle), (middle, right)]


def _wanted(loss: Loss, label: float, left: Endpoint, right: Endpoint) -> int:
    """Return the sign that a gradient should have."""
    middle = (left.approximation + right.approximation) / 2
    return loss.domain.wanted_sign({"yhat": middle, "y": label})


def _goal(loss: Loss, label: float) -> float:
    """Return the prediction that is right for a label; for a logarithm only those that are rational are drawn."""
    if loss.domain.input is Input.LOG:
        return {0.0: -math.inf, 1.0: 0.0}[label]
    return label


def _cells(piece: Piece, left: Endpoint, right: Endpoint, want: int, deadline: Deadline) -> list[SignCell]:
    """Prove the sign on an interval, or on the parts between its changes."""
    low, high = left.approximation, right.approximation
    if not piece.is_real:
        return [SignCell(low, high, Sign.UNDEFINED)]
    proof = prove_sign(piece.gradient, left, right, want, deadline)
    if proof.status == "proved":
        return [SignCell(low, high, Sign.ZERO if proof.zero else Sign.RIGHT)]
    cells: list[SignCell] = []
    for start, end in _between_changes(piece.gradient, left, right):
        sign = Sign.OPEN
        for side, meaning in ((want, Sign.RIGHT), (-want, Sign.WRONG)):
            if prove_sign(piece.gradient, start, end, side, deadline).status == "proved":
                sign = meaning
                break
        cells.append(SignCell(start.approximation, end.approximation, sign))
    return cells


def _between_changes(gradient: Expr, left: Endpoint, right: Endpoint) -> list[tuple[Endpoint, Endpoint]]:
    """Return the intervals between the changes of sign that doubles see, with a gap of about 1e-9 at each."""
    tape = Tape.of(gradient)
    low, high = left.approximation, right.approximation
    points = np.linspace(low, high, _TRIED)[1:-1]
    values = np.sign(point_values(tape, yhat, points))
    # A zero that is hit exactly must not hide a change of sign.
    points, values = points[values != 0], values[values != 0]
    changes = np.flatnonzero(values[1:] * values[:-1] < 0)
    ends: list[tuple[Endpoint, Endpoint]] = []
    start = left
    for index in changes:
        below, above = float(points[index]), float(points[index + 1])
        for _ in range(30):
            middle = (below + above) / 2
            if point_values(tape, yhat, np.array([middle]))[0] * values[index] > 0:
                below = middle
            else:
                above = middle
        before, after = (Endpoint.rational(Rational(*end.as_integer_ratio())) for end in (below, above))
        ends.append((start, before))
        start = after
    return [*ends, (start, right)]


def _witness(loss: Loss, label: float, cells: list[SignCell], tape: Tape) -> tuple[float, float] | None:
    """Return a verified point in the widest cell with the wrong sign."""
    wrong = [cell for cell in cells if cell.sign is Sign.WRONG]
    if not wrong:
        return None
    cell = max(wrong, key=lambda found: found.high - found.low)
    want = _wanted(loss, label, Endpoint.rational(Rational(cell.low)), Endpoint.rational(Rational(cell.high)))
    found = verified_witness(tape, (cell.low + cell.high) / 2, label, loss.eps_value, loss.has_eps, want)
    return None if found is None else (found.yhat, found.gradient)
