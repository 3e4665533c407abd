"""What one loop of phase I changed, on its way to the archive."""

from __future__ import annotations

from dataclasses import dataclass, field

from symloss.search.candidates.candidate import Attempt, Candidate
from symloss.search.candidates.outcome import Outcome
from symloss.search.candidates.proxy import ProxyReport
from symloss.search.candidates.tokens import Tokens


@dataclass(frozen=True)
class Training:
    """One loss, trained in one loop.

    Attributes:
        number: of its gradient.
        attempt: the best attempt.
        gain: how much better than the recommender's its metric was; None where it diverged.
        reward: what the strategy is told.
        outcome: what became of it in this loop.
    """

    number: int
    attempt: Attempt
    gain: float | None
    reward: float
    outcome: Outcome


@dataclass(eq=False)
class LoopRecord:
    """The news of a loop.

    Attributes:
        loop: its number.
        tokens, report: what was asked and what the proxy test said.
        new: rows of the batch with a new gradient, by its number.
        touched: candidates that were sampled again or for the first time, by number.
        trainings: of this loop, in order.
    """

    loop: int
    tokens: Tokens
    report: ProxyReport
    new: dict[int, int] = field(default_factory=dict)
    touched: dict[int, Candidate] = field(default_factory=dict)
    trainings: list[Training] = field(default_factory=list)
