"""From proofs to a verdict and a sentence that says what to change."""

from __future__ import annotations

import math

from symloss.domain import Labels
from symloss.loss import Loss
from symloss.symbolic.report import DirectionProof


def verdict_of(direction: tuple[DirectionProof, ...]) -> str:
    """Return "valid" if every label is proved, none with a zero gradient, "invalid" if one fails, else "undecided"."""
    if any(proof.status == "refuted" or proof.zero for proof in direction):
        return "invalid"
    if all(proof.status == "proved" for proof in direction):
        return "valid"
    return "undecided"


def sentence_of(loss: Loss, direction: tuple[DirectionProof, ...], verdict: str) -> str:
    """Say what the verdict means for training, and what to change."""
    parts = [text for text in (_complaint(loss, proof) for proof in direction) if text]
    zero = [proof for proof in direction if proof.zero]
    if zero and len(zero) == len(direction):
        return "The gradient is zero everywhere: the loss does not depend on yhat, so nothing is learned."
    if parts:
        return " ".join(parts)
    jumps = " ".join(f"For {_label(proof)} {proof.jump}." for proof in direction if proof.jump)
    scopes = {proof.scope for proof in direction if proof.scope}
    scope = f" (for {' and '.join(sorted(scopes))})" if scopes else ""
    if verdict == "valid":
        flat = [proof for proof in direction if proof.vanishes_on]
        if flat:
            low, high = flat[0].vanishes_on[0]
            return (
                f"Every gradient step moves yhat towards its label or leaves it{scope}; "
                f"for {_label(flat[0])} learning stops on ({low}, {high}), where the gradient is zero. {jumps}"
            ).strip()
        if any(proof.note for proof in direction):
            return f"Every gradient step moves yhat towards its label{scope}. " + " ".join(
                f"{_label(proof).capitalize()}: {proof.note}." for proof in direction if proof.note
            )
        return f"Every gradient step moves yhat towards its label{scope}. {jumps}".strip()
    return "The direction is not settled in the time limit; raise it, or fix eps with a number."


def _label(proof: DirectionProof) -> str:
    return "some labels" if proof.label == "y" else f"y = {proof.label}"


def _complaint(loss: Loss, proof: DirectionProof) -> str:
    if proof.zero:
        return (
            f"For {_label(proof)} the gradient is zero everywhere, so those samples teach nothing; "
            "add a term that depends on yhat there."
        )
    if proof.status == "refuted" and proof.witness is not None:
        found = proof.witness
        at = f"yhat = {found.yhat:.6g}" + (f", y = {found.y:.6g}" if proof.label == "y" else "")
        at += f" (eps = {found.eps:g})" if found.eps is not None and loss.eps is None else ""
        side = "negative" if found.gradient < 0 else "positive"
        goal = "increase" if found.gradient > 0 else "decrease"
        if math.isnan(found.gradient):
            return f"For {_label(proof)} {proof.note}; use a protected operator (--protect) or another formula there."
        where = f"For {_label(proof)} the gradient is {side} at {at}"
        if loss.domain.labels is Labels.BINARY:
            return f"{where}: it pushes away from the label; the loss must not {goal} with yhat there."
        return f"{where}: it pushes yhat away from y; the loss should be smallest at yhat = y."
    if proof.status == "undecided":
        rest = f" on [{proof.interval[0]:.6g}, {proof.interval[1]:.6g}]" if proof.interval else ""
        advice = "raise the time limit or simplify the loss"
        return f"For {_label(proof)} the sign of the gradient is not settled{rest}; {advice}."
    return ""
