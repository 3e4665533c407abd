"""What a search says while it runs: frozen events, handed to one callable. Nothing here draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from symloss.loss import Loss


@dataclass(frozen=True)
class PhaseStarted:
    """A phase begins.

    Attributes:
        phase: 1 (loss search), 2 (validation check) or 3 (effectiveness test).
        total: loops, checks or members to come; None where time decides.
        time_limit: seconds; None for no limit.
        screening: whether this is the part of phase III that trains many losses for a few epochs.
    """

    phase: int
    total: int | None
    time_limit: float | None
    screening: bool = False


@dataclass(frozen=True)
class LoopDone:
    """A loop of phase I is done.

    Attributes:
        loop: its number, from 1.
        seconds: since phase I began.
        counts: sampled, trained and each outcome so far, by key.
        metric: validation metric of the recommender now; of the untrained one where rewards are fresh.
        best: the formula with the highest reward so far, or None.
        best_reward: its reward, or None.
        fresh_metric: with fresh rewards, where no recommender is ever kept, the best validation metric that one
            reached from scratch; None before the first, and with other rewards.
        fresh: whether rewards are fresh.
    """

    loop: int
    seconds: float
    counts: Mapping[str, int]
    metric: float
    best: str | None
    best_reward: float | None
    fresh_metric: float | None = None
    fresh: bool = False

    @property
    def speed(self) -> float:
        """Losses sampled a second."""
        return self.counts["sampled"] / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True)
class CheckDone:
    """Phase II checked a loss.

    Attributes:
        done: losses checked so far.
        passed: losses that passed so far.
        wanted: losses that phase III has room for.
        loss: the loss.
        verdict: "valid", "invalid" or "undecided".
    """

    done: int
    passed: int
    wanted: int
    loss: Loss
    verdict: str


@dataclass(frozen=True)
class EvaluationStep:
    """Phase III went on.

    Attributes:
        finished: members that are done.
        members: all members: losses times eps, scales and seeds.
        epochs: epochs trained so far, over all members.
        best: the loss with the best validation metric so far, or None.
        best_metric: its validation metric, or None.
        seconds: since phase III began.
    """

    finished: int
    members: int
    epochs: int
    best: str | None
    best_metric: float | None
    seconds: float


@dataclass(frozen=True)
class Note:
    """A sentence for the user: why a phase ended early or was skipped."""

    text: str


SearchEvent = PhaseStarted | LoopDone | CheckDone | EvaluationStep | Note


class SearchProgress(Protocol):
    """Receives the events, in order and one at a time.

    Those of phases I and II come from the thread that runs the search, those of phase III from the
    threads that train.
    """

    def __call__(self, event: SearchEvent) -> None:
        """Take notice of an event; must return soon."""
        ...


def silent(event: SearchEvent) -> None:
    """Take no notice."""
