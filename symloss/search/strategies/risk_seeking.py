"""Risk-seeking policy gradients with a priority queue: the controller learns from the best losses only.

REINFORCE raises the average reward; what a search wants is its best loss. So of
each batch only the losses above the (1 - epsilon) quantile q of the values count,
with weight (value - q) / (best value - q) (Petersen et al., Deep symbolic
regression, 2021, section 3.3; the division makes the weights the same for gains
of 0.1 and of 0.0001). The k best distinct losses ever are kept in a queue, and
their mean log-likelihood is raised in the same steps (Abolafia et al., Neural
program synthesis with priority queue training, 2018), counting only steps that
they need. A bonus for entropy keeps the controller exploring:

    sum_k w_k log p(loss_k) / sum_k w_k + mean_j log p(queue_j) + 0.05 mean entropy

Most losses of a batch are never trained, as their gradient is zero or points the
wrong way, and all have the reward -1. As a quantile of equal rewards would say
nothing, a loss that points the wrong way counts with -2 + the share of sampled
predictions that it pushes towards their label, below every trained one
(`symloss.search.strategies.shaping`): the controller first learns to write losses that
learn, then better ones. A loss without a gradient counts nothing, whatever the
quantile, and one whose gradient was told before counts only through the queue:
a controller that repeats itself learns nothing from that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from symloss.errors import OptionError
from symloss.search.candidates.complexity import needed_steps
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.tokens import Tokens
from symloss.search.strategies.controller import Controller
from symloss.search.strategies.controller_trainer import ControllerTrainer, one_thread
from symloss.search.strategies.priority_queue import PriorityQueue
from symloss.search.strategies.seen import SeenGradients
from symloss.search.strategies.shaping import USELESS, shaped
from symloss.search.strategies.strategy import Feedback

Float64 = NDArray[np.float64]

LEARNING_RATE = 5e-3
TANH_CONSTANT = 2.5
"""Above REINFORCE's 1.5: a controller that follows a queue may be nearly certain of a step."""
EPSILON = 0.2
QUEUE_SIZE = 50
STEPS = 5
"""Steps of the optimiser for each batch."""
QUEUE_WEIGHT = 1.0
ENTROPY_BONUS = 0.05


class RiskSeekingStrategy:
    """The controller, trained on the best of each batch and the best ever."""

    name = "risk-seeking"

    def __init__(
        self,
        grammar: LossGrammar,
        seed: int,
        *,
        max_complexity: int | None = None,
        epsilon: float = EPSILON,
        queue: int = QUEUE_SIZE,
    ) -> None:
        """Draw a controller for `grammar`.

        Args:
            grammar: what losses are made of.
            seed: of the weights and all draws.
            max_complexity: most operators in a loss; None for no limit but the grammar's.
            epsilon: share of a batch that the controller learns from, in (0, 1].
            queue: losses in the priority queue, at least 1.

        Raises:
            OptionError: an option is not allowed.
        """
        if isinstance(epsilon, bool) or not isinstance(epsilon, int | float) or not 0 < epsilon <= 1:
            raise OptionError(f"epsilon is {epsilon!r}; it must be a share above 0 and at most 1")
        if not isinstance(queue, int) or isinstance(queue, bool) or queue < 1:
            raise OptionError(f"queue is {queue!r}; it must be a whole number of at least 1")
        self._trainer = ControllerTrainer(
            grammar,
            seed,
            learning_rate=LEARNING_RATE,
            max_complexity=max_complexity,
            tanh_constant=TANH_CONSTANT,
        )
        self._epsilon = epsilon
        self._seen = SeenGradients()
        self.queue = PriorityQueue(queue, grammar.n_steps)

    @property
    def controller(self) -> Controller:
        """The network."""
        return self._trainer.controller

    def ask(self, n: int) -> Tokens:
        """Return n losses (n >= 1) from the controller."""
        return self._trainer.ask(n)

    def warm_start(self, tokens: Tokens) -> None:
        """Learn to write these losses, and ask for them first; errors as for `Strategy.warm_start`."""
        self._trainer.warm_start(tokens)

    def tell(self, tokens: Tokens, feedback: Feedback) -> None:
        """Renew the queue and take some steps on the batch and the queue."""
        values = shaped(feedback)
        self.queue.add(tokens, values, feedback.identities)
        weights = self._weights(values, feedback.identities)
        elite = np.flatnonzero(weights)
        with one_thread():
            for _ in range(STEPS):
                self._step(tokens.take(elite), weights[elite])

    def _weights(self, values: Float64, identities: NDArray[np.intp]) -> Float64:
        """Return how much each loss of a batch counts, in [0, 1]: only the first with its gradient does."""
        alone = np.where(identities >= 0, identities, -1 - np.arange(len(values)))
        first = np.unique(alone, return_index=True)[1]
        distinct = values[first]
        threshold = max(float(np.quantile(distinct, 1.0 - self._epsilon)), USELESS)
        excess = np.maximum(distinct - threshold, 0.0)
        for place, row in enumerate(first):
            if int(identities[row]) in self._seen:
                excess[place] = 0.0
            self._seen.add(int(identities[row]))
        best = float(excess.max())
        weights = np.zeros(len(values))
        weights[first] = excess / best if best > 0 else excess
        return weights

    def _step(self, elite: Tokens, weights: Float64) -> None:
        """Take a step on the elite of a batch and the queue, in one pass through the network."""
        queue = self.queue.tokens()
        tokens = Tokens.joined([elite, queue])
        if not len(tokens):
            return
        counted = np.ones(tokens.operators.shape, np.bool_)
        counted[len(elite) :] = needed_steps(*queue.parts(), self.controller.n_leaves)
        log_prob, entropy = self.controller.log_prob_entropy(tokens, torch.from_numpy(counted))
        objective = ENTROPY_BONUS * entropy.mean()
        if len(elite):
            weight = torch.from_numpy((weights / weights.sum()).astype(np.float32))
            objective = objective + (weight * log_prob[: len(elite)]).sum()
        if len(queue):
            objective = objective + QUEUE_WEIGHT * log_prob[len(elite) :].mean()
        self._trainer.ascend(objective)

    def state(self) -> dict[str, Any]:
        """Return controller, optimiser, generator and queue as arrays and numbers."""
        return {**self._trainer.state(), "queue": self.queue.state(), "seen": self._seen.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what `state` gave."""
        self._trainer.restore(state)
        self.queue.restore(state["queue"])
        self._seen.restore(state["seen"])
