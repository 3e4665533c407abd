"""Signs on unbounded intervals: half lines are mapped to (0, 1).

By yhat = c - log t, which turns exponentials into powers of t, or by yhat = c - 1 + 1/t.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from sympy import Expr, Integer, Rational, exp, log, tanh

from symloss.ops.protected import sigmoid
from symloss.signature import yhat
from symloss.symbolic.arithmetic.enclosure import sign_at
from symloss.symbolic.roots.endpoint import Endpoint
from symloss.symbolic.signs.sign_question import Question, SignProof
from symloss.symbolic.undecided import Deadline

Prove = Callable[[Expr, Endpoint, Endpoint, int, Deadline], SignProof]


def on_half_lines(question: Question, prove: Prove) -> SignProof:
    """Map the half lines to (0, 1) and prove each; what is finite between them is proved as it is.

    Args:
        question: one about an unbounded interval.
        prove: `symloss.symbolic.signs.sign_proof.prove_sign`.
    """
    parts: list[SignProof] = []
    center = Integer(0)
    if not question.low.is_infinite:
        center = Integer(int(np.ceil(question.low.approximation)) + 1)
    elif not question.high.is_infinite:
        center = Integer(int(np.floor(question.high.approximation)) - 1)
    if not question.low.is_infinite:
        parts.append(
            prove(
                question.gradient, question.low, Endpoint.rational(center), question.want, question.deadline
            )
        )
    if not question.high.is_infinite:
        parts.append(
            prove(
                question.gradient, Endpoint.rational(center), question.high, question.want, question.deadline
            )
        )
    unit = Endpoint.rational(Rational(0)), Endpoint.rational(Rational(1))
    for infinite, direction in ((question.high, 1), (question.low, -1)):
        if infinite.is_infinite:
            inverse = direction * (1 / yhat - 1)
            if question.gradient.has(exp, tanh, sigmoid):
                inverse = -direction * log(yhat, evaluate=False)
            mapped = question.gradient.xreplace({yhat: center + inverse})
            found = prove(mapped, *unit, question.want, question.deadline)
            parts.append(_mapped_back(question, found, center, direction))
    middle = sign_at(question.tape, {yhat: Rational(center)})
    if middle == -question.want:
        return SignProof("refuted", witness=Rational(center))
    return combined(parts, middle)


def _mapped_back(question: Question, found: SignProof, center: Integer, direction: int) -> SignProof:
    def place(t: float) -> float:
        if t <= 0:
            return direction * float("inf")
        if question.gradient.has(exp, tanh, sigmoid):
            return float(center) - direction * float(np.log(t))
        return float(center) + direction * (1 / t - 1)

    left = None
    if found.left is not None:
        ends = place(found.left[0]), place(found.left[1])
        left = min(ends), max(ends)
    found = replace(found, zeros=tuple(place(t) for t in found.zeros), left=left)
    if found.witness is not None:
        witness = question.is_wrong(place(float(found.witness)))
        return replace(found, witness=witness) if witness is not None else SignProof("undecided")
    return found


def combined(parts: list[SignProof], middle: int | None) -> SignProof:
    """Join proofs on neighbouring intervals; their common point has the sign `middle` (0 or None: not strict)."""
    for part in parts:
        if part.status == "refuted":
            return part
    lefts = [part.left for part in parts if part.left is not None]
    left = min(lefts, key=lambda pair: pair[1] - pair[0]) if lefts else None
    zeros = tuple(sorted({zero for part in parts for zero in part.zeros}))
    if any(part.status == "undecided" for part in parts):
        return SignProof("undecided", zeros=zeros, left=left)
    stricts = [part.strict for part in parts]
    strict = None if None in stricts else all(stricts) and bool(middle)
    return SignProof("proved", strict=strict, zero=all(part.zero for part in parts), zeros=zeros)
