"""The exact half of the duplicate test: whether a gradient that agrees at the sampled points is the same.

The proxy test finds gradients that agree within delta at its points; here the
symbolic test decides. It is asked only for losses that would be trained: what
points the wrong way is dropped anyway, whichever gradient it counts to. Most
pairs are settled by a look at the programs, the rest is decided once and
remembered. What the symbolic test leaves open counts as the same, since
gradients within delta train alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symloss.compile.program import ProgramBatch
from symloss.loss import Loss
from symloss.ops.construct import NumberLimitError
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.tokens import Tokens
from symloss.symbolic.same.same_gradient import compare

SECONDS = 2.0
"""Time limit of one comparison: nearly all take milliseconds, and an answer should not depend on the clock."""


class ExactDuplicates:
    """Remembers the losses of known gradients, and answers for the rows of a batch."""

    def __init__(self, grammar: LossGrammar) -> None:
        """Know nothing."""
        self._grammar = grammar
        self._tokens: dict[int, Tokens] = {}
        self._programs: dict[int, bytes] = {}
        self._losses: dict[int, Loss | None] = {}
        self._answers: dict[tuple[int, bytes], bool] = {}
        self.compared = 0

    def begin(self, tokens: Tokens, programs: ProgramBatch, wrong: NDArray[np.bool_]) -> None:
        """Take up a batch; `wrong` marks losses that point the wrong way."""
        self._batch, self._batch_programs, self._wrong = tokens, programs, wrong

    def added(self, number: int, row: int) -> None:
        """Remember row `row` of the batch as the loss of a new gradient."""
        if not self._wrong[row]:
            self._remember(number, self._batch.take([row]), self._key(self._batch_programs, row))

    def fill(self, numbers: list[int], tokens: Tokens, programs: ProgramBatch) -> None:
        """Remember the losses of gradients that an earlier table knew, none of which points the wrong way."""
        for k, number in enumerate(numbers):
            self._remember(number, tokens.take([k]), self._key(programs, k))

    def same(self, number: int, row: int) -> bool:
        """Return whether row `row` of the batch has the gradient of a known number, which it has at all points."""
        if self._wrong[row]:
            return True
        if number not in self._tokens:
            # the known one points the wrong way somewhere, this one nowhere
            return False
        key = self._key(self._batch_programs, row)
        if key == self._programs[number]:
            return True
        answer = self._answers.get((number, key))
        if answer is None:
            answer = self._compare(number, self._batch.take([row]))
            self._answers[number, key] = answer
        return answer

    def _compare(self, number: int, tokens: Tokens) -> bool:
        self.compared += 1
        if number not in self._losses:
            self._losses[number] = self._loss(self._tokens[number])
        known, loss = self._losses[number], self._loss(tokens)
        if known is None or loss is None:
            return True
        comparison = compare(loss, known, SECONDS)
        if comparison.relation == "proportional":
            # the factor is nearly 1 at the eps of the proxy test, and scales are tried anyway
            return True
        return comparison.relation != "different"

    def _loss(self, tokens: Tokens) -> Loss | None:
        try:
            return self._grammar.loss(tokens)
        except NumberLimitError:
            return None

    def _remember(self, number: int, tokens: Tokens, key: bytes) -> None:
        self._tokens[number], self._programs[number] = tokens, key

    @staticmethod
    def _key(programs: ProgramBatch, row: int) -> bytes:
        length = int(programs.lengths[row])
        parts = (programs.opcodes, programs.left, programs.right)
        return b"".join(part[row, :length].tobytes() for part in parts)
