"""REINFORCE: the controller learns to write losses that earn a higher reward.

The gradient of the expected reward is averaged over ten losses an update, with
an exponential moving average of the rewards as baseline and a small bonus for
entropy, and applied by Adam (AutoLossGen, section 4.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from symloss.search.controller import Controller
from symloss.search.grammar import LossGrammar
from symloss.search.tokens import Tokens

LEARNING_RATE = 1e-3
LOSSES_AN_UPDATE = 10
ENTROPY_BONUS = 1e-4
BASELINE_DECAY = 0.99


class ReinforceStrategy:
    """The controller of AutoLossGen, trained by policy gradients."""

    name = "reinforce"

    def __init__(self, grammar: LossGrammar, seed: int) -> None:
        """Draw a controller for `grammar`."""
        self._generator = torch.Generator().manual_seed(seed)
        self.controller = Controller(grammar, self._generator)
        self._optimizer = torch.optim.Adam(self.controller.parameters(), LEARNING_RATE, fused=True)
        self.baseline: float | None = None
        self.updates = 0

    def ask(self, n: int) -> Tokens:
        """Return n losses (n >= 1) from the controller."""
        with _one_thread():
            return self.controller.sample(n, self._generator)

    def tell(self, tokens: Tokens, rewards: NDArray[np.float64]) -> None:
        """Update the controller once for every ten losses, in order."""
        with _one_thread():
            for begin in range(0, len(tokens), LOSSES_AN_UPDATE):
                rows = slice(begin, begin + LOSSES_AN_UPDATE)
                self._update(tokens.take(rows), rewards[rows])

    def _update(self, tokens: Tokens, rewards: NDArray[np.float64]) -> None:
        mean = float(rewards.mean())
        if self.baseline is None:
            self.baseline = mean
        advantage = torch.from_numpy((rewards - self.baseline).astype(np.float32))
        self.baseline = BASELINE_DECAY * self.baseline + (1 - BASELINE_DECAY) * mean
        log_prob, entropy = self.controller.log_prob_entropy(tokens)
        objective = (advantage * log_prob + ENTROPY_BONUS * entropy).mean()
        self._optimizer.zero_grad()
        torch.autograd.backward(-objective)
        self._optimizer.step()
        self.updates += 1

    def state(self) -> dict[str, Any]:
        """Return weights, optimiser, baseline and generator as arrays and numbers."""
        optimizer = self._optimizer.state_dict()["state"]
        return {
            "weights": {name: value.numpy().copy() for name, value in self.controller.state_dict().items()},
            "adam": {
                str(number): {name: value.numpy().copy() for name, value in entry.items()}
                for number, entry in optimizer.items()
            },
            "generator": self._generator.get_state().numpy().copy(),
            "baseline": self.baseline,
            "updates": self.updates,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what `state` gave."""
        weights = {name: torch.from_numpy(np.array(value)) for name, value in state["weights"].items()}
        self.controller.load_state_dict(weights)
        optimizer = self._optimizer.state_dict()
        optimizer["state"] = {
            int(number): {name: torch.from_numpy(np.array(value)) for name, value in entry.items()}
            for number, entry in state["adam"].items()
        }
        self._optimizer.load_state_dict(optimizer)
        self._generator.set_state(torch.from_numpy(np.array(state["generator"], np.uint8)))
        self.baseline = state["baseline"]
        self.updates = state["updates"]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Run torch on one thread: its small matrices gain nothing from more, and sums keep their order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
