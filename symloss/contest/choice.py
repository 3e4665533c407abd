"""Which configurations of a contest go on: chosen by the mean validation metric over seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from symloss.contest.entries import Entry
from symloss.contest.halving import UNSCALED
from symloss.contest.trial import Trial
from symloss.contest.trial_runner import TrialRecord


@dataclass(eq=False)
class Configuration:
    """A loss at one eps and scale, with what its trainings gave, by seed."""

    entry: Entry
    trial: Trial
    records: dict[int, TrialRecord] = field(default_factory=dict)

    def ended(self, seed: int) -> bool:
        """Return whether it was trained to its end with a seed."""
        return seed in self.records and not self.records[seed].interrupted

    def rank(self, seeds: Sequence[int]) -> float:
        """Return the mean rank over seeds, infinite where one diverged or none is there."""
        ranks = [self.records[seed].rank for seed in seeds if seed in self.records]
        return sum(ranks) / len(ranks) if ranks else math.inf


@dataclass(frozen=True, eq=False)
class Chosen:
    """The configurations that go to the final; baselines best first."""

    winner: Configuration | None
    baselines: tuple[Configuration, ...]
    winner_unscaled: Configuration | None
    baseline_unscaled: Configuration | None

    @classmethod
    def of(cls, configurations: Sequence[Configuration], seeds: Sequence[int]) -> Chosen:
        """Choose by mean validation metric over seeds."""
        ranked = ordered(configurations, seeds)
        best: dict[int, Configuration] = {}
        unscaled: dict[int, Configuration] = {}
        for one in ranked:
            best.setdefault(one.entry.number, one)
            if one.trial.scale == UNSCALED:
                unscaled.setdefault(one.entry.number, one)
        finite = [one for one in best.values() if not one.entry.baseline and one.rank(seeds) < math.inf]
        winner = finite[0] if finite else None
        baselines = tuple(one for one in best.values() if one.entry.baseline)
        return cls(
            winner=winner,
            baselines=baselines,
            winner_unscaled=None if winner is None else unscaled.get(winner.entry.number),
            baseline_unscaled=unscaled.get(baselines[0].entry.number),
        )

    @property
    def all(self) -> list[Configuration]:
        """Each of them once."""
        everyone = [self.winner, *self.baselines, self.winner_unscaled, self.baseline_unscaled]
        return list(dict.fromkeys(one for one in everyone if one is not None))


def ordered(configurations: Sequence[Configuration], seeds: Sequence[int]) -> list[Configuration]:
    """Return configurations by their mean validation metric over seeds, best first."""
    return sorted(configurations, key=lambda one: one.rank(seeds))


def complete_seeds(configurations: Sequence[Configuration], seeds: Sequence[int]) -> list[int]:
    """Return the seeds with which everything was trained to its end.

    Where there are none: of those with which everything was begun, the one with the fewest trainings that were cut
    short. More of them would only mix seeds that got far with seeds that did not.
    """
    started = [seed for seed in seeds if all(seed in one.records for one in configurations)]
    cut = {seed: sum(one.records[seed].interrupted for one in configurations) for seed in started}
    ended = [seed for seed in started if not cut[seed]]
    return ended or sorted(started, key=lambda seed: cut[seed])[:1]
