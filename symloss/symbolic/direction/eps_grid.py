"""For which values of an open eps a loss points towards its labels, where that is not so, or not proved, for all."""

from __future__ import annotations

from symloss.formula.spec import LossSpec
from symloss.signature import DEFAULT_EPS
from symloss.symbolic.arithmetic.tape import Tape
from symloss.symbolic.direction.proof import DirectionProof
from symloss.symbolic.direction.proved import prove_direction, resolved_pieces
from symloss.symbolic.direction.sampled import sampled_direction
from symloss.symbolic.direction.verdict import verdict_of
from symloss.symbolic.undecided import Deadline

EPS_GRID = (1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6)
"""The values that are tried (AutoLossGen, section 4.1)."""

EVERY_EPS = "every eps > 0"


def verdicts_on_grid(
    loss: LossSpec, direction: tuple[DirectionProof, ...], tape: Tape, seed: int, deadline: Deadline
) -> dict[str, tuple[str, tuple[DirectionProof, ...]]]:
    """Return verdict and proofs for each value of `EPS_GRID`, keyed by its text; nothing where all eps are settled.

    Args:
        loss: the loss.
        direction: the proofs at the default eps.
        tape: its expression.
        seed: seed of the sampled pairs.
        deadline: when to stop; values that are not reached are undecided.
    """
    if not loss.has_eps or loss.eps is not None:
        return {}
    if all(proof.scope == EVERY_EPS for proof in direction):
        return {}
    found: dict[str, tuple[str, tuple[DirectionProof, ...]]] = {}
    for value in EPS_GRID:
        proofs: tuple[DirectionProof, ...] = ()
        if value == DEFAULT_EPS:
            proofs = direction
        elif not deadline.passed:
            fixed = loss.with_eps(value)
            sampled = sampled_direction(fixed, seed, tape)
            proofs = prove_direction(fixed, sampled, tape, resolved_pieces(fixed, deadline), deadline)
        found[f"{value:g}"] = (verdict_of(proofs) if proofs else "undecided", proofs)
    return found
