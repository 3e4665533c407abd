"""Random search: every operator and operand with the same probability. The baseline of all strategies."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from symloss.search.grammar import LossGrammar
from symloss.search.tokens import N_LEAVES, Tokens


class RandomStrategy:
    """Draws losses uniformly and learns nothing."""

    name = "random"

    def __init__(self, grammar: LossGrammar, seed: int) -> None:
        """Start from a seed."""
        self._grammar = grammar
        self._generator = np.random.Generator(np.random.PCG64(seed))

    def ask(self, n: int) -> Tokens:
        """Return n losses (n >= 1)."""
        grammar, generator = self._grammar, self._generator
        shape = (n, grammar.n_steps)
        operators = generator.integers(grammar.n_operators, size=shape, dtype=np.int32)
        made = N_LEAVES + np.arange(grammar.n_steps, dtype=np.int32)
        left = generator.integers(made, size=shape, dtype=np.int32)
        other = generator.integers(made - 1, size=shape, dtype=np.int32)
        right = np.where(grammar.binary[operators], other + (other >= left), left).astype(np.int32)
        return Tokens(operators, left, right)

    def tell(self, tokens: Tokens, rewards: NDArray[np.float64]) -> None:
        """Ignore the rewards."""

    def state(self) -> dict[str, Any]:
        """Return the state of the generator."""
        return {"generator": self._generator.bit_generator.state}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what `state` gave."""
        self._generator.bit_generator.state = state["generator"]
