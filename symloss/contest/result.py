"""What a contest found: the winner beside the scale-tuned baselines; how much of the gain is scale, how much shape."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symloss.contest.entries import SameLoss
from symloss.contest.evaluation import EvaluationResult
from symloss.contest.halving import Rung
from symloss.contest.significance import PairedTest
from symloss.contest.verdict import Scored, Verdict, judge
from symloss.loss import Loss
from symloss.tasks.metric import Metric
from symloss.tasks.metrics.registry import get
from symloss.tasks.references import Reference


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation (n - 1; NaN for one value) over seeds."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Measure values; NaN where one is missing or there are none."""
        array = np.asarray(values, np.float64)
        if not len(array):
            return cls(math.nan, math.nan)
        return cls(float(array.mean()), float(array.std(ddof=1)) if len(array) > 1 else math.nan)


@dataclass(frozen=True)
class Standing:
    """A loss at one eps and scale, trained with several seeds and tested.

    Attributes:
        loss, formula, eps, scale: as in `EvaluationResult`.
        title: all of it in words.
        valid: validation metric over the seeds.
        test: each test metric over the seeds, by name.
        results: one a seed.
        trials: configurations of this loss that were tried to find this one.
    """

    loss: str
    formula: str
    eps: float | None
    scale: float
    title: str
    valid: Spread
    test: Mapping[str, Spread]
    results: tuple[EvaluationResult, ...]
    trials: int

    @property
    def fitted(self) -> Loss:
        """The loss itself, with its eps, its scale and its domain."""
        return self.results[0].fitted

    @classmethod
    def of(cls, title: str, results: Sequence[EvaluationResult]) -> Standing:
        """Summarise the results (at least one) of one configuration."""
        first = results[0]
        return cls(
            loss=first.loss,
            formula=first.formula,
            eps=first.eps,
            scale=first.scale,
            title=title,
            valid=Spread.of([result.valid_metric for result in results]),
            test={name: Spread.of([result.metrics[name] for result in results]) for name in first.metrics},
            results=tuple(results),
            trials=first.trials,
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON; `metrics` and `valid_metric` are means over the seeds."""
        return {
            "loss": self.loss,
            "formula": self.formula,
            "eps": self.eps,
            "scale": self.scale,
            "metrics": {name: spread.mean for name, spread in self.test.items()},
            "deviations": {name: spread.deviation for name, spread in self.test.items()},
            "valid_metric": self.valid.mean,
            "valid_deviation": self.valid.deviation,
            "trials": self.trials,
            "seeds": [result.to_json() for result in self.results],
        }


@dataclass(frozen=True)
class Finalist:
    """A configuration that was trained to convergence: its validation metric only, its test part stays unread."""

    loss: str
    formula: str
    eps: float | None
    scale: float
    baseline: bool
    valid: Spread

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        names = ("loss", "formula", "eps", "scale", "baseline")
        spread = {"valid_metric": self.valid.mean, "valid_deviation": self.valid.deviation}
        return {**{name: getattr(self, name) for name in names}, **spread}


@dataclass(frozen=True)
class Gain:
    """What separates the winner from the best baseline as it is printed, in one metric.

    All gains are positive where they are good: for an error they are how much lower it is.

    Attributes:
        metric: its name.
        part: "validation" or "test".
        winner, winner_unscaled: mean over seeds at the best scale, and at scale 1.
        baseline, baseline_unscaled: likewise, of the best baseline.
        measure: the metric itself; None for that of the name.
    """

    metric: str
    part: str
    winner: float
    winner_unscaled: float
    baseline: float
    baseline_unscaled: float
    measure: Metric | None = None

    @property
    def _sign(self) -> float:
        return (self.measure or get(self.metric)).sign

    @property
    def total(self) -> float:
        """The winner at its best scale over the baseline at scale 1; scale + shape."""
        return self._sign * (self.winner - self.baseline_unscaled)

    @property
    def scale(self) -> float:
        """What the baseline gains from its best scale: no new loss is needed for that."""
        return self._sign * (self.baseline - self.baseline_unscaled)

    @property
    def shape(self) -> float:
        """The winner over the baseline, each at its best scale."""
        return self._sign * (self.winner - self.baseline)

    @property
    def winner_scale(self) -> float:
        """What the winner gains from its best scale."""
        return self._sign * (self.winner - self.winner_unscaled)

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        computed = ("total", "scale", "shape", "winner_scale")
        values = {name: getattr(self, name) for name in (*self.__dataclass_fields__, *computed)}
        del values["measure"]
        return values


@dataclass(frozen=True)
class ContestResult:
    """What a contest found.

    Attributes:
        metric: the name of the validation metric.
        winner: the best candidate by mean validation metric, tested; None where no candidate was trained. Whether it
            may be called so says `verdict`.
        baselines: each baseline at its best configuration, tested, best by validation first.
        winner_unscaled, baseline_unscaled: the winner and the best baseline at scale 1, tested.
        finalists: every configuration that was trained to convergence, best first.
        significance: the winner against the best baseline; None with fewer than two common seeds.
        gains: how much is scale and how much shape, on test and on validation; empty where scale 1 is missing.
        same: losses left out as proportional to another one.
        rungs: of successive halving.
        trials: trainings, by stage: halving, ranking, final.
        seconds: of wall time, by stage.
        notes: what was cut short.
        references: the trivial baselines.
        measure: the validation metric itself; None for that of the name.
    """

    metric: str
    winner: Standing | None
    baselines: tuple[Standing, ...]
    winner_unscaled: Standing | None
    baseline_unscaled: Standing | None
    finalists: tuple[Finalist, ...]
    significance: PairedTest | None
    gains: tuple[Gain, ...]
    same: tuple[SameLoss, ...]
    rungs: tuple[Rung, ...]
    trials: Mapping[str, int]
    seconds: Mapping[str, float]
    notes: tuple[str, ...]
    references: tuple[Reference, ...] = ()
    measure: Metric | None = None

    @property
    def watched(self) -> Metric:
        """The validation metric."""
        return self.measure or get(self.metric)

    @property
    def verdict(self) -> Verdict:
        """Whether the best candidate beats every baseline and the trivial means on the test part."""
        metric = self.watched
        winner = None if self.winner is None else _scored(self.winner, metric)
        handcrafted = [_scored(one, metric) for one in self.baselines]
        return judge(metric, winner, handcrafted, self.references)

    @property
    def gain(self) -> Gain | None:
        """The gain on the test part, where it is known."""
        return next((one for one in self.gains if one.part == "test"), None)

    @property
    def sentence(self) -> str:
        """The whole result in one paragraph."""
        if self.winner is None:
            return "No candidate was trained to a result; there is nothing to compare with the baselines."
        verdict = self.verdict
        name = "winner" if verdict.crowned else "best found"
        parts = [] if verdict.crowned else [verdict.sentence]
        parts.append(_winner_sentence(self, name))
        if self.significance is not None:
            parts.append(self.significance.sentence)
        if self.gain is not None:
            parts.append(gain_sentence(self.gain, self.winner.title, self.baselines[0].title, name))
        dropped = sum(one.baseline for one in self.same)
        if dropped:
            parts.append(
                f"{dropped} {'candidate is' if dropped == 1 else 'candidates are'} a baseline times a factor "
                "and did not take part on their own."
            )
        return " ".join(parts)

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "metric": self.metric,
            "winner": _json(self.winner),
            "baselines": [one.to_json() for one in self.baselines],
            "winner_unscaled": _json(self.winner_unscaled),
            "baseline_unscaled": _json(self.baseline_unscaled),
            "finalists": [one.to_json() for one in self.finalists],
            "significance": _json(self.significance),
            "gain": {one.part: one.to_json() for one in self.gains},
            "same": [one.to_json() for one in self.same],
            "rungs": [one.to_json() for one in self.rungs],
            "trials": dict(self.trials),
            "seconds": dict(self.seconds),
            "notes": list(self.notes),
            "sentence": self.sentence,
            "references": [one.to_json() for one in self.references],
            "verdict": self.verdict.to_json(),
        }


def gain_sentence(gain: Gain, winner: str, baseline: str, called: str = "winner") -> str:
    """Say how much of a gain is scale and how much is shape; `called` is what the best candidate may be called."""
    name = f"{gain.part} {(gain.measure or get(gain.metric)).title}"
    return (
        f"In {name} the {called} gains {gain.total:+.4f} on the best baseline as printed "
        f"({gain.baseline_unscaled:.4f}, scale 1): {gain.scale:+.4f} is scale (the baseline as {baseline}) and "
        f"{gain.shape:+.4f} is shape ({winner} against it). The {called} at scale 1 has {gain.winner_unscaled:.4f}."
    )


def _winner_sentence(result: ContestResult, called: str) -> str:
    winner, metric = result.winner, result.watched
    name = metric.title
    assert winner is not None
    test = winner.test[metric.name]
    spread = "" if math.isnan(test.deviation) else f" ± {test.deviation:.4f}"
    budget = f"chosen from {winner.trials} configurations"
    if result.baselines:
        counts = sorted({one.trials for one in result.baselines})
        tried = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        budget += f", each baseline from {tried} over the same range of scales"
    tested = "not tested" if math.isnan(test.mean) else f"test {name} {test.mean:.4f}{spread}"
    seeds = "1 seed" if len(winner.results) == 1 else f"{len(winner.results)} seeds"
    return f"The {called} is {winner.title}: {tested} over {seeds}, {budget}."


def _scored(one: Standing, metric: Metric) -> Scored:
    return Scored(one.title, one.test[metric.name].mean)


def _json(one: Standing | PairedTest | None) -> dict[str, Any] | None:
    return None if one is None else one.to_json()
