"""What every strategy with a controller shares: sampling, Adam steps, a state of arrays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from symloss.search.candidates.complexity import check_limit, draw_within, needed_steps
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.tokens import Tokens
from symloss.search.strategies.controller import TANH_CONSTANT, Controller
from symloss.search.strategies.waiting import Waiting

IMITATION_STEPS = 30
"""Steps that a controller is trained to write the losses it begins from."""


class ControllerTrainer:
    """A controller with its optimiser, its generator and the losses to begin from.

    Attributes:
        controller: the network.
        updates: steps of the optimiser so far.
    """

    def __init__(
        self,
        grammar: LossGrammar,
        seed: int,
        *,
        learning_rate: float,
        max_complexity: int | None,
        tanh_constant: float = TANH_CONSTANT,
    ) -> None:
        """Draw a controller; errors as for `check_limit`."""
        check_limit(max_complexity)
        self._grammar = grammar
        self._limit = max_complexity
        self._generator = torch.Generator().manual_seed(seed)
        self.controller = Controller(grammar, self._generator, tanh_constant)
        self._optimizer = torch.optim.Adam(self.controller.parameters(), learning_rate, fused=True)
        self._waiting = Waiting(grammar)
        self.updates = 0

    def ask(self, n: int) -> Tokens:
        """Return n losses (n >= 1): those to begin from, then samples within the limit."""

        def draw(count: int) -> Tokens:
            return self.controller.sample(count, self._generator)

        with one_thread():
            return self._waiting.first(
                n,
                lambda count: draw_within(
                    draw, count, self._limit, self._grammar.identity, self._grammar.n_leaves
                ),
            )

    def warm_start(self, tokens: Tokens) -> None:
        """Learn to write these losses, and ask for them first; errors as for `Strategy.warm_start`."""
        self._waiting.add(tokens)
        with one_thread():
            for _ in range(IMITATION_STEPS):
                self.ascend(self.log_likelihood(tokens).mean())

    def log_likelihood(self, tokens: Tokens) -> Tensor:
        """Return the log-probability (K,) of the steps that each loss needs; the others are free."""
        needed = torch.from_numpy(needed_steps(*tokens.parts(), self._grammar.n_leaves))
        return self.controller.log_prob_entropy(tokens, needed)[0]

    def ascend(self, objective: Tensor) -> None:
        """Take one step of Adam that increases a scalar."""
        self._optimizer.zero_grad()
        torch.autograd.backward(-objective)
        self._optimizer.step()
        self.updates += 1

    def state(self) -> dict[str, Any]:
        """Return weights, optimiser, generator and waiting losses as arrays and numbers."""
        optimizer = self._optimizer.state_dict()["state"]
        return {
            "weights": {name: value.numpy().copy() for name, value in self.controller.state_dict().items()},
            "adam": {
                str(number): {name: value.numpy().copy() for name, value in entry.items()}
                for number, entry in optimizer.items()
            },
            "generator": self._generator.get_state().numpy().copy(),
            "updates": self.updates,
            "waiting": self._waiting.state(),
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
        self.updates = state["updates"]
        self._waiting.restore(state["waiting"])


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch on one thread: its small matrices gain nothing from more, and sums keep their order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
