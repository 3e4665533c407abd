"""Where the direction of a refuted label is right, and where the loss pulls to instead of the label."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

from sympy import Rational

from symloss.formula.spec import LossSpec
from symloss.symbolic.arithmetic.tape import Tape, UnsupportedFunctionError
from symloss.symbolic.direction.proof import DirectionProof
from symloss.symbolic.direction.witness import verified_witness
from symloss.symbolic.pieces.resolve import Piece
from symloss.symbolic.roots.endpoint import Endpoint
from symloss.symbolic.roots.endpoint_order import inner_rational
from symloss.symbolic.signs.sign_changes import SignFinder
from symloss.symbolic.undecided import Deadline, UndecidedError

MOST_INTERVALS = 4
"""More of them are not written out."""


@dataclass(frozen=True)
class Stretch:
    """An interval on which a gradient keeps a sign (0: it is zero); None where the loss is not a real number."""

    low: Endpoint
    high: Endpoint
    sign: int | None


def with_intervals(
    loss: LossSpec,
    proof: DirectionProof,
    pieces: tuple[Piece, ...] | None,
    tape: Tape,
    text_of: Callable[[Endpoint], str],
    deadline: Deadline,
) -> DirectionProof:
    """Add to a refuted proof where the direction is right, with a witness in the middle of where it is not.

    Args:
        loss: a loss with binary labels.
        proof: of one label.
        pieces: of that label, None where they are not known.
        tape: the loss's expression.
        text_of: writes an end of an interval.
        deadline: when to leave the proof as it is.
    """
    if proof.status != "refuted" or proof.zero or pieces is None or not proof.label.isdigit():
        return proof
    want = loss.domain.wanted_sign({"y": int(proof.label), "yhat": 0})
    try:
        stretches = _stretches(pieces, deadline)
    except (UndecidedError, UnsupportedFunctionError, TypeError):
        return proof
    right = _joined(stretches, {want, 0})
    wrong = _joined(stretches, {-want})
    if not right or not wrong or len(right) > MOST_INTERVALS:
        return proof
    widest = max(wrong, key=lambda one: _width(one[0], one[1]))
    witness = proof.witness
    try:
        middle = float(
            inner_rational(*(end if end.is_infinite else end.refine(Rational(1, 2**30)) for end in widest))
        )
        found = verified_witness(tape, middle, int(proof.label), loss.eps_value, loss.has_eps, want)
        witness = found or witness
    except UndecidedError:
        pass
    pulls = ""
    if len(stretches) == len(right) + len(wrong) == 2:
        # One change of sign: from falling to rising it is the least value of the loss.
        pulls = text_of(stretches[0].high) if stretches[0].sign == -1 else ""
    return replace(
        proof,
        witness=witness,
        right_on=tuple((text_of(low), text_of(high)) for low, high in right),
        pulls_to=pulls,
    )


def _stretches(pieces: tuple[Piece, ...], deadline: Deadline) -> list[Stretch]:
    """Return the stretches from left to right, neighbours of one sign joined."""
    found: list[Stretch] = []
    for piece in pieces:
        if not piece.is_real:
            found.append(Stretch(piece.low, piece.high, None))
            continue
        finder = SignFinder(piece.low, piece.high, deadline, open_eps=False)
        whole = finder.sign(piece.gradient)
        if isinstance(whole, int):
            found.append(Stretch(piece.low, piece.high, whole))
            continue
        for low, high in pairwise([piece.low, *whole, piece.high]):
            finder.enter(low, high)
            side = finder.sign(piece.gradient)
            if not isinstance(side, int):
                raise UndecidedError("the sign of the gradient was not settled")
            found.append(Stretch(low, high, side))
    joined: list[Stretch] = []
    for one in found:
        if joined and joined[-1].sign == one.sign:
            joined[-1] = Stretch(joined[-1].low, one.high, one.sign)
        else:
            joined.append(one)
    return joined


def _joined(stretches: list[Stretch], signs: set[int]) -> list[tuple[Endpoint, Endpoint]]:
    """Return the intervals on which the sign is one of `signs`."""
    found: list[tuple[Endpoint, Endpoint]] = []
    for one in stretches:
        if one.sign is None or one.sign not in signs:
            continue
        if found and found[-1][1] is one.low:
            found[-1] = (found[-1][0], one.high)
        else:
            found.append((one.low, one.high))
    return found


def _width(low: Endpoint, high: Endpoint) -> float:
    return high.approximation - low.approximation
