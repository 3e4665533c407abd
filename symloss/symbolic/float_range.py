"""Whether a loss and its gradient stay finite in float32, the type that models are trained in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symloss.domain import Labels, eps, y, yhat
from symloss.loss import Loss
from symloss.symbolic.float_dual import value_and_slope
from symloss.symbolic.report import Property
from symloss.symbolic.tape import Tape


def float32_property(loss: Loss, tape: Tape) -> Property:
    """Evaluate a loss in float32 at the ends of the domain, near them and between.

    A point where the value or the gradient is infinite or not a number refutes;
    else the answer is "undecided", with the largest gradient and where it is.
    """
    points = _points(loss.takes_score)
    labels = [0.0, 1.0] if loss.domain.labels is not Labels.REAL else [-3.0, 0.0, 3.0]
    if loss.domain.labels is Labels.UNIT:
        labels.append(0.5)
    worst = (0.0, 0.0, 0.0)
    for label in labels:
        value, slope = value_and_slope(tape, {yhat: points, y: label, eps: loss.eps_value}, yhat, np.float32)
        bad = np.flatnonzero(~(np.isfinite(value) & np.isfinite(slope)))
        if len(bad):
            infinite = bad[np.isinf(value[bad]) | np.isinf(slope[bad])]
            bad = infinite if len(infinite) else bad
            index = int(bad[np.argmin(np.abs(points[bad] - (0.0 if loss.takes_score else 0.5)))])
            what = "gradient" if np.isfinite(value[index]) else "loss"
            point = float(points[index])
            kind = "not a number" if np.isnan([value[index], slope[index]]).any() else "infinite"
            detail = f"the {what} is {kind} at yhat = {point:.9g}, y = {label:g}"
            return Property("finite_float32", "refuted", point, detail, witness={"yhat": point, "y": label})
        index = int(np.argmax(np.abs(slope)))
        if abs(slope[index]) > worst[0]:
            worst = (float(abs(slope[index])), float(points[index]), label)
    detail = (
        f"no bad value at {len(points)} points a label, ends included; the largest gradient, {worst[0]:.4g}, "
    )
    detail += f"is at yhat = {worst[1]:.6g}, y = {worst[2]:g}"
    return Property("finite_float32", "undecided", worst[0], detail)


def _points(score: bool) -> NDArray[np.float32]:
    """Return float32 numbers of the domain: for a probability from the smallest positive one to the last below 1."""
    if score:
        steps = np.concatenate([[0.0], 2.0 ** np.arange(-20.0, 14.0, 0.25), np.linspace(0, 120, 481)])
        return np.unique(np.concatenate([-steps, steps]).astype(np.float32))
    near = 2.0 ** -np.arange(1.0, 149.0)
    below = 1 - 2.0 ** -np.arange(1.0, 25.0)
    inner = np.concatenate([near, below, np.linspace(0, 1, 2001)[1:-1]]).astype(np.float32)
    return np.unique(inner[(inner > 0) & (inner < 1)])
