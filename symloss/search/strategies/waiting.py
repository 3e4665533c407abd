"""Losses that a strategy was given to begin from, until they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from symloss.errors import OptionError
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.tokens import Tokens


class Waiting:
    """A queue of losses of one grammar."""

    def __init__(self, grammar: LossGrammar) -> None:
        """Start empty."""
        self._n_steps = grammar.n_steps
        self._rows = np.zeros((0, grammar.n_steps, 3), np.int32)

    def add(self, tokens: Tokens) -> None:
        """Queue losses.

        Raises:
            OptionError: they have another number of steps than the grammar.
        """
        if tokens.n_steps != self._n_steps:
            raise OptionError(
                f"the losses to begin from make {tokens.n_steps} variables and the grammar makes "
                f"{self._n_steps}; encode them for this grammar (symloss.search.strategies.encoding.encode)"
            )
        self._rows = np.concatenate([self._rows, np.stack(tokens.parts(), axis=2)])

    def first(self, n: int, draw: Callable[[int], Tokens]) -> Tokens:
        """Return n losses (n >= 1): the first of the queue, which leave it, and as many drawn ones as lack."""
        rows, self._rows = self._rows[:n], self._rows[n:]
        if not len(rows):
            return draw(n)
        waiting = Tokens(*(np.ascontiguousarray(rows[:, :, part]) for part in range(3)))
        return Tokens.joined([waiting, draw(n - len(rows))]) if n > len(rows) else waiting

    def state(self) -> dict[str, Any]:
        """Return the queue as an array."""
        return {"rows": self._rows.copy()}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what `state` gave."""
        self._rows = np.asarray(state["rows"], np.int32).reshape(-1, self._n_steps, 3)
