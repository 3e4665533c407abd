"""Random search: every operator and operand with the same probability. The baseline of all strategies."""

from __future__ import annotations

from typing import Any

import numpy as np

from symloss.search.candidates.complexity import check_limit, draw_within
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.tokens import Tokens
from symloss.search.strategies.strategy import Feedback
from symloss.search.strategies.waiting import Waiting


class RandomStrategy:
    """Draws losses uniformly and learns nothing."""

    name = "random"

    def __init__(self, grammar: LossGrammar, seed: int, *, max_complexity: int | None = None) -> None:
        """Start from a seed; losses of more than `max_complexity` operators are drawn again.

        Raises:
            OptionError: max_complexity is not allowed.
        """
        check_limit(max_complexity)
        self._grammar = grammar
        self._limit = max_complexity
        self._generator = np.random.Generator(np.random.PCG64(seed))
        self._waiting = Waiting(grammar)

    def ask(self, n: int) -> Tokens:
        """Return n losses (n >= 1)."""
        return self._waiting.first(n, self._sample)

    def _sample(self, n: int) -> Tokens:
        return draw_within(self._draw, n, self._limit, self._grammar.identity, self._grammar.n_leaves)

    def _draw(self, n: int) -> Tokens:
        grammar, generator = self._grammar, self._generator
        shape = (n, grammar.n_steps)
        operators = generator.integers(grammar.n_operators, size=shape, dtype=np.int32)
        made = grammar.n_leaves + np.arange(grammar.n_steps, dtype=np.int32)
        left = generator.integers(made, size=shape, dtype=np.int32)
        other = generator.integers(made - 1, size=shape, dtype=np.int32)
        right = np.where(grammar.binary[operators], other + (other >= left), left).astype(np.int32)
        return Tokens(operators, left, right)

    def tell(self, tokens: Tokens, feedback: Feedback) -> None:
        """Ignore the rewards."""

    def warm_start(self, tokens: Tokens) -> None:
        """Ask for these losses first; errors as for `Strategy.warm_start`."""
        self._waiting.add(tokens)

    def state(self) -> dict[str, Any]:
        """Return the state of the generator and the losses that wait."""
        return {"generator": self._generator.bit_generator.state, "waiting": self._waiting.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what `state` gave."""
        self._generator.bit_generator.state = state["generator"]
        self._waiting.restore(state["waiting"])
