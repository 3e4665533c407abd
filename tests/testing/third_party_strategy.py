"""A strategy as another package would add it: a hill climber that changes the best loss so far."""

from __future__ import annotations

from typing import Any

import numpy as np

from symloss.errors import OptionError
from symloss.search.candidates.complexity import check_limit
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.tokens import Tokens
from symloss.search.strategies.random_strategy import RandomStrategy
from symloss.search.strategies.strategy import Feedback


class HillClimber:
    """Half of each batch keeps the best loss but for a few steps, which come from random ones."""

    name = "hill-climber"

    def __init__(
        self, grammar: LossGrammar, seed: int, *, max_complexity: int | None = None, changes: int = 2
    ) -> None:
        check_limit(max_complexity)
        if changes < 1:
            raise OptionError(f"changes is {changes!r}; it must be at least 1")
        self._grammar, self._limit, self._changes = grammar, max_complexity, changes
        self._random = RandomStrategy(grammar, seed, max_complexity=max_complexity)
        self._dice = np.random.Generator(np.random.PCG64([seed, 1]))
        self._best: list[list[int]] | None = None
        self._reward = -np.inf

    def ask(self, n: int) -> Tokens:
        tokens = self._random.ask(n)
        if self._best is None:
            return tokens
        best = Tokens.from_rows([self._best])
        for k in range(n // 2, n):
            kept = self._dice.permutation(self._grammar.n_steps)[self._changes :]
            row = tokens.take([k])
            for into, source in zip(row.parts(), best.parts(), strict=True):
                into[0, kept] = source[0, kept]
            if self._limit is None or self._grammar.complexity(row)[0] <= self._limit:
                for into, source in zip(tokens.parts(), row.parts(), strict=True):
                    into[k] = source[0]
        return tokens

    def tell(self, tokens: Tokens, feedback: Feedback) -> None:
        best = int(np.argmax(feedback.rewards))
        if feedback.rewards[best] > self._reward:
            self._best, self._reward = tokens.row(best), float(feedback.rewards[best])

    def warm_start(self, tokens: Tokens) -> None:
        self._random.warm_start(tokens)

    def state(self) -> dict[str, Any]:
        return {
            "random": self._random.state(),
            "dice": self._dice.bit_generator.state,
            "best": None if self._best is None else np.array(self._best, np.int32),
            "reward": self._reward,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self._random.restore(state["random"])
        self._dice.bit_generator.state = state["dice"]
        self._best = None if state["best"] is None else np.asarray(state["best"]).tolist()
        self._reward = float(state["reward"])


class Forgetful:
    """It can't be resumed, so it is no strategy."""

    name = "forgetful"

    def ask(self, n: int) -> Tokens:
        raise NotImplementedError

    def tell(self, tokens: Tokens, feedback: Feedback) -> None:
        raise NotImplementedError

    def warm_start(self, tokens: Tokens) -> None:
        raise NotImplementedError
