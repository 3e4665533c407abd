"""From proofs to a verdict and a sentence that says what to change."""

from __future__ import annotations

import math
from collections.abc import Mapping

from symloss.formula.spec import LossSpec
from symloss.signature import DEFAULT_EPS, Labels
from symloss.symbolic.direction.proof import DirectionProof, number_text

NOT_REAL_AT_LABEL = "the loss is not a real number for y ="
"""How the note of a proof begins where only single labels are at fault."""


def verdict_of(direction: tuple[DirectionProof, ...]) -> str:
    """Return "valid" if every label is proved, none with a zero gradient, "invalid" if one fails, else "undecided"."""
    if any(proof.status == "refuted" or proof.zero for proof in direction):
        return "invalid"
    if all(proof.status == "proved" for proof in direction):
        return "valid"
    return "undecided"


def sentence_of(
    loss: LossSpec,
    direction: tuple[DirectionProof, ...],
    verdict: str,
    at_eps: Mapping[str, tuple[str, tuple[DirectionProof, ...]]] | None = None,
    timed_out: bool = False,
) -> str:
    """Say what the verdict means for training, and what to change.

    Args:
        loss: the loss.
        direction: its proofs, at the default eps where eps is open.
        verdict: the verdict on them.
        at_eps: verdicts and proofs at other values of an open eps, where not all eps > 0 are settled at once.
        timed_out: whether the time limit was reached: only then is more time of use.
    """
    if len(direction) > 0 and all(proof.zero for proof in direction):
        return (
            "The gradient is zero everywhere: the loss does not depend on yhat, so nothing is learned; "
            "add a term with yhat."
        )
    grid = _on_grid(loss, verdict, at_eps) if at_eps else ""
    parts = [text for text in (_complaint(loss, proof, timed_out) for proof in direction) if text]
    if parts:
        return " ".join([*parts, grid]).strip()
    if verdict != "valid":
        if timed_out:
            return "The direction is not settled in the time limit; raise it, or fix eps with a number."
        return "The direction is not settled: the proofs do not reach this formula; fix eps with a number or simplify."
    moves, rest = "Every gradient step moves yhat towards its label", []
    flat = [proof for proof in direction if proof.vanishes_on]
    if flat:
        moves += " or leaves it"
    for proof in flat:
        spans = " and ".join(f"({low}, {high})" for low, high in proof.vanishes_on)
        rest.append(f"For {_label(proof)} learning stops on {spans}, where the gradient is zero.")
    rest.extend(f"For {_label(proof)} {proof.jump}." for proof in direction if proof.jump)
    if any(proof.label == "y" and proof.note for proof in direction):
        rest.extend(f"{proof.note[0].upper()}{proof.note[1:]}." for proof in direction if proof.note)
    scopes = {proof.scope for proof in direction}
    scope = ""
    if scopes == {"every eps > 0"}:
        scope = ", for every eps > 0"
    elif not grid and len(scopes) == 1 and "" not in scopes:
        scope = f" at {scopes.pop()}"
    if grid:
        return " ".join([grid, *rest])
    return " ".join([f"{moves}{scope}.", *rest])


def _right_on(proof: DirectionProof) -> str:
    """Say where a refuted direction is right, and where it pulls to elsewhere."""
    if not proof.right_on:
        return ""
    spans = " and ".join(f"({low}, {high})" for low, high in proof.right_on)
    if proof.pulls_to:
        return (
            f"It is right on {spans}; beyond, it pulls back to {proof.pulls_to}, where the loss for "
            f"{_label(proof)} is least, as with label smoothing."
        )
    return f"It is right on {spans}."


