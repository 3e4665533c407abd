"""`check`: everything that can be said about one loss, within a time limit."""

from __future__ import annotations

import time

from symloss.errors import OptionError
from symloss.loss import Loss
from symloss.symbolic.direction import Pieces, prove_direction, resolved_pieces, text_of
from symloss.symbolic.eps_grid import verdicts_on_grid
from symloss.symbolic.gradient import gradient_form_by
from symloss.symbolic.hints import hint_of
from symloss.symbolic.known_direction import by_duplicates
from symloss.symbolic.loss_classes import duplicate_of
from symloss.symbolic.properties import properties_of
from symloss.symbolic.report import CheckReport
from symloss.symbolic.right_on import with_intervals
from symloss.symbolic.sampled import sampled_direction
from symloss.symbolic.tape import Tape, UnsupportedFunctionError
from symloss.symbolic.undecided import Deadline, UndecidedError
from symloss.symbolic.verdict import sentence_of, verdict_of

LARGEST_SHOWN = 150
"""A gradient with more terms than this is not written out: nobody reads it, and printing takes seconds."""


def check(loss: Loss, *, time_limit: float = 2.0, seed: int = 0) -> CheckReport:
    """Check a loss: direction, duplicates, gradient and properties.

    Args:
        loss: the loss.
        time_limit: seconds; what is not settled by then is "undecided".
        seed: seed of the sampled pairs.

    Raises:
        OptionError: the expression holds a function that the formula grammar does not have.
    """
    start = time.monotonic()
    try:
        tape = Tape.of(loss.expression)
    except UnsupportedFunctionError as error:
        raise OptionError(f"{error}; build losses from its functions (symloss ops lists them)") from None
    sampled = sampled_direction(loss, seed, tape)
    # The direction is what the verdict rests on: it gets the first half of the time, the rest shares what is left.
    half, most = Deadline.at(start + 0.5 * time_limit), Deadline.at(start + 0.75 * time_limit)
    pieces: Pieces = resolved_pieces(loss, half)
    direction = prove_direction(loss, sampled, tape, pieces, half)
    timed_out = half.passed
    direction = tuple(
        with_intervals(loss, proof, pieces.get(int(proof.label)), tape, text_of, most)
        if proof.status == "refuted" and proof.label.isdigit()
        else proof
        for proof in direction
    )
    at_eps = verdicts_on_grid(loss, direction, tape, seed, Deadline.at(start + 0.6 * time_limit))
    text, latex = _gradient(loss, most)
    try:
        duplicates = duplicate_of(loss, most)
    except UndecidedError:
        duplicates = []
    direction = by_duplicates(loss, direction, duplicates, most)
    verdict = verdict_of(direction)
    hint = hint_of(loss, direction, most)
    properties = properties_of(loss, pieces, direction, Deadline.at(start + 0.95 * time_limit))
    return CheckReport(
        formula=loss.formula,
        name=loss.name,
        labels=str(loss.domain.labels),
        input=str(loss.domain.input),
        eps=loss.eps,
        verdict=verdict,
        direction=direction,
        positive_rate=sampled.positive_rate,
        zero_gradient=all(proof.zero for proof in direction),
        sentence=f"{sentence_of(loss, direction, verdict, at_eps, timed_out)} {hint}".rstrip(),
        verdict_at_eps={value: found for value, (found, _) in at_eps.items()},
        duplicate_of=tuple(found.name for found in duplicates),
        duplicate_notes={found.name: found.sentence for found in duplicates},
        gradient=text,
        gradient_latex=latex,
        properties=properties,
        seconds=time.monotonic() - start,
    )


def _gradient(loss: Loss, deadline: Deadline) -> tuple[dict[str, str], dict[str, str]]:
    """Return the gradient by label as text and in LaTeX, or say that it is too long or out of reach."""
    try:
        form = gradient_form_by(loss, deadline)
        elements = [
            piece.element for label in form.labels for piece in label.pieces if piece.element is not None
        ]
        terms = sum(len(element.numerator) for element in elements)
        if terms > LARGEST_SHOWN:
            return {label.label: f"too long to show ({terms} terms)" for label in form.labels}, {}
        return dict(form.text), dict(form.latex)
    except UndecidedError:
        return {}, {}
