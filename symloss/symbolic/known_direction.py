"""The direction of a loss whose gradient is that of a named loss, up to positive factors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from symloss.formula import known as known_losses
from symloss.formula.spec import LossSpec
from symloss.symbolic.arithmetic.tape import Tape
from symloss.symbolic.direction.proof import DirectionProof
from symloss.symbolic.direction.proved import prove_direction, resolved_pieces
from symloss.symbolic.direction.sampled import sampled_direction
from symloss.symbolic.same.loss_classes import ZooDuplicate
from symloss.symbolic.undecided import Deadline


def by_duplicates(
    loss: LossSpec,
    direction: tuple[DirectionProof, ...],
    duplicates: Sequence[ZooDuplicate],
    deadline: Deadline,
) -> tuple[DirectionProof, ...]:
    """Settle what is undecided by the proof for a loss with the same gradient.

    Args:
        loss: the loss.
        direction: its proofs.
        duplicates: named losses that have its gradient, up to positive factors.
        deadline: when to leave the proofs as they are.
    """
    for found in duplicates:
        if all(proof.status != "undecided" for proof in direction) or deadline.passed:
            break
        known = known_losses.spec(found.name).with_domain(loss.domain.labels, loss.domain.input)
        if known.has_eps and found.eps is not None:
            known = known.with_eps(found.eps)
        tape = Tape.of(known.expression)
        proofs = prove_direction(
            known, sampled_direction(known, 0, tape), tape, resolved_pieces(known, deadline), deadline
        )
        direction = tuple(
            replace(other, note=f"its gradient is that of {found.name}, up to a positive factor")
            if proof.status == "undecided" and other.status == "proved" and not other.zero
            else proof
            for proof, other in zip(direction, proofs, strict=True)
        )
    return direction
