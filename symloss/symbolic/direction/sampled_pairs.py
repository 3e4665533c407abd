"""Pairs of scores at which the slopes of a ranking loss are looked at: a figure beside the proofs, and witnesses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symloss.formula.spec import LossSpec
from symloss.signature import ALL_SYMBOLS, PAIRWISE, eps, neg, pos
from symloss.symbolic.arithmetic.float_dual import value_and_slope
from symloss.symbolic.arithmetic.tape import Tape
from symloss.symbolic.direction.sampled import SMALLEST_STEP

N_PAIRS = 1_000

Array = NDArray[np.float64]


def sampled_pairs(seed: int) -> tuple[Array, Array]:
    """Return pairs of scores: 1,000 of the size that models put out, and 1,000 of all sizes from 1e-3 to 1e3."""
    generator = np.random.default_rng(seed)
    usual = 3.0 * generator.standard_normal((2, N_PAIRS))
    sizes = 10.0 ** generator.uniform(-3.0, 3.0, (2, N_PAIRS))
    wide = sizes * generator.choice([-1.0, 1.0], (2, N_PAIRS))
    first, second = np.concatenate([usual, wide], axis=1)
    return first, second


def sampled_rate(loss: LossSpec, seed: int = 0) -> float:
    """Return the share of sampled slopes with the right sign that are larger than 1e-6, over 1,000 usual pairs."""
    at = dict(zip(("pos", "neg"), (part[:N_PAIRS] for part in sampled_pairs(seed)), strict=True))
    tape = Tape.of(loss.expression)
    right = []
    for name in PAIRWISE.predictions:
        slope = value_and_slope(
            tape, {pos: at["pos"], neg: at["neg"], eps: loss.eps_value}, ALL_SYMBOLS[name]
        )[1]
        right.append(slope * PAIRWISE.wanted_signs(at, name) > SMALLEST_STEP)
    return float(np.mean(right))
