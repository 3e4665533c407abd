"""What is found about a ranking loss of whole rows, part by part, and in a sentence."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
from sympy import Symbol

from symloss.errors import OptionError
from symloss.formula.row import Row
from symloss.formula.spec import LossSpec
from symloss.signature import DEFAULT_EPS, STATISTICS, Ranking
from symloss.symbolic.arithmetic.tape import UnsupportedFunctionError
from symloss.symbolic.direction.ranking import prove_ranking
from symloss.symbolic.direction.requirements import RequirementProof
from symloss.symbolic.direction.sampled import SMALLEST_STEP
from symloss.symbolic.direction.sampled_rows import sampled_rows
from symloss.symbolic.pieces.row_values import RowValues
from symloss.symbolic.undecided import Deadline


def ranking_parts(loss: LossSpec, time_limit: float, seed: int) -> Iterator[tuple[str, Any]]:
    """Yield what is found about a ranking loss of whole rows, by name, as it is found.

    Args:
        loss: the loss, without a scale.
        time_limit: seconds; what is not settled by then is "undecided".
        seed: of the sampled rows.

    Raises:
        OptionError: the expression holds a function that the formula grammar does not have.
    """
    start = time.monotonic()
    try:
        yield "positive_rate", sampled_rate(loss, seed)
    except UnsupportedFunctionError as error:
        raise OptionError(f"{error}; build losses from its functions (symloss ops lists them)") from None
    deadline = Deadline.at(start + 0.9 * time_limit)
    proofs = prove_ranking(loss, seed, deadline)
    yield "requirements", proofs
    yield "sentence", sentence_of_ranking(loss, proofs, deadline.passed)


def sampled_rate(loss: LossSpec, seed: int = 0) -> float:
    """Return the share of slopes with the right sign that are larger than 1e-6, over rows of the first shapes."""
    signature = loss.signature
    assert isinstance(signature, Ranking)
    row = Row.of_expression(loss.numeric_expression)
    constants: dict[Symbol, tuple[float, float]] = {
        STATISTICS[one.name]: (one.values.low, one.values.high)
        for one in signature.arguments
        if one.name in STATISTICS
    }
    values = RowValues(row)
    right = []
    for rows in islice(sampled_rows(seed, signature, constants, row), 3):
        for by, want in ((None, -1), (0, 1)):
            slope = values.floats(rows.first, rows.groups, rows.constants, by)[1]
            right.append(slope * want > SMALLEST_STEP)
    return float(np.mean(right))


def sentence_of_ranking(loss: LossSpec, proofs: tuple[RequirementProof, ...], timed_out: bool) -> str:
    """Say what the verdict means for training, and what to change.

    Args:
        loss: the loss.
        proofs: of its requirements, at the default eps where eps is open.
        timed_out: whether the time limit was reached: only then is more time of use.
    """
    if all(one.proof.zero for one in proofs):
        return (
            "The slopes are zero everywhere: nothing is learned; write a formula that depends on pos and neg."
        )
    complaints = [text for text in (_complaint(one, timed_out) for one in proofs) if text]
    if complaints:
        return " ".join(dict.fromkeys(complaints))
    signature = loss.signature
    most = signature.negatives if isinstance(signature, Ranking) else None
    rows = "for every number of negative items" if most is None else f"for up to {most:,} negative items"
    at = f", at eps = {DEFAULT_EPS:g}" if loss.has_eps and loss.eps is None else ""
    strict = all(one.proof.strict for one in proofs)
    return (
        "Every gradient step raises the score of the positive item and lowers those of the negative ones"
        f"{'' if strict else ', or leaves them'}, {rows}{at}."
    )


def _complaint(one: RequirementProof, timed_out: bool) -> str:
    name = one.requirement.slope_of
    item = {"pos": "the positive item", "neg": "the negative items"}[name]
    if one.proof.zero:
        return (
            f"The slope of {name} is zero everywhere, so nothing is learned of {item}; add a term that depends on "
            f"{name}."
        )
    if one.proof.status == "refuted" and one.witness is not None:
        if math.isnan(one.witness["slope"]):
            return (
                f"The loss is not a real number at {one.place}; use a protected operator (--protect) or another "
                "formula there, or say where scores live (--input)."
            )
        way, step = ("raises", "lowers") if one.witness["slope"] > 0 else ("lowers", "raises")
        which = "" if name == "pos" else " of the first negative item"
        return (
            f"At {one.place} a larger {name}{which} {way} the loss, so that a step {step} its score: the loss must not "
            f"{'increase' if name == 'pos' else 'decrease'} with {name}."
        )
    if one.proof.status == "undecided":
        advice = (
            "raise the time limit (--time-limit) or simplify the loss"
            if timed_out
            else "more time would not help, for the proofs do not reach this form; bounds may: --input cosine, "
            "--negatives N"
        )
        return f"The sign of the slope of {name} is not settled, though no sampled row has the wrong one; {advice}."
    return ""
