"""What is found about a ranking loss f(pos, neg), part by part, and in a sentence."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from symloss.errors import OptionError
from symloss.formula.spec import LossSpec
from symloss.signature import DEFAULT_EPS
from symloss.symbolic.arithmetic.tape import Tape, UnsupportedFunctionError
from symloss.symbolic.direction.eps_grid import EPS_GRID, EVERY_EPS
from symloss.symbolic.direction.pairwise import prove_pairwise
from symloss.symbolic.direction.proof import DirectionProof, Property
from symloss.symbolic.direction.proved import resolved_pieces
from symloss.symbolic.direction.requirements import RequirementProof, verdict_of_requirements
from symloss.symbolic.direction.sampled_pairs import sampled_rate
from symloss.symbolic.pieces.gradient import gradient_form_by
from symloss.symbolic.pieces.pair_forms import one_variable
from symloss.symbolic.properties.proved import one_sided_properties
from symloss.symbolic.undecided import OUT_OF_REACH, Deadline, UndecidedError

LONGEST_SHOWN = 2_000
"""A gradient with more characters than this is not written out."""


def pair_parts(loss: LossSpec, time_limit: float, seed: int) -> Iterator[tuple[str, Any]]:
    """Yield what is found about a ranking loss, by name, as it is found.

    Args:
        loss: the loss, without a scale.
        time_limit: seconds; what is not settled by then is "undecided".
        seed: of the sampled pairs.

    Raises:
        OptionError: the expression holds a function that the formula grammar does not have.
    """
    start = time.monotonic()
    try:
        Tape.of(loss.expression)
    except UnsupportedFunctionError as error:
        raise OptionError(f"{error}; build losses from its functions (symloss ops lists them)") from None
    yield "positive_rate", sampled_rate(loss, seed)
    half = Deadline.at(start + 0.5 * time_limit)
    proofs = prove_pairwise(loss, seed, half)
    timed_out = half.passed
    yield "requirements", proofs
    at_eps = _on_grid(loss, proofs, seed, Deadline.at(start + 0.65 * time_limit))
    yield "verdict_at_eps", at_eps
    yield "sentence", sentence_of_pair(loss, proofs, at_eps, timed_out)
    rest = Deadline.at(start + 0.95 * time_limit)
    try:
        form = one_variable(loss.expression, rest)
        if form is None:
            return
        score = LossSpec(form.function, eps=loss.eps, labels="binary", input="score")
        yield "gradient", _gradient(score, form.variable, rest)
        pieces = resolved_pieces(score, rest).get(1)
        if pieces is not None:
            for found in one_sided_properties(score, pieces, rest):
                yield found.name, _renamed(found, form.variable)
    except (UndecidedError, *OUT_OF_REACH):
        return


def undecided_pair(loss: LossSpec, reason: str) -> tuple[RequirementProof, ...]:
    """Return the requirements of a loss where the work was ended before anything was decided."""
    return tuple(
        RequirementProof(one, DirectionProof(one.slope_of, "undecided", note=reason))
        for one in loss.signature.requirements
    )


def sentence_of_pair(
    loss: LossSpec, proofs: tuple[RequirementProof, ...], at_eps: Mapping[str, str], timed_out: bool
) -> str:
    """Say what the verdict means for training, and what to change.

    Args:
        loss: the loss.
        proofs: of its requirements, at the default eps where eps is open.
        at_eps: verdicts at other values of an open eps, where not all are settled at once.
        timed_out: whether the time limit was reached: only then is more time of use.
    """
    if all(one.proof.zero for one in proofs):
        return (
            "The slopes are zero everywhere: nothing is learned; write a formula that depends on pos and neg."
        )
    complaints = [text for text in (_complaint(one, timed_out) for one in proofs) if text]
    if complaints:
        better = [value for value, verdict in at_eps.items() if verdict == "valid"]
        advice = (
            f"It is right at eps = {', '.join(better)}: fix eps there (--eps {better[-1]})." if better else ""
        )
        return " ".join([*dict.fromkeys(complaints), advice]).strip()
    flat = {
        f"{one.variable} on " + " and ".join(f"({low}, {high})" for low, high in one.proof.vanishes_on)
        for one in proofs
        if one.proof.vanishes_on
    }
    scopes = {one.scope for one in proofs}
    scope = ", for every eps > 0" if scopes == {EVERY_EPS} else ""
    if not scope and scopes - {"", EVERY_EPS}:
        scope = f" at eps = {DEFAULT_EPS:g}"
    right = "Every gradient step raises the score of the positive item and lowers that of the negative one"
    parts = [f"{right}{', or leaves them' if flat else ''}{scope}."]
    parts += [f"Learning stops for {where}, where the slopes are zero." for where in sorted(flat)]
    parts += [
        f"{text[0].upper()}{text[1:]}." for text in dict.fromkeys(one.proof.jump for one in proofs) if text
    ]
    for verdict in ("invalid", "undecided"):
        values = [value for value, found in at_eps.items() if found == verdict]
        if values:
            what = "It fails" if verdict == "invalid" else "Not settled"
            parts.append(f"{what} at eps = {', '.join(values)}.")
    return " ".join(parts)


def _complaint(one: RequirementProof, timed_out: bool) -> str:
    name = one.requirement.slope_of
    item = {"pos": "positive", "neg": "negative"}[name]
    if one.proof.zero:
        return (
            f"The slope of {name} is zero everywhere, so the {item} item learns nothing; "
            f"add a term that depends on {name}."
        )
    if one.proof.status == "refuted" and one.witness is not None:
        if math.isnan(one.witness["slope"]):
            note = one.proof.note
            return (
                f"{note[0].upper()}{note[1:]}, as at {one.place}; use a protected operator (--protect) or another "
                "formula there."
            )
        way = "raises" if one.witness["slope"] > 0 else "lowers"
        step = "lowers" if way == "raises" else "raises"
        return (
            f"At {one.place} a larger {name} {way} the loss, so that a step {step} the score of the {item} item: "
            f"the loss must not {'increase' if name == 'pos' else 'decrease'} with {name}."
        )
    if one.proof.status == "undecided":
        advice = "raise the time limit (--time-limit) or simplify the loss"
        if not timed_out:
            advice = (
                "more time would not help, for the proofs do not reach this form: write it in pos - neg, or as a sum "
                "of terms in one score each"
            )
        return f"The sign of the slope of {name} is not settled, though no sampled pair has the wrong one; {advice}."
    return ""


def _on_grid(
    loss: LossSpec, proofs: tuple[RequirementProof, ...], seed: int, deadline: Deadline
) -> dict[str, str]:
    """Return the verdict for each value of the grid of eps, nothing where all eps are settled."""
    if not loss.has_eps or loss.eps is not None:
        return {}
    if all(one.scope == EVERY_EPS or (one.proof.status == "proved" and not one.scope) for one in proofs):
        return {}
    found = {}
    for value in EPS_GRID:
        at = proofs
        if value != DEFAULT_EPS:
            at = prove_pairwise(loss.with_eps(value), seed, deadline) if not deadline.passed else ()
        found[f"{value:g}"] = verdict_of_requirements(at) if at else "undecided"
    return found


def _gradient(score: LossSpec, variable: str, deadline: Deadline) -> dict[str, str]:
    """Return the slope by pos - neg as text, with d for pos - neg."""
    try:
        text = gradient_form_by(score, deadline).text.get("1", "")
    except (UndecidedError, *OUT_OF_REACH):
        return {}
    if len(text) > LONGEST_SHOWN:
        text = f"too long to show ({len(text)} characters)"
    return {f"d = {variable}": re.sub(r"\byhat\b", "d", text)} if text else {}


def _renamed(found: Property, variable: str) -> Property:
    """Return a property of the score loss in words of the pair."""
    detail = re.sub(r"\byhat\b", variable, found.detail.replace("for y = 1 ", "").replace(" for y = 1", ""))
    witness = None
    if found.witness is not None:
        witness = {"pos": found.witness["yhat"], "neg": 0.0}
    return replace(found, detail=detail, witness=witness)
