"""The proxy test: which losses of a batch are worth training.

All losses of a batch are differentiated at once at fixed points, at every eps
that they may be trained with. A gradient that is smaller than delta everywhere
learns nothing; one that is known has a known reward (AutoLossGen, section 3.3).
The same numbers tell which way the gradient points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from symloss.compile.program import ProgramBatch
from symloss.compile.reference import values_and_gradients
from symloss.errors import OptionError
from symloss.search.candidates.exact_duplicates import ExactDuplicates
from symloss.search.candidates.gradient_table import GradientTable
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.proxy_points import ProxyPoints
from symloss.search.candidates.tokens import Tokens
from symloss.signature import Domain

NOISE = 1e-7
"""A gradient of at most this size points nowhere."""


@dataclass(frozen=True, eq=False)
class ProxyReport:
    """What the proxy test says about K losses.

    Attributes:
        too_complex: bool[K], whether it has more operators than allowed; the rest is then left open.
        finite: bool[K], whether the gradient is finite at every point.
        zero: bool[K], whether it is smaller than delta at every point.
        number: int[K], the number of the gradient in the table; -1 where it is not worth training.
        new: bool[K], whether the gradient was seen for the first time.
        right_way: float64[K], share of the entries of the gradient that have the sign they must have.
        wrong: bool[K], whether one has the other sign (pushes a prediction off its label), or all of one
            label, or by one prediction, are zero; with several eps: whether it is so at each of them.
        gradients: float64[K, entries], as the table compares them (see `GradientTable`); None where none is.
    """

    too_complex: NDArray[np.bool_]
    finite: NDArray[np.bool_]
    zero: NDArray[np.bool_]
    number: NDArray[np.intp]
    new: NDArray[np.bool_]
    right_way: NDArray[np.float64]
    wrong: NDArray[np.bool_]
    gradients: NDArray[np.float64] | None


class ProxyTest:
    """Tests batches of losses against all that it saw before."""

    def __init__(
        self,
        grammar: LossGrammar,
        *,
        delta: float,
        eps: float | Sequence[float],
        seed: int,
        max_complexity: int | None = None,
        exact: bool = False,
        filters: bool = True,
    ) -> None:
        """Draw the points from `seed`.

        Args:
            grammar: of the losses.
            delta: gradients closer than this are the same.
            eps: what losses are tested at, one value or several.
            seed: of the points.
            max_complexity: losses with more operators are dropped; None for no limit.
            exact: whether a known gradient has to be confirmed by the symbolic test.
            filters: whether zero and known gradients are dropped; without, every loss has a number of its own.

        Raises:
            OptionError: the symbolic test is asked for, and does not know losses of this kind.
        """
        if exact and filters and not isinstance(grammar.signature, Domain):
            raise OptionError(
                f"the symbolic test of duplicates takes losses in yhat and y, and those of this grammar are "
                f"{grammar.signature.name}; exact=False lets the sampled gradients decide"
            )
        self.grammar = grammar
        self.delta = delta
        self.eps = (float(eps),) if isinstance(eps, int | float) else tuple(eps)
        self.max_complexity = max_complexity
        self.filters = filters
        self.points = ProxyPoints.draw(grammar.signature, seed)
        self.exact = ExactDuplicates(grammar) if exact and filters else None
        hooks = () if self.exact is None else (self.exact.same, self.exact.added)
        self.table = GradientTable(len(self.points.towards) * len(self.eps), delta, *hooks)
        self.numbered = 0

    def programs(self, tokens: Tokens) -> ProgramBatch:
        """Return the losses as programs, at the first eps of the test."""
        return self.grammar.programs(tokens, self.eps[0])

    def gradients(self, programs: ProgramBatch) -> NDArray[np.float64]:
        """Return the gradient of each loss at the points, float64[K, entries], at the programs' eps."""
        _, gradient = values_and_gradients(programs, self.points.values)
        return gradient.swapaxes(0, 1).reshape(len(programs), -1)

    def test(self, tokens: Tokens) -> ProxyReport:
        """Test the losses (K >= 1), adding new gradients to the table."""
        programs = self.programs(tokens)
        by_eps = [self.gradients(programs)]
        for eps in self.eps[1:]:
            by_eps.append(self.gradients(replace(programs, eps=np.full(len(tokens), eps))))
        finite = np.logical_and.reduce([np.isfinite(part).all(axis=1) for part in by_eps])
        for part in by_eps:
            part[~finite] = 0.0
        directions = [self._direction(part) for part in by_eps]
        right_way = np.maximum.reduce([share for share, _ in directions])
        wrong = np.logical_and.reduce([wrong for _, wrong in directions])
        gradients = by_eps[0] if len(by_eps) == 1 else np.concatenate(by_eps, axis=1)
        zero = np.asarray(finite & (np.abs(gradients) < self.delta).all(axis=1))
        too_complex = self._too_complex(tokens)
        number = np.full(len(tokens), -1, np.intp)
        new = np.zeros(len(tokens), np.bool_)
        if not self.filters:
            useful = np.flatnonzero(~too_complex)
            number[useful] = self.numbered + np.arange(len(useful))
            new[useful] = True
            self.numbered += len(useful)
            nothing = np.zeros(len(tokens), np.bool_)
            return ProxyReport(too_complex, ~nothing, nothing, number, new, right_way, wrong, None)
        useful = np.flatnonzero(finite & ~zero & ~too_complex)
        if self.exact is not None:
            self.exact.begin(tokens, programs, wrong)
        seen = np.arcsinh(gradients)
        number[useful], new[useful] = self.table.find_or_add(seen, useful)
        self.numbered = len(self.table)
        return ProxyReport(too_complex, finite, zero, number, new, right_way, wrong, seen)

    def _too_complex(self, tokens: Tokens) -> NDArray[np.bool_]:
        if self.max_complexity is None:
            return np.zeros(len(tokens), np.bool_)
        return np.asarray(self.grammar.complexity(tokens) > self.max_complexity)

    def _direction(self, gradients: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        judged = self.points.towards != 0
        # where terms of 1/xi cancel, the sign of what is left is that of a rounding error
        push = np.where(np.abs(gradients) <= NOISE, 0.0, np.sign(gradients)) * self.points.towards
        right_way = (push > 0).sum(axis=1) / judged.sum()
        wrong = np.asarray((push < 0).any(axis=1))
        for part in self.points.parts:
            wrong |= ~(push[:, part] > 0).any(axis=1)
        return right_way, wrong
