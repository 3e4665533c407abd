"""Simulated annealing: neighbours of one loss, which a worse one replaces the more rarely the longer it goes on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from symloss.errors import OptionError
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.tokens import Tokens
from symloss.search.strategies.random_strategy import RandomStrategy
from symloss.search.strategies.strategy import Feedback


class Annealing:
    """Half of each batch are neighbours of the current loss: a step or two of it come from random losses."""

    name = "acme-annealing"

    def __init__(
        self, grammar: LossGrammar, seed: int, *, max_complexity: int | None = None, cooling: float = 0.9
    ) -> None:
        """Begin hot; after each batch the temperature is `cooling` times what it was."""
        if not 0 < cooling < 1:
            raise OptionError(f"cooling is {cooling!r}; it must be between 0 and 1")
        self._grammar, self._limit, self._cooling = grammar, max_complexity, cooling
        self._random = RandomStrategy(grammar, seed, max_complexity=max_complexity)
        self._dice = np.random.Generator(np.random.PCG64([seed, 7]))
        self._given = 0
        self._current: list[list[int]] | None = None
        self._reward = -math.inf
        self._heat = 1.0

    def ask(self, n: int) -> Tokens:
        """Return n losses; those that were given to begin from come first."""
        tokens = self._random.ask(n)
        first = max(min(self._given, n), n // 2)
        self._given -= min(self._given, n)
        if self._current is None:
            return tokens
        current = Tokens.from_rows([self._current])
        for k in range(first, n):
            kept = self._dice.permutation(self._grammar.n_steps)[int(self._dice.integers(1, 3)) :]
            row = tokens.take([k])
            for into, source in zip(row.parts(), current.parts(), strict=True):
                into[0, kept] = source[0, kept]
            if self._limit is None or self._grammar.complexity(row)[0] <= self._limit:
                for into, source in zip(tokens.parts(), row.parts(), strict=True):
                    into[k] = source[0]
        return tokens

    def tell(self, tokens: Tokens, feedback: Feedback) -> None:
        """Take the best of the batch, or not, by how much worse it is."""
        best = int(np.argmax(feedback.rewards))
        gain = float(feedback.rewards[best]) - self._reward
        if gain >= 0 or self._dice.random() < math.exp(gain / self._heat):
            self._current, self._reward = tokens.row(best), float(feedback.rewards[best])
        self._heat *= self._cooling

    def warm_start(self, tokens: Tokens) -> None:
        """Ask for these first."""
        self._random.warm_start(tokens)
        self._given += len(tokens)

    def state(self) -> dict[str, Any]:
        """Return all that later losses depend on."""
        return {
            "random": self._random.state(),
            "dice": self._dice.bit_generator.state,
            "given": self._given,
            "current": None if self._current is None else np.array(self._current, np.int32),
            "reward": self._reward,
            "heat": self._heat,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self._random.restore(state["random"])
        self._dice.bit_generator.state = state["dice"]
        self._given = int(state["given"])
        self._current = None if state["current"] is None else np.asarray(state["current"]).tolist()
        self._reward, self._heat = float(state["reward"]), float(state["heat"])
