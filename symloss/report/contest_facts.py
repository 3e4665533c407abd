"""What a contest found beyond the tested losses: gains, finalists, tests, rungs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from symloss.report.intervals import Paired, paired_tests
from symloss.report.records import Tested
from symloss.report.values import items, mapping, mappings, number, text, whole
from symloss.tasks.metric import Metric

MOST_FINALISTS = 60

NOT_CROWNED = ("no_found_loss_beats", "nothing_got_through")
"""Verdicts with which the best candidate is no winner; a run of a version without verdicts keeps its word."""


@dataclass(frozen=True)
class Finalist:
    """A configuration that was trained to convergence; its test part stays unread."""

    loss: str
    formula: str
    eps: float | None
    scale: float | None
    baseline: bool
    valid: float | None
    deviation: float | None


@dataclass(frozen=True)
class GainFacts:
    """How much of a gain is scale and how much shape; see `symloss.contest.result.Gain`."""

    part: str
    winner: float | None
    winner_unscaled: float | None
    baseline: float | None
    baseline_unscaled: float | None
    total: float | None
    scale: float | None
    shape: float | None


@dataclass(frozen=True)
class RowsFacts:
    """What the test rows leave open about the winner and the best baseline."""

    difference: float | None
    interval: tuple[float, float] | None
    rows: int | None
    method: str


@dataclass(frozen=True)
class RungFacts:
    """One rung of successive halving."""

    epochs: int | None
    learning_rate: float | None
    losses: int | None
    trials: int | None
    losses_kept: int | None
    best_metric: float | None


@dataclass(frozen=True)
class Same:
    """A loss that did not take part, being another one times a factor."""

    formula: str
    same_as: str
    factor: str


@dataclass(frozen=True)
class ContestFacts:
    """A contest.

    Attributes:
        sentence: the result in words, as the search wrote it.
        tested: winner, baselines, then both at scale 1 where another scale was better.
        paired: the winner against each baseline, over seeds.
        rows: the winner against the best baseline, over test rows; None where that is not known.
        gains: on the test part first.
        finalists, finalists_left_out, rungs, same, notes: see `symloss.contest.result.ContestResult`.
        trials: trainings by stage.
    """

    sentence: str
    tested: tuple[Tested, ...]
    paired: tuple[Paired, ...]
    rows: RowsFacts | None
    gains: tuple[GainFacts, ...]
    finalists: tuple[Finalist, ...]
    finalists_left_out: int
    rungs: tuple[RungFacts, ...]
    same: tuple[Same, ...]
    trials: Mapping[str, int]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, document: Mapping[str, Any], metric: Metric) -> ContestFacts | None:
        """Read what `ContestResult.to_json` wrote; None where there was no contest."""
        if not document:
            return None
        called = "found" if mapping(document.get("verdict")).get("code") in NOT_CROWNED else "winner"
        winner = _tested(called, document.get("winner"))
        baselines = [Tested.of("baseline", one) for one in mappings(document.get("baselines"), 50)]
        unscaled = [
            _tested(f"{role} at scale 1", document.get(key))
            for role, key, tuned in (
                (called, "winner_unscaled", winner),
                ("baseline", "baseline_unscaled", baselines[0] if baselines else None),
            )
            if tuned is not None and tuned.scale != 1
        ]
        tested = tuple(one for one in (winner, *baselines, *unscaled) if one is not None)
        paired: tuple[Paired, ...] = ()
        if winner is not None:
            others = [(one.loss, one.by_seed.get(metric.name, {})) for one in baselines]
            own = winner.by_seed.get(metric.name, {})
            paired = paired_tests(own, others, higher_is_better=metric.higher_is_better)
        gains = mapping(document.get("gain"))
        finalists = mappings(document.get("finalists"))
        trials = mapping(document.get("trials"))
        return cls(
            sentence=text(document.get("sentence")),
            tested=tested,
            paired=paired,
            rows=_rows(mapping(mapping(document.get("significance")).get("rows"))),
            gains=tuple(_gain(part, mapping(gains[part])) for part in ("test", "validation") if part in gains),
            finalists=tuple(map(_finalist, finalists[:MOST_FINALISTS])),
            finalists_left_out=max(0, len(finalists) - MOST_FINALISTS),
            rungs=tuple(map(_rung, mappings(document.get("rungs"), 50))),
            same=tuple(
                Same(text(one.get("formula")), text(one.get("same_as"), 200), text(one.get("factor"), 200))
                for one in mappings(document.get("same"), 50)
            ),
            trials={name: count for name in ("halving", "ranking", "final")
                    if (count := whole(trials.get(name))) is not None},
            notes=tuple(filter(None, map(text, items(document.get("notes"), 50)))),
        )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON; the tested losses stand beside it."""
        return {
            "sentence": self.sentence,
            "paired": [one.to_json() for one in self.paired],
            "rows": None if self.rows is None else asdict(self.rows),
            "gains": [asdict(one) for one in self.gains],
            "finalists": [asdict(one) for one in self.finalists],
            "rungs": [asdict(one) for one in self.rungs],
            "same": [asdict(one) for one in self.same],
            "trials": dict(self.trials),
        }


def _tested(role: str, document: Any) -> Tested | None:
    found = mapping(document)
    return Tested.of(role, found) if found else None


def _finalist(one: Mapping[str, Any]) -> Finalist:
    return Finalist(
        text(one.get("loss")),
        text(one.get("formula")),
        number(one.get("eps")),
        number(one.get("scale")),
        one.get("baseline") is True,
        number(one.get("valid_metric")),
        number(one.get("valid_deviation")),
    )


def _gain(part: str, one: Mapping[str, Any]) -> GainFacts:
    names = ("winner", "winner_unscaled", "baseline", "baseline_unscaled", "total", "scale", "shape")
    return GainFacts(part, *(number(one.get(name)) for name in names))


def _rows(one: Mapping[str, Any]) -> RowsFacts | None:
    if not one:
        return None
    ends = [number(end) for end in items(one.get("interval"), 2)]
    interval = (ends[0], ends[1]) if len(ends) == 2 and ends[0] is not None and ends[1] is not None else None
    return RowsFacts(
        number(one.get("difference")), interval, whole(one.get("rows")), text(one.get("method"), 40)
    )


def _rung(one: Mapping[str, Any]) -> RungFacts:
    return RungFacts(
        whole(one.get("epochs")),
        number(one.get("learning_rate")),
        whole(one.get("losses")),
        whole(one.get("trials")),
        whole(one.get("losses_kept")),
        number(one.get("best_metric")),
    )
