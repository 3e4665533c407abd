"""REINFORCE: the controller learns to write losses that earn a higher reward.

The gradient of the expected reward is averaged over ten losses an update, with
an exponential moving average of the rewards as baseline and a small bonus for
entropy, and applied by Adam (AutoLossGen, section 4.1).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from symloss.search.candidates.complexity import needed_steps
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.tokens import Tokens
from symloss.search.strategies.controller import Controller
from symloss.search.strategies.controller_trainer import ControllerTrainer, one_thread
from symloss.search.strategies.strategy import Feedback

LEARNING_RATE = 1e-3
LOSSES_AN_UPDATE = 10
ENTROPY_BONUS = 1e-4
BASELINE_DECAY = 0.99


class ReinforceStrategy:
    """The controller of AutoLossGen, trained by policy gradients."""

    name = "reinforce"

    def __init__(
        self,
        grammar: LossGrammar,
        seed: int,
        *,
        max_complexity: int | None = None,
        needed_only: bool = False,
    ) -> None:
        """Draw a controller for `grammar`.

        Args:
            grammar: what losses are made of.
            seed: of the weights and all draws.
            max_complexity: most operators in a loss; None for no limit but the grammar's.
            needed_only: learn from the steps alone that a loss depends on: for losses that others wrote, whose
                other steps mean nothing.

        Raises:
            OptionError: an option is not allowed.
        """
        self._trainer = ControllerTrainer(
            grammar, seed, learning_rate=LEARNING_RATE, max_complexity=max_complexity
        )
        self._needed_only = needed_only
        self.baseline: float | None = None

    @property
    def controller(self) -> Controller:
        """The network."""
        return self._trainer.controller

    @property
    def updates(self) -> int:
        """Steps of the optimiser so far."""
        return self._trainer.updates

    def ask(self, n: int) -> Tokens:
        """Return n losses (n >= 1) from the controller."""
        return self._trainer.ask(n)

    def warm_start(self, tokens: Tokens) -> None:
        """Learn to write these losses, and ask for them first; errors as for `Strategy.warm_start`."""
        self._trainer.warm_start(tokens)

    def tell(self, tokens: Tokens, feedback: Feedback) -> None:
        """Update the controller once for every ten losses, in order."""
        with one_thread():
            for begin in range(0, len(tokens), LOSSES_AN_UPDATE):
                rows = slice(begin, begin + LOSSES_AN_UPDATE)
                self._update(tokens.take(rows), feedback.rewards[rows])

    def _update(self, tokens: Tokens, rewards: NDArray[np.float64]) -> None:
        mean = float(rewards.mean())
        if self.baseline is None:
            self.baseline = mean
        advantage = torch.from_numpy((rewards - self.baseline).astype(np.float32))
        self.baseline = BASELINE_DECAY * self.baseline + (1 - BASELINE_DECAY) * mean
        needed = None
        if self._needed_only:
            needed = torch.from_numpy(needed_steps(*tokens.parts(), self.controller.n_leaves))
        log_prob, entropy = self.controller.log_prob_entropy(tokens, needed)
        self._trainer.ascend((advantage * log_prob + ENTROPY_BONUS * entropy).mean())

    def state(self) -> dict[str, Any]:
        """Return weights, optimiser, baseline and generator as arrays and numbers."""
        return {**self._trainer.state(), "baseline": self.baseline}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what `state` gave."""
        self._trainer.restore(state)
        self.baseline = state["baseline"]
