"""The numeric fingerprint of a gradient: its values at a few fixed points, up to a positive factor for each label.

Losses with the same gradient have the same fingerprint up to rounding. The
converse is for the exact test: two losses of a search once had gradients only
2e-12 apart.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from symloss.compile.program import Program, ProgramBatch
from symloss.compile.reference import evaluate_batch
from symloss.formula.spec import LossSpec
from symloss.signature import Domain, Input, Labels, eps, y, yhat
from symloss.symbolic.arithmetic.float_dual import value_and_slope
from symloss.symbolic.arithmetic.tape import Tape, UnsupportedFunctionError

_PROBABILITIES = np.array(
    [
        3.1e-7,
        2.3e-4,
        0.0137,
        0.0911,
        0.2073,
        0.3391,
        0.4787,
        0.6173,
        0.7549,
        0.8837,
        0.9713,
        1 - 3.7e-4,
        1 - 4.3e-7,
    ]
)
_SCORES = np.array([-91.7, -19.3, -7.31, -2.63, -1.17, -0.31, 0.23, 0.71, 1.41, 3.07, 8.13, 23.9, 83.1])
_UNIT_LABELS = np.array([0.0, 0.271, 0.683, 1.0])
_REAL_LABELS = np.array([-1.93, -0.41, 0.0, 0.77, 2.31])
_POSITIVE_LABELS = np.array([0.0, 0.41, 1.0, 2.31, 17.3])
_PREDICTIONS = {
    Input.PROBABILITY: _PROBABILITIES,
    Input.SCORE: _SCORES,
    Input.LOG: np.array([-19.3, -7.31, -2.63, -1.17, -0.31, 0.23, 0.71, 1.41, 3.07, 8.13, 23.9]),
    Input.POSITIVE: np.array([1e-9, 1e-4, 0.0231, 0.31, 0.77, 1.41, 3.07, 8.13, 23.9, 871.0, 1e7]),
}
_ENDS = 2
"""Points at each end of the predictions that don't count for the size."""
_SMALL = 1e-7
"""Gradients below this at all points of a label may be the rounding errors of zero."""
_FLAT = 1e-9
"""Gradients whose inner part is smaller than the ends by this are measured at the ends."""

TOLERANCE = 1e-7
"""Fingerprints of equal gradients differ by less."""

Fingerprints = tuple[NDArray[np.float64], ...]
"""One fingerprint of a gradient, or a few where it is not sure which is right; each of shape (n,)."""


def points(domain: Domain) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return predictions and labels, each of shape (n,), label by label."""
    predictions = _PREDICTIONS[domain.input]
    labels = {
        Labels.BINARY: np.array([0.0, 1.0]),
        Labels.UNIT: _UNIT_LABELS,
        Labels.REAL: _REAL_LABELS,
        Labels.POSITIVE: _POSITIVE_LABELS,
    }[domain.labels]
    return np.tile(predictions, len(labels)), np.repeat(labels, len(predictions))


def gradients(
    programs: Sequence[Program], smoothings: Sequence[float], domain: Domain
) -> NDArray[np.float64]:
    """Return the gradients of K losses at the n points of a domain, shape (K, n).

    Args:
        programs: K losses in program form.
        smoothings: the eps of each.
        domain: where the losses live.
    """
    return evaluate_batch(ProgramBatch.pack(programs, smoothings), *points(domain))[1]


def normalised(values: NDArray[np.float64], domain: Domain) -> list[Fingerprints]:
    """Return the fingerprints of gradients of shape (K, n): arsinh(gradient/size), with one size a label, or for all.

    A gradient that is tiny at all points of a label may be one (times a small factor), or the rounding errors of zero:
    it gets fingerprints for both. Rows that are not finite become NaN.
    """
    groups = 2 if domain.labels is Labels.BINARY else 1
    parts = values.reshape(len(values), groups, -1)
    with np.errstate(all="ignore"):
        whole = np.abs(parts).max(axis=2, keepdims=True)
        inner = np.abs(parts[:, :, _ENDS:-_ENDS]).max(axis=2, keepdims=True)
        # The ends may be larger by many orders; arsinh keeps relative differences there in view.
        size = np.where(inner > _FLAT * whole, inner, whole)
        scaled = np.arcsinh(parts / np.where(size > 0, size, 1.0))
    bad: NDArray[np.bool_] = np.asarray(~np.isfinite(values).all(axis=1))
    scaled[bad] = np.nan
    tiny = (size[:, :, 0] > 0) & (size[:, :, 0] < _SMALL) & ~bad[:, None]
    result: list[Fingerprints] = [(row,) for row in scaled.reshape(values.shape)]
    for k in np.flatnonzero(tiny.any(axis=1)):
        choices = [
            (group, np.zeros_like(group)) if small else (group,)
            for group, small in zip(scaled[k], tiny[k], strict=True)
        ]
        result[k] = tuple(np.concatenate(choice) for choice in itertools.product(*choices))
    return result


def alike(a: Fingerprints, b: Fingerprints, tolerance: float = TOLERANCE) -> bool:
    """Return whether two gradients agree up to rounding, and a factor for each label; NaN agrees with everything."""
    return any(not (np.abs(first - second) > tolerance).any() for first in a for second in b)


@lru_cache(maxsize=512)
def _loss_fingerprint(expression: Expr, eps_value: float, domain: Domain) -> Fingerprints:
    predictions, labels = points(domain)
    try:
        tape = Tape.of(expression)
    except UnsupportedFunctionError:
        return (np.full(len(predictions), np.nan),)
    slope = value_and_slope(tape, {yhat: predictions, y: labels, eps: eps_value}, yhat)[1]
    return normalised(np.array([slope]), domain)[0]


def loss_fingerprint(loss: LossSpec) -> Fingerprints:
    """Return the fingerprints of one loss, each of shape (n,); an open eps counts as 0.037."""
    return _loss_fingerprint(loss.expression, 0.037 if loss.eps is None else loss.eps, loss.domain)
