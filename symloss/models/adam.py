"""Adam with the defaults and the formulas of `torch.optim.Adam`, weight decay added to the gradient.

Every parameter moves in every step, also rows of a table that a batch does not
touch: their momentum goes on, and decay is part of their gradient. Neither has
a closed form over several steps, so a step is a pass over all parameters: on
ML-100K's size some ten times the work of SGD's step, on tables of hundreds of
thousands of rows out of proportion.

Source: Kingma and Ba, Adam: a method for stochastic optimization, ICLR 2015, algorithm 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from symloss.compile.cpu.jit import njit
from symloss.compile.cpu.slopes import clip32

BETA_1 = 0.9
"""Weight of the past in the mean of gradients."""
BETA_2 = 0.999
"""Weight of the past in the mean of squares."""
EPS = 1e-8
"""Added to the root of the mean of squares."""

Arrays = list[NDArray[np.float32]]


@dataclass(eq=False)
class Moments:
    """What Adam remembers of the steps so far; part of a model's state, empty before the first step.

    Attributes:
        steps: how many there were.
        first: running means of gradients, one array a parameter.
        second: running means of their squares.
    """

    steps: int = 0
    first: Arrays = field(default_factory=list)
    second: Arrays = field(default_factory=list)

    def begin(self, parameters: Sequence[NDArray[np.float32]]) -> None:
        """Make room for these parameters, with means of 0, unless there is."""
        if not self.first:
            self.first = [np.zeros_like(parameter) for parameter in parameters]
            self.second = [np.zeros_like(parameter) for parameter in parameters]

    def copy(self) -> Moments:
        """Return an independent copy."""
        return Moments(self.steps, [a.copy() for a in self.first], [a.copy() for a in self.second])


@njit
def adam_step(parameters: NDArray[np.float32], gradients: NDArray[np.float32], first: NDArray[np.float32],
              second: NDArray[np.float32], step: int, rate: float, l2: float, bound: float) -> None:  # fmt: skip
    """Update parameters by one step, and set their gradients to 0.

    Args:
        parameters, gradients, first, second: contiguous, of one shape.
        step: number of the step, from 1.
        rate: the learning rate.
        l2: times the parameter, added to the clipped gradient.
        bound: gradients are clipped to [-bound, bound].
    """
    p, g = parameters.ravel(), gradients.ravel()
    m, v = first.ravel(), second.ravel()
    size = np.float32(rate / (1.0 - BETA_1**step))
    root = np.float32(1.0 / np.sqrt(1.0 - BETA_2**step))
    old, new = np.float32(BETA_2), np.float32(1.0 - BETA_2)
    pull, decay, eps, limit = np.float32(1.0 - BETA_1), np.float32(l2), np.float32(EPS), np.float32(bound)
    for k in range(len(p)):
        gradient = clip32(g[k], -limit, limit) + decay * p[k]
        mean = m[k] + pull * (gradient - m[k])
        square = old * v[k] + new * (gradient * gradient)
        p[k] -= size * (mean / (np.sqrt(square) * root + eps))
        m[k], v[k] = mean, square
        g[k] = np.float32(0)
