"""Whether the gradient of a loss points away from the label, label by label.

A gradient that is zero everywhere counts as wrong: those samples never move a prediction.

Gradient descent moves yhat against the gradient. For y = 1 the gradient must
not be positive anywhere, for y = 0 not negative; where labels fill an interval
it must have the sign of yhat - y. With eps left open the question is asked for the
default value of eps first and then, where that is proved, for every eps.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
from sympy import Rational

from symloss.formula.spec import LossSpec
from symloss.signature import DEFAULT_EPS, Labels, eps, y, yhat
from symloss.symbolic.arithmetic.float_dual import value_and_slope
from symloss.symbolic.arithmetic.interval_arithmetic import Box, BoxArithmetic
from symloss.symbolic.arithmetic.tape import Tape
from symloss.symbolic.direction.every_eps import holds_for_every_eps
from symloss.symbolic.direction.interval_labels import prove_filled
from symloss.symbolic.direction.proof import ZERO_NOTE, DirectionProof
from symloss.symbolic.direction.rescaled import rescaled
from symloss.symbolic.direction.sampled import SampledDirection
from symloss.symbolic.direction.witness import Witness, verified_witness
from symloss.symbolic.pieces.breaks import change_at
from symloss.symbolic.pieces.resolve import Endpoint, Piece, domain_ends, label_pieces
from symloss.symbolic.signs.sign_proof import SignProof, prove_sign
from symloss.symbolic.undecided import Deadline, UndecidedError

Pieces = dict[int, tuple[Piece, ...]]
"""The pieces of a loss by label; a label that could not be resolved is missing."""


def resolved_pieces(loss: LossSpec, deadline: Deadline) -> Pieces:
    """Return the pieces of a loss with binary labels, with an open eps at its default value."""
    fixed = loss.with_eps(loss.eps_value) if loss.has_eps else loss
    found: Pieces = {}
    for label in loss.domain.label_values or ():
        try:
            found[label] = label_pieces(fixed, label, deadline)
        except UndecidedError:
            continue
    return found


def prove_direction(
    loss: LossSpec, sampled: SampledDirection, tape: Tape, pieces: Pieces, deadline: Deadline
) -> tuple[DirectionProof, ...]:
    """Decide the direction for every label.

    Args:
        loss: the loss.
        sampled: what sampled pairs show: a cheap source of witnesses.
        tape: the loss's expression.
        pieces: the result of `resolved_pieces`, empty for labels that fill an interval.
        deadline: when to stop with "undecided".
    """
    if loss.domain.labels is not Labels.BINARY:
        return (prove_filled(loss, sampled, tape, deadline),)
    return tuple(prove_label(loss, label, sampled, tape, pieces.get(label), deadline) for label in (0, 1))


def prove_label(
    loss: LossSpec,
    label: int,
    sampled: SampledDirection,
    tape: Tape,
    pieces: tuple[Piece, ...] | None,
    deadline: Deadline,
) -> DirectionProof:
    """Decide the direction for one label of a loss with binary labels; see `prove_direction`.

    Args:
        loss: the loss.
        label: 0 or 1.
        sampled: what sampled pairs show.
        tape: the loss's expression.
        pieces: of that label; None where they could not be resolved.
        deadline: when to stop with "undecided".
    """
    found = _prove_label(loss, label, sampled, tape, pieces, deadline)
    if found.status != "undecided" or not loss.takes_score:
        return found
    return prove_rescaled(loss, label, sampled, deadline) or found


def prove_rescaled(
    loss: LossSpec, label: int, sampled: SampledDirection, deadline: Deadline
) -> DirectionProof | None:
    """Prove the direction of a loss of a score in another unit, None where that does not settle it.

    Args:
        loss, label, sampled, deadline: as for `prove_label`.
    """
    for other in rescaled(loss):
        if deadline.passed:
            break
        own, pieces = Tape.of(other.expression), resolved_pieces(other, deadline).get(label)
        proof = _prove_label(other, label, sampled, own, pieces, deadline)
        # places are those of the other unit: only a proof without any is the same for both
        if proof.status == "proved" and not (proof.vanishes_on or proof.zeros or proof.jump):
            return proof
    return None


def _prove_label(
    loss: LossSpec,
    label: int,
    sampled: SampledDirection,
    tape: Tape,
    pieces: tuple[Piece, ...] | None,
    deadline: Deadline,
) -> DirectionProof:
    want = loss.domain.wanted_sign({"y": label, "yhat": 0})
    scope = f"eps = {DEFAULT_EPS:g}" if loss.has_eps and loss.eps is None else ""
    if pieces is None:
        proof = _without_pieces(loss, label, want, sampled, tape, deadline)
    else:
        proofs = [_piece_proof(piece, want, deadline) for piece in pieces]
        proof = _joined(loss, label, want, pieces, proofs, tape, deadline)
        if proof.status == "undecided":
            sampled_witness = _sampled_witness(loss, label, want, sampled, tape)
            if sampled_witness is not None:
                proof = DirectionProof(str(label), "refuted", witness=sampled_witness)
    if not scope:
        return proof
    if proof.status != "proved":
        return replace(proof, scope=scope)
    if holds_for_every_eps(loss, label, want, deadline):
        return replace(proof, scope="every eps > 0")
    return replace(proof, scope=scope, note=proof.note or _failing_eps(loss, label, want, tape))


def _failing_eps(loss: LossSpec, label: int, want: int, tape: Tape) -> str:
    """Say for which other eps the direction is wrong, if one of a few provably is."""
    points = np.arange(1, 64) / 64
    if loss.takes_score:
        points = np.log(points / (1 - points))
    for value in (1e-3, 0.1, 1.0, 10.0, 100.0):
        slopes = value_and_slope(tape, {yhat: points, y: float(label), eps: value}, yhat)[1] * want
        index = int(np.argmin(np.where(np.isfinite(slopes), slopes, 0.0)))
        if slopes[index] < 0:
            witness = verified_witness(tape, float(points[index]), label, value, True, want)
            if witness is not None:
                return f"at eps = {value:g} it fails: the gradient is {witness.gradient:.3g} at yhat = {witness.yhat:g}"
    return ""


def _piece_proof(piece: Piece, want: int, deadline: Deadline) -> SignProof:
    if not piece.is_real:
        return SignProof("refuted")
    return prove_sign(piece.gradient, piece.low, piece.high, want, deadline)


def _joined(
    loss: LossSpec,
    label: int,
    want: int,
    pieces: tuple[Piece, ...],
    proofs: list[SignProof],
    tape: Tape,
    deadline: Deadline,
) -> DirectionProof:
    """Join the proofs on the pieces of one label."""
    name = str(label)
    vanishes = _zero_intervals(pieces, proofs)
    zeros = tuple(f"{zero:.6g}" for proof in proofs for zero in proof.zeros)
    jump = _jumps(pieces, deadline)
    for piece, proof in zip(pieces, proofs, strict=True):
        if proof.status != "refuted":
            continue
        if not piece.is_real:
            note = f"the loss is not a real number on ({text_of(piece.low)}, {text_of(piece.high)})"
            point = _inside(piece)
            witness = Witness(point, float(label), loss.eps_value if loss.has_eps else None, math.nan)
            return DirectionProof(name, "refuted", witness=witness, jump=jump, note=note)
        assert proof.witness is not None
        witness_found = verified_witness(
            tape, float(proof.witness), label, loss.eps_value, loss.has_eps, want
        )
        if witness_found is not None:
            return DirectionProof(name, "refuted", False, vanishes, zeros, witness_found, jump=jump)
        return DirectionProof(name, "undecided", vanishes_on=vanishes, jump=jump)
    undecided = [proof for proof in proofs if proof.status == "undecided"]
    if undecided:
        lefts = [proof.left for proof in undecided if proof.left is not None]
        left = min(lefts, key=lambda pair: pair[1] - pair[0]) if lefts else None
        return DirectionProof(name, "undecided", None, vanishes, zeros, interval=left, jump=jump)
    if all(proof.zero for proof in proofs):
        still = Witness(
            0.0 if loss.takes_score else 0.5, float(label), loss.eps_value if loss.has_eps else None, 0.0
        )
        return DirectionProof(name, "refuted", False, vanishes, zeros, still, jump=jump, note=ZERO_NOTE)
    stricts = [proof.strict for proof in proofs]
    strict = False if False in stricts else None if None in stricts else True
    return DirectionProof(name, "proved", strict, vanishes, zeros, jump=jump)


def _zero_intervals(pieces: tuple[Piece, ...], proofs: list[SignProof]) -> tuple[tuple[str, str], ...]:
    """Return the intervals on which the gradient is identically zero, neighbours joined."""
    joined: list[list[Endpoint]] = []
    previous: Endpoint | None = None
    for piece, proof in zip(pieces, proofs, strict=True):
        if proof.zero:
            if joined and previous is piece.low:
                joined[-1][1] = piece.high
            else:
                joined.append([piece.low, piece.high])
            previous = piece.high
    return tuple((text_of(low), text_of(high)) for low, high in joined)


def text_of(end: Endpoint) -> str:
    """Return an endpoint as text: exact where that is short."""
    if end.is_infinite:
        return "infinity" if end.direction > 0 else "-infinity"
    if end.is_rational and end.low is not None and len(str(end.low)) <= 12:
        return str(end.low)
    return f"{end.approximation:.10g}"


def _inside(piece: Piece) -> float:
    low, high = piece.low.approximation, piece.high.approximation
    if math.isinf(low) or math.isinf(high):
        return 0.0 if low < 0 < high else high - 1 if math.isinf(low) else low + 1
    return low + (high - low) / 2


def _jumps(pieces: tuple[Piece, ...], deadline: Deadline) -> str:
    """Say where the loss itself jumps or has a pole, which its gradient does not show."""
    found = []
    for left, right in pairwise(pieces):
        if deadline.passed:
            break
        if not (left.is_real and right.is_real):
            continue
        change = change_at(left.value, right.value, left.high)
        if change == math.inf:
            found.append(f"the loss has a pole at yhat = {text_of(left.high)}")
        elif change:
            side = "up" if change > 0 else "down"
            found.append(f"the loss jumps {side} by {abs(change):.3g} at yhat = {text_of(left.high)}")
    return "; ".join(found)


def _sampled_witness(
    loss: LossSpec, label: int, want: int, sampled: SampledDirection, tape: Tape
) -> Witness | None:
    candidate = sampled.wrong.get(str(label))
    if candidate is None:
        return None
    return verified_witness(tape, candidate[0], label, loss.eps_value, loss.has_eps, want)


def _without_pieces(
    loss: LossSpec, label: int, want: int, sampled: SampledDirection, tape: Tape, deadline: Deadline
) -> DirectionProof:
    """Decide without pieces: a sampled witness, or boxes over the loss with its kinks."""
    witness = _sampled_witness(loss, label, want, sampled, tape)
    if witness is not None:
        return DirectionProof(str(label), "refuted", witness=witness)
    low, high = domain_ends(loss.domain)
    if low.is_infinite or high.is_infinite:
        return DirectionProof(str(label), "undecided")
    left = _boxes_with_kinks(loss, label, want, tape, deadline)
    if left is None:
        return DirectionProof(str(label), "proved")
    return DirectionProof(str(label), "undecided", interval=left)


def _boxes_with_kinks(
    loss: LossSpec, label: int, want: int, tape: Tape, deadline: Deadline
) -> tuple[float, float] | None:
    """Return None if the slope has the sign `want` on every box, else the smallest box that is left."""
    near = 2.0 ** -np.arange(2.0, 40.0)
    edges = np.unique(np.concatenate([[0.0, 1.0], np.arange(1, 64) / 64, near, 1 - near]))
    low, high = edges[:-1], edges[1:]
    arithmetic = BoxArithmetic()
    number = arithmetic.number(Rational(repr(loss.eps_value)))
    one, target = np.float64(1.0), np.float64(label)
    for _ in range(10):
        values = {yhat: Box(low, high, one, one), y: Box(target, target), eps: number}
        with np.errstate(all="ignore"):
            result = tape.run(arithmetic, values)[0]
        if result.slope_low is None or result.slope_high is None:
            return (0.0, 1.0)
        settled = result.slope_low > 0 if want > 0 else result.slope_high < 0
        keep = ~(settled & np.ones(len(low), bool))
        low, high = low[keep], high[keep]
        if not len(low):
            return None
        if len(low) > 400 or deadline.passed:
            break
        middle = (low + high) / 2
        low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
    smallest = int(np.argmin(high - low))
    return float(low[smallest]), float(high[smallest])
