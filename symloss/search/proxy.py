"""The proxy test: which losses of a batch are worth an epoch of training.

All losses of a batch are differentiated at once at fixed points. A gradient
that is smaller than delta everywhere learns nothing; one that is known has a
known reward (AutoLossGen, section 3.3). The same numbers tell which way the
gradient points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symloss.compile.program import ProgramBatch
from symloss.compile.reference import evaluate_batch
from symloss.domain import Labels
from symloss.search.gradient_table import GradientTable
from symloss.search.grammar import LossGrammar
from symloss.search.points import ProxyPoints
from symloss.search.tokens import Tokens

NOISE = 1e-7
"""A gradient of at most this size points nowhere."""


@dataclass(frozen=True, eq=False)
class ProxyReport:
    """What the proxy test says about K losses.

    Attributes:
        finite: bool[K], whether the gradient is finite at every point.
        zero: bool[K], whether it is smaller than delta at every point.
        number: int[K], the number of the gradient in the table; -1 where it is zero or not finite.
        new: bool[K], whether the gradient was seen for the first time.
        right_way: float64[K], share of the points where the gradient pushes the prediction to its label.
        wrong: bool[K], whether it pushes away from it at some point, or is zero at all points of one label.
    """

    finite: NDArray[np.bool_]
    zero: NDArray[np.bool_]
    number: NDArray[np.intp]
    new: NDArray[np.bool_]
    right_way: NDArray[np.float64]
    wrong: NDArray[np.bool_]


class ProxyTest:
    """Tests batches of losses against all that it saw before."""

    def __init__(self, grammar: LossGrammar, *, delta: float, eps: float, seed: int) -> None:
        """Draw the points from `seed`; `delta` and `eps` as in `SearchOptions`."""
        self.grammar = grammar
        self.delta = delta
        self.eps = eps
        self.points = ProxyPoints.draw(grammar.domain, seed)
        self.table = GradientTable(len(self.points.yhat), delta)

    def programs(self, tokens: Tokens) -> ProgramBatch:
        """Return the losses as programs, at the eps of the test."""
        return self.grammar.programs(tokens, self.eps)

    def gradients(self, programs: ProgramBatch) -> NDArray[np.float64]:
        """Return the derivative of each loss by yhat at each point, float64[K, P]."""
        with np.errstate(all="ignore"):
            _, derivative = evaluate_batch(programs, self.points.yhat, self.points.y)
        return np.asarray(derivative, np.float64)

    def test(self, tokens: Tokens) -> ProxyReport:
        """Test the losses (K >= 1), adding new gradients to the table."""
        gradients = self.gradients(self.programs(tokens))
        finite = np.asarray(np.isfinite(gradients).all(axis=1))
        gradients[~finite] = 0.0
        zero = np.asarray(finite & (np.abs(gradients) < self.delta).all(axis=1))
        number = np.full(len(tokens), -1, np.intp)
        new = np.zeros(len(tokens), np.bool_)
        useful = np.flatnonzero(finite & ~zero)
        number[useful], new[useful] = self.table.find_or_add(gradients, useful)
        right_way, wrong = self._direction(gradients)
        return ProxyReport(finite, zero, number, new, right_way, wrong)

    def _direction(self, gradients: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        judged = self.points.towards != 0
        # where terms of 1/xi cancel, the sign of what is left is that of a rounding error
        push = np.where(np.abs(gradients) <= NOISE, 0.0, np.sign(gradients)) * self.points.towards
        right_way = (push > 0).sum(axis=1) / judged.sum()
        wrong = np.asarray((push < 0).any(axis=1))
        if self.grammar.domain.labels is Labels.BINARY:
            for label in (0.0, 1.0):
                wrong |= ~(push[:, self.points.y == label] > 0).any(axis=1)
        else:
            wrong |= ~(push > 0).any(axis=1)
        return right_way, wrong
