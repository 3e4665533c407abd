"""A reward that needs no training: how much a loss's gradient looks like that of binary cross entropy."""

from __future__ import annotations

import numpy as np

from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.proxy import ProxyTest
from symloss.search.strategies.strategy import Feedback, Strategy


class ToySearch:
    """Asks, tests and rewards as the search loop does with `check_first`.

    Attributes:
        best: the highest reward so far, the cosine of two gradients; -1 where no loss was valid.
        valid: distinct losses that point the right way everywhere.
        distinct: distinct gradients.
    """

    def __init__(self, grammar: LossGrammar) -> None:
        self.proxy = ProxyTest(grammar, delta=1e-4, eps=0.1, seed=0)
        points = self.proxy.points.values
        self._target = np.where(points["y"] > 0, -1 / points["yhat"], 1 / (1 - points["yhat"])).clip(-20, 20)
        self._known: dict[int, float] = {}
        self.best = -1.0

    @property
    def valid(self) -> int:
        return sum(reward > -1 for reward in self._known.values())

    @property
    def distinct(self) -> int:
        return len(self._known)

    def run(self, strategy: Strategy, batches: int) -> None:
        for _ in range(batches):
            tokens = strategy.ask(100)
            report = self.proxy.test(tokens)
            gradients = self.proxy.gradients(self.proxy.programs(tokens))
            rewards = np.full(len(tokens), -1.0)
            for k in np.flatnonzero(report.number >= 0).tolist():
                number = int(report.number[k])
                if number not in self._known:
                    wrong = bool(report.wrong[k])
                    self._known[number] = -1.0 if wrong else self._likeness(gradients[k])
                rewards[k] = self._known[number]
                self.best = max(self.best, rewards[k])
            strategy.tell(tokens, Feedback(rewards, report.number, report.right_way))

    def _likeness(self, gradient: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        cut = gradient.clip(-20, 20)
        return float(cut @ self._target / np.linalg.norm(cut) / np.linalg.norm(self._target))
