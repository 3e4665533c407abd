"""`check`: everything that can be said about one loss, within a time limit that holds.

The work is done in a process that can be ended. It hands over what it finds part by part, the direction first, so that
a formula whose other properties are out of reach has its proof all the same.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from symloss.errors import OptionError
from symloss.formula.spec import LossSpec
from symloss.signature import Domain, Labels, Ranking
from symloss.symbolic.arithmetic.tape import Tape, UnsupportedFunctionError
from symloss.symbolic.direction.eps_grid import verdicts_on_grid
from symloss.symbolic.direction.proof import PAIR_TITLES, PROPERTY_TITLES, DirectionProof, Property
from symloss.symbolic.direction.proved import Pieces, prove_direction, resolved_pieces, text_of
from symloss.symbolic.direction.report import CheckReport
from symloss.symbolic.direction.requirements import RequirementProof, of_labels, verdict_of_requirements
from symloss.symbolic.direction.right_on import with_intervals
from symloss.symbolic.direction.sampled import SampledDirection, sampled_direction
from symloss.symbolic.direction.verdict import sentence_of, verdict_of
from symloss.symbolic.hints import hint_of
from symloss.symbolic.known_direction import by_duplicates
from symloss.symbolic.pair_check import pair_parts, sentence_of_pair, undecided_pair
from symloss.symbolic.pieces.gradient import gradient_form_by
from symloss.symbolic.properties.proved import properties_of
from symloss.symbolic.ranking_check import ranking_parts, sentence_of_ranking
from symloss.symbolic.same.loss_classes import ZooDuplicate, duplicate_of
from symloss.symbolic.undecided import OUT_OF_REACH, Deadline, UndecidedError
from symloss.symbolic.worker.ask import ask, warm_up

LARGEST_SHOWN = 150
"""A gradient with more terms than this is not written out: nobody reads it, and printing takes seconds."""


def check(loss: LossSpec, *, time_limit: float = 2.0, seed: int = 0) -> CheckReport:
    """Check a loss: direction, duplicates, gradient and properties.

    Args:
        loss: the loss.
        time_limit: seconds; what is not settled by then is "undecided".
        seed: seed of the sampled pairs.

    Raises:
        OptionError: the expression holds a function that the formula grammar does not have.
    """
    start = time.monotonic()
    given, loss = loss, loss.folded()
    if not isinstance(loss.signature, Domain):
        return _check_pair(given, loss, start, time_limit, seed)
    answer = ask(check_parts, loss, time_limit, seed, seconds=time_limit)
    found: dict[str, Any] = dict(answer.parts)
    direction = found.get("direction") or _sampled_only(loss, found.get("witnessed", ()), answer.ended)
    verdict = verdict_of(direction)
    properties = {
        name: found.get(name) or Property(name, "undecided", detail=answer.ended) for name in PROPERTY_TITLES
    }
    text, latex = found.get("gradient", ({}, {}))
    duplicates = found.get("duplicates", [])
    return CheckReport(
        formula=given.formula,
        name=given.name,
        labels=str(loss.domain.labels),
        input=str(loss.domain.input),
        eps=loss.eps,
        verdict=verdict,
        direction=direction,
        positive_rate=found.get("positive_rate", float("nan")),
        zero_gradient=all(proof.zero for proof in direction),
        sentence=found.get("sentence") or sentence_of(loss, direction, verdict),
        verdict_at_eps=found.get("verdict_at_eps", {}),
        duplicate_of=tuple(name for name, _ in duplicates),
        duplicate_notes=dict(duplicates),
        gradient=text,
        gradient_latex=latex,
        properties=properties,
        seconds=time.monotonic() - start,
        scale=given.scale,
        params=dict(given.params),
        requirements=of_labels(loss.domain, direction),
    )


def _check_pair(given: LossSpec, loss: LossSpec, start: float, time_limit: float, seed: int) -> CheckReport:
    """Check a ranking loss; its name and constants are those of the loss as it was given."""
    whole_row = isinstance(loss.signature, Ranking)
    answer = ask(ranking_parts if whole_row else pair_parts, loss, time_limit, seed, seconds=time_limit)
    found: dict[str, Any] = dict(answer.parts)
    proofs = found.get("requirements") or undecided_pair(loss, answer.ended)
    at_eps = found.get("verdict_at_eps", {})
    return CheckReport(
        formula=given.formula,
        name=given.name,
        labels="",
        input=str(loss.signature.scores) if isinstance(loss.signature, Ranking) else "score",
        eps=loss.eps,
        verdict=verdict_of_requirements(proofs),
        direction=(),
        positive_rate=found.get("positive_rate", float("nan")),
        zero_gradient=all(one.proof.zero for one in proofs),
        sentence=found.get("sentence") or _sentence(loss, proofs, at_eps, bool(answer.ended)),
        seconds=time.monotonic() - start,
        gradient=found.get("gradient", {}),
        properties={name: found[name] for name in PAIR_TITLES if name in found},
        verdict_at_eps=at_eps,
        scale=given.scale,
        kind=loss.kind,
        params=dict(given.params),
        requirements=proofs,
    )


def _sentence(
    loss: LossSpec, proofs: tuple[RequirementProof, ...], at_eps: dict[str, str], timed_out: bool
) -> str:
    if isinstance(loss.signature, Ranking):
        return sentence_of_ranking(loss, proofs, timed_out)
    return sentence_of_pair(loss, proofs, at_eps, timed_out)


def prepare_workers() -> None:
    """Have the process made in which checks run, while this one goes on: the first check then need not wait for it."""
    warm_up()


@dataclass(frozen=True)
class CheckedDirection:
    """The part of `check` that the verdict rests on.

    Attributes:
        direction: the proofs.
        positive_rate: the share of sampled pairs that are moved towards their label; NaN where time was up before.
        timed_out: whether the time limit was reached.
    """

    direction: tuple[DirectionProof, ...]
    positive_rate: float
    timed_out: bool


def checked_direction(loss: LossSpec, time_limit: float) -> CheckedDirection:
    """Decide the direction of a loss, which is what its verdict rests on, and nothing else.

    Args:
        loss: the loss.
        time_limit: seconds; what is not settled by then is "undecided".
    """
    loss = loss.folded()
    answer = ask(direction_parts, loss, time_limit, 0, seconds=time_limit)
    found: dict[str, Any] = dict(answer.parts)
    direction = found.get("direction") or _sampled_only(loss, found.get("witnessed", ()), answer.ended)
    return CheckedDirection(
        direction, found.get("positive_rate", float("nan")), found.get("timed_out", bool(answer.ended))
    )


def quick_verdict(loss: LossSpec, *, time_limit: float = 2.0) -> str:
    """Return only whether a loss is "valid", "invalid" or "undecided", which it also is where time runs out.

    Args:
        loss: the loss.
        time_limit: seconds.
    """
    if not isinstance(loss.signature, Domain):
        return check(loss, time_limit=time_limit).verdict
    return str(verdict_of(checked_direction(loss, time_limit).direction))


def check_parts(loss: LossSpec, time_limit: float, seed: int) -> Iterator[tuple[str, Any]]:
    """Yield what is found about a loss, by name, as it is found.

    Raises:
        OptionError: the expression holds a function that the formula grammar does not have.
    """
    start = time.monotonic()
    try:
        tape = Tape.of(loss.expression)
    except UnsupportedFunctionError as error:
        raise OptionError(f"{error}; build losses from its functions (symloss ops lists them)") from None
    # The direction is what the verdict rests on: it gets the first half of the time, the rest shares what is left.
    half, most = Deadline.at(start + 0.5 * time_limit), Deadline.at(start + 0.75 * time_limit)
    pieces, direction = yield from _direction_parts(loss, tape, seed, half)
    timed_out = half.passed
    direction = _with_intervals(loss, direction, pieces, tape, most)
    yield "direction", direction
    at_eps = verdicts_on_grid(loss, direction, tape, seed, Deadline.at(start + 0.6 * time_limit))
    yield "verdict_at_eps", {value: found for value, (found, _) in at_eps.items()}
    yield "sentence", sentence_of(loss, direction, verdict_of(direction), at_eps, timed_out)
    yield "gradient", _gradient(loss, most)
    duplicates = _duplicates(loss, most)
    yield "duplicates", [(found.name, found.sentence) for found in duplicates]
    direction, hint = _settled(loss, direction, duplicates, most)
    yield "direction", direction
    sentence = sentence_of(loss, direction, verdict_of(direction), at_eps, timed_out)
    yield "sentence", f"{sentence} {hint}".rstrip()
    for found in properties_of(loss, pieces, direction, Deadline.at(start + 0.95 * time_limit)):
        yield found.name, found


def direction_parts(loss: LossSpec, time_limit: float, seed: int) -> Iterator[tuple[str, Any]]:
    """Yield what is found about the direction of a loss, by name, as it is found."""
    yield from _direction_parts(loss, Tape.of(loss.expression), seed, Deadline(time_limit))


def _direction_parts(
    loss: LossSpec, tape: Tape, seed: int, deadline: Deadline
) -> Generator[tuple[str, Any], None, tuple[Pieces, tuple[DirectionProof, ...]]]:
    sampled = sampled_direction(loss, seed, tape)
    yield "positive_rate", sampled.positive_rate
    if sampled.wrong and loss.domain.labels is Labels.BINARY:
        # a witness is quickly had; should the pieces be out of reach, it stands
        yield "witnessed", prove_direction(loss, sampled, tape, {}, Deadline(0.0))
    pieces, direction = _direction(loss, sampled, tape, deadline)
    yield "timed_out", deadline.passed
    yield "direction", direction
    return pieces, direction


def _direction(
    loss: LossSpec, sampled: SampledDirection, tape: Tape, deadline: Deadline
) -> tuple[Pieces, tuple[DirectionProof, ...]]:
    """Return the pieces and the proofs; without pieces where they are too large for the machine."""
    try:
        pieces = resolved_pieces(loss, deadline)
        return pieces, prove_direction(loss, sampled, tape, pieces, deadline)
    except OUT_OF_REACH:
        return {}, prove_direction(loss, sampled, tape, {}, deadline)


def _with_intervals(
    loss: LossSpec, direction: tuple[DirectionProof, ...], pieces: Pieces, tape: Tape, deadline: Deadline
) -> tuple[DirectionProof, ...]:
    """Return the proofs, a refuted one with the intervals on which the direction is right."""
    try:
        return tuple(
            with_intervals(loss, proof, pieces.get(int(proof.label)), tape, text_of, deadline)
            if proof.status == "refuted" and proof.label.isdigit()
            else proof
            for proof in direction
        )
    except OUT_OF_REACH:
        return direction


def _settled(
    loss: LossSpec,
    direction: tuple[DirectionProof, ...],
    duplicates: Sequence[ZooDuplicate],
    deadline: Deadline,
) -> tuple[tuple[DirectionProof, ...], str]:
    """Return the proofs with those of losses that have the same gradient, and a hint or nothing."""
    try:
        direction = by_duplicates(loss, direction, duplicates, deadline)
        return direction, hint_of(loss, direction, deadline)
    except OUT_OF_REACH:
        return direction, ""


def _sampled_only(
    loss: LossSpec, witnessed: tuple[DirectionProof, ...], reason: str
) -> tuple[DirectionProof, ...]:
    """Return what is known of the direction where the work was ended before it was decided."""
    labels = loss.domain.label_values
    names = ["y"] if labels is None else [str(label) for label in labels]
    refuted = {proof.label: proof for proof in witnessed if proof.status == "refuted"}
    return tuple(refuted.get(name) or DirectionProof(name, "undecided", note=reason) for name in names)


def _duplicates(loss: LossSpec, deadline: Deadline) -> Sequence[ZooDuplicate]:
    """Return the zoo losses with the gradient of `loss`."""
    try:
        return duplicate_of(loss, deadline)
    except (UndecidedError, *OUT_OF_REACH):
        return []


def _gradient(loss: LossSpec, deadline: Deadline) -> tuple[dict[str, str], dict[str, str]]:
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
    except (UndecidedError, *OUT_OF_REACH):
        return {}, {}