def _on_grid(
    loss: LossSpec, verdict: str, at_eps: Mapping[str, tuple[str, tuple[DirectionProof, ...]]]
) -> str:
    """Say for which values of eps the direction is right."""
    valid = [value for value, (found, _) in at_eps.items() if found == "valid"]
    wrong = [(value, proofs) for value, (found, proofs) in at_eps.items() if found == "invalid"]
    others = [value for value, (found, _) in at_eps.items() if found == "undecided"]
    tried = ", ".join(at_eps)
    if not valid:
        return f"No eps of {tried} is better: change the formula." if not others else ""
    parts = []
    if verdict == "valid":
        also = ", ".join(value for value in valid if value != f"{DEFAULT_EPS:g}")
        parts.append(f"Every gradient step moves yhat towards its label at the default eps = {DEFAULT_EPS:g}")
        parts[0] += f" and also at {also}." if also else "."
        if wrong:
            value, proofs = wrong[-1]
            where = next((text for text in (_place(loss, proof) for proof in proofs) if text), "")
            values = ", ".join(value for value, _ in wrong)
            parts.append(f"It fails at eps = {values}: {where} for eps = {value}.")
            parts.append(f"Keep eps {_kept(valid, list(at_eps))}.")
        elif not others:
            parts.append("Whether that holds for every eps > 0 is not settled.")
    else:
        parts.append(f"It is right at eps = {', '.join(valid)}: fix eps there (--eps {valid[-1]}).")
    if others:
        parts.append(f"Not settled at eps = {', '.join(others)}.")
    return " ".join(parts)


def _place(loss: LossSpec, proof: DirectionProof) -> str:
    """Say where a gradient has the wrong sign, in half a sentence."""
    if proof.zero:
        return f"for {_label(proof)} the gradient is zero everywhere"
    if proof.status != "refuted" or proof.witness is None:
        return ""
    found = proof.witness
    at = f"yhat = {number_text(found.yhat)}" + (f", y = {found.y:.6g}" if proof.label == "y" else "")
    if math.isnan(found.gradient):
        return f"for {_label(proof)} {proof.note}"
    side = "negative" if found.gradient < 0 else "positive"
    return f"for {_label(proof)} the gradient is {side} at {at}"


def _kept(valid: list[str], tried: list[str]) -> str:
    """Describe a range of good values of eps; both lists decrease."""
    down_to_default = valid == tried[tried.index(valid[0]) :]
    return f"at most {valid[0]}" if down_to_default else "to values that are right"


def _label(proof: DirectionProof) -> str:
    return "some labels" if proof.label == "y" else f"y = {proof.label}"


def _complaint(loss: LossSpec, proof: DirectionProof, timed_out: bool) -> str:
    """Say what is wrong for a label and what to change, "" where nothing is."""
    if proof.zero:
        return (
            f"For {_label(proof)} the gradient is zero everywhere, so those samples teach nothing; "
            "add a term that depends on yhat there."
        )
    if proof.status == "refuted" and proof.witness is not None:
        found = proof.witness
        place = _place(loss, proof)
        where = place[0].upper() + place[1:]
        if math.isnan(found.gradient):
            if proof.note.startswith(NOT_REAL_AT_LABEL):
                return f"{proof.note[0].upper()}{proof.note[1:]}; leave such rows out or use another formula."
            return f"{where}; use a protected operator (--protect) or another formula there."
        if found.eps is not None and loss.eps is None:
            where += f" (eps = {found.eps:g})"
        if loss.domain.labels is Labels.BINARY:
            goal = "increase" if found.gradient > 0 else "decrease"
            said = f"{where}: it pushes away from the label; the loss must not {goal} with yhat there."
            return f"{said} {_right_on(proof)}".rstrip()
        return f"{where}: it pushes yhat away from y; the loss should be smallest at yhat = y."
    if proof.status == "undecided":
        rest = f" on [{proof.interval[0]:.6g}, {proof.interval[1]:.6g}]" if proof.interval else ""
        advice = "raise the time limit (--time-limit) or simplify the loss"
        if not timed_out:
            advice = "more time would not help, for the proofs do not reach this form: simplify the loss"
        return f"For {_label(proof)} the sign of the gradient is not settled{rest}; {advice}."
    return ""
