"""Whether a loss and its gradient stay finite in float32, the type that models are trained in.

Proved by ranges (`symloss.symbolic.arithmetic.float32_steps`): the domain is cut into boxes until no step of the loss
and of its derivative can leave the finite numbers. Refuted by a pair where NumPy's float32 does. A probability is
clipped into [2**-126, 1 - 2**-24], as training clips it; a score lies in [-10,000, 10,000], and so does a real label.
"""

from __future__ import annotations

import numpy as np

from symloss.compile.assemble import assemble
from symloss.compile.program import Program
from symloss.formula.spec import LossSpec
from symloss.signature import Input
from symloss.symbolic.arithmetic.float32_steps import at_points
from symloss.symbolic.direction.proof import Property
from symloss.symbolic.properties.float32_boxes import Floats, first_boxes, grid
from symloss.symbolic.properties.float32_largest import LargestGradient, pair_text, ranges_on
from symloss.symbolic.undecided import Deadline

_DOMAINS = {
    Input.PROBABILITY: "for every yhat from 2^-126 to 1 - 2^-24, where training clips it",
    Input.SCORE: "for every score up to 10,000 in size",
    Input.LOG: "for every yhat from -80 to 80",
    Input.POSITIVE: "for every yhat from 2^-30 to 10,000",
}
"""Where losses are looked at; beyond these a mean of counts or amounts is no longer plausible."""

_MOST_BOXES = 6_000
_MOST_ROUNDS = 34


def float32_property(loss: LossSpec, deadline: Deadline) -> Property:
    """Decide whether a loss and its derivative are finite in float32 wherever training can get.

    Args:
        loss: the loss; an open eps counts at its default value.
        deadline: when to stop with "undecided".
    """
    program = assemble(loss.expression)
    points, labels = grid(loss)
    bad = _worst_bad(loss, program, points, labels)
    if bad is not None:
        return bad
    largest = LargestGradient(program, loss.eps_value, points, labels)
    boxes = first_boxes(loss)
    for _ in range(_MOST_ROUNDS):
        found = ranges_on(program, boxes, loss.eps_value)
        largest.keep(boxes, found[1])
        boxes = boxes.kept(~np.broadcast_to(found[0].is_finite & found[1].is_finite, boxes.low.shape))
        if not len(boxes):
            largest.search(loss, deadline)
            return Property(
                "finite_float32", "proved", largest.size, f"{_DOMAINS[loss.domain.input]}; {largest}"
            )
        bad = _worst_bad(loss, program, *boxes.corners())
        if bad is not None:
            return bad
        if boxes.single.any() or 2 * len(boxes) > _MOST_BOXES or deadline.passed:
            break
        boxes = boxes.halves()
    detail = f"not settled near {pair_text(boxes.low[0], boxes.y_low[0])}; {largest}"
    return Property("finite_float32", "undecided", largest.size, detail)


def _worst_bad(loss: LossSpec, program: Program, points: Floats, labels: Floats) -> Property | None:
    """Return the refutation at the pair nearest to the middle of the domain whose loss or gradient is not finite."""
    value, slope = at_points(program, points, labels, loss.eps_value)
    bad = np.flatnonzero(~(np.isfinite(value) & np.isfinite(slope)))
    if not len(bad):
        return None
    index = int(bad[np.argmin(np.abs(points[bad] - (0.0 if loss.takes_score else 0.5)))])
    wrong, what = (value[index], "loss") if not np.isfinite(value[index]) else (slope[index], "gradient")
    kind = "not a number" if np.isnan(wrong) else "infinite"
    detail = f"the {what} is {kind} at {pair_text(points[index], labels[index])}"
    witness = {"yhat": float(points[index]), "y": float(labels[index])}
    return Property("finite_float32", "refuted", float(points[index]), detail, witness=witness)
