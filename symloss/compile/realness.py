"""Whether a loss is a real number where it is to be used: a loss for probabilities is none for real labels.

The logarithm of a prediction means nothing for a prediction of -2. Trained all the same, such a loss
gives NaN, which back ends skip or count as 0: silently nothing is learned.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symloss.compile.assemble import assemble
from symloss.compile.program import Program
from symloss.compile.reference import RULES
from symloss.errors import DomainError
from symloss.formula import known
from symloss.formula.spec import LossSpec
from symloss.ops.opcode import Opcode
from symloss.signature import Input, Labels

_SCORES = np.array([-3.71, -2.23, -1.37, -0.61, -0.17, 0.23, 0.73, 1.43, 2.31, 3.83])
"""Predictions to look at: small, so that nothing overflows, and off the round numbers where losses tie or jump."""
_LABELS = {
    Labels.BINARY: (0.0, 1.0),
    Labels.UNIT: (0.0, 0.31, 0.67, 1.0),
    Labels.REAL: (-2.57, -1.13, -0.29, 0.41, 1.19, 2.89),
}
_REAL_LOSSES = "mse, mae, huber, log-cosh"


def refuse_unreal(loss: LossSpec) -> None:
    """Raise where a loss is not made for its labels, or is not a real number for some scores.

    Args:
        loss: to be exported, or to train with.

    Raises:
        DomainError: the message says what to do.
    """
    labels = loss.domain.labels
    if labels is Labels.REAL and loss.name is not None and known.is_name(loss.name):
        entry = known.entry(loss.name)
        if entry.labels != Labels.REAL and known.spec(loss.name).expression == loss.expression:
            what = "0 and 1" if entry.labels == Labels.BINARY else "in [0, 1]"
            kind = "probabilities" if entry.input == Input.PROBABILITY else "scores"
            raise DomainError(
                f"{loss.name} is a loss for {kind} and labels {what}, not for real labels; leave --labels real out, "
                f"or take a loss for real labels, such as {_REAL_LOSSES}"
            )
    if loss.domain.input is not Input.SCORE:
        return
    places = {
        label: _unreal_at(assemble(loss.expression), label, loss.eps_value) for label in _LABELS[labels]
    }
    wrong = {label: place for label, place in places.items() if place is not None}
    # Real labels can be counts, or positive: a formula that is real for some of them has its use.
    if not wrong or (labels is Labels.REAL and len(wrong) < len(places)):
        return
    label, place = next(iter(wrong.items()))
    if labels is Labels.REAL:
        advice = (
            "if it is a loss for probabilities, leave --labels real out; else --protect reads logarithms, roots and "
            f"divisions as protected ones; losses for real labels are {_REAL_LOSSES}"
        )
    else:
        advice = "if yhat is a probability, say so: --input probability; else --protect reads logarithms as protected"
    raise DomainError(f"{loss.title} is not a real number at yhat = {place:g}, y = {label:g}; {advice}")


def _unreal_at(program: Program, label: float, eps: float) -> float | None:
    """Return a score at which a loss is not real, or None; points where something overflows tell nothing."""
    slots: list[NDArray[np.float64]] = [_SCORES, *(np.full_like(_SCORES, c) for c in (label, eps))]
    slots += [np.full_like(_SCORES, constant) for constant in program.constants]
    none = np.zeros_like(_SCORES)
    finite = np.ones(len(_SCORES), bool)
    with np.errstate(all="ignore"):
        for opcode, left, right in zip(program.opcodes, program.left, program.right, strict=True):
            value = RULES[Opcode(opcode)](slots[left], slots[right], none, none)[0]
            finite &= ~np.isinf(value)
            slots.append(np.asarray(value, np.float64))
    unreal = np.flatnonzero(np.isnan(slots[-1]) & finite)
    return float(_SCORES[unreal[0]]) if len(unreal) else None
