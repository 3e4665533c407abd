"""What a search knows about one distinct loss."""

from __future__ import annotations

from dataclasses import dataclass, field

from symloss.loss import Loss
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.outcome import Outcome
from symloss.search.candidates.tokens import Tokens


@dataclass(frozen=True)
class Attempt:
    """The best of the ways one loss was tried."""

    #: the validation metric it reached; None where the recommender became not finite
    metric: float | None
    #: the eps the loss was trained with
    eps: float
    #: what the loss was multiplied by
    scale: float


@dataclass(eq=False)
class Candidate:
    """The first loss that was sampled with some gradient.

    Attributes:
        number: the number of its gradient in the table of the proxy test.
        tokens: the loss, as tokens of one row.
        loop: the loop that sampled it first.
        right_way: share of sampled predictions that its gradient pushes to their label.
        wrong: whether it points the wrong way at a sampled prediction.
        reward: what it earned on the current recommender; None where that is not known.
        rewards: all that it earned, on any recommender, in order; increases of the metric, not cut at -eta.
        best: the attempt that earned most; None where it was never trained, or always diverged.
        kept: how often its copy took the recommender's place.
        sampled: how often it or a duplicate was sampled.
        outcome: the best that became of it.
    """

    number: int
    tokens: Tokens
    loop: int
    right_way: float
    wrong: bool
    reward: float | None = None
    rewards: list[float] = field(default_factory=list)
    best: Attempt | None = None
    kept: int = 0
    sampled: int = 0
    outcome: Outcome = Outcome.TRAINED
    _loss: Loss | None = None

    @property
    def best_reward(self) -> float:
        """The highest reward so far; minus infinity where it was never trained."""
        return max(self.rewards, default=-float("inf"))

    def loss(self, grammar: LossGrammar) -> Loss:
        """Return the loss with eps left open; it is built on first use."""
        if self._loss is None:
            self._loss = grammar.loss(self.tokens)
        return self._loss


def by_reward(candidates: list[Candidate]) -> list[Candidate]:
    """Return candidates with the most promising first: kept ones, then by best reward, then as sampled."""
    return sorted(candidates, key=lambda one: (-min(one.kept, 1), -one.best_reward, one.number))
