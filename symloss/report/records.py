"""The rows of a report: losses that were tested, ranked and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from symloss.report.intervals import interval_of_mean, mean_and_deviation
from symloss.report.values import items, mapping, mappings, number, text, whole
from symloss.tasks.metrics.registry import in_order

MOST_METRICS = 30


@dataclass(frozen=True)
class Measured:
    """A metric over seeds.

    Attributes:
        mean: over the seeds; None where it is missing.
        deviation: standard deviation over the seeds (n - 1); None for one seed.
        interval: 95% interval of the mean over seeds; None for one seed.
    """

    mean: float | None
    deviation: float | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Tested:
    """A loss at its best eps and scale, trained to convergence.

    Attributes:
        role: "winner" (where it beats what was there before), "found", "baseline", or one of these with " at scale 1".
        loss: its name, or its formula.
        formula, eps, scale: as in `symloss.contest.evaluation.EvaluationResult`.
        valid: the validation metric.
        test: each test metric by name; None where the test part was not read.
        by_seed: each test metric by seed, for paired tests.
        seeds: how many.
        trials: configurations that were tried to find this one.
        epochs: best epoch and epochs trained, of the first seed.
        outcome: how training ended, a sentence.
    """

    role: str
    loss: str
    formula: str
    eps: float | None
    scale: float
    valid: Measured
    test: Mapping[str, Measured]
    by_seed: Mapping[str, Mapping[int, float]]
    seeds: int
    trials: int | None
    epochs: tuple[int | None, int | None]
    outcome: str

    @classmethod
    def of(cls, role: str, document: Mapping[str, Any]) -> Tested:
        """Read an `EvaluationResult` or a `Standing`, which has one result a seed."""
        seeds = mappings(document.get("seeds"), 200) or [dict(document)]
        means = mapping(document.get("metrics"))
        names = in_order(text(name, 40) for name in [*means][:MOST_METRICS])
        by_seed: dict[str, dict[int, float]] = {name: {} for name in names}
        for one in seeds:
            seed, metrics = whole(one.get("seed")), mapping(one.get("metrics"))
            for name in names:
                value = number(metrics.get(name))
                if seed is not None and value is not None:
                    by_seed[name][seed] = value
        first = seeds[0]
        scale = number(document.get("scale"))
        return cls(
            role=role,
            loss=text(document.get("loss")) or text(document.get("formula")),
            formula=text(document.get("formula")),
            eps=number(document.get("eps")),
            scale=1.0 if scale is None else scale,
            valid=_measured(
                number(document.get("valid_metric")),
                [found for one in seeds if (found := number(one.get("valid_metric"))) is not None],
                len(seeds),
            ),
            test={
                name: _measured(number(means.get(name)), list(by_seed[name].values()), len(seeds))
                for name in names
            },
            by_seed=by_seed,
            seeds=len(seeds),
            trials=whole(document.get("trials")),
            epochs=(whole(first.get("best_epoch")), whole(first.get("epochs"))),
            outcome=text(first.get("outcome"), 300),
        )

    def measured(self, metric: str) -> Measured:
        """Return a test metric by its name; one without a mean where it is missing."""
        return self.test.get(metric, Measured(None))

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON; `metrics` are means over the seeds."""
        return {
            "role": self.role,
            "loss": self.loss,
            "formula": self.formula,
            "eps": self.eps,
            "scale": self.scale,
            "metrics": {name: one.mean for name, one in self.test.items()},
            "deviations": {name: one.deviation for name, one in self.test.items()},
            "intervals": {name: one.interval for name, one in self.test.items()},
            "valid_metric": self.valid.mean,
            "valid_deviation": self.valid.deviation,
            "seeds": self.seeds,
            "trials": self.trials,
            "outcome": self.outcome,
        }


def _measured(mean: float | None, values: list[float], seeds: int) -> Measured:
    if len(values) < seeds or len(values) < 2:
        return Measured(mean)
    return Measured(mean, mean_and_deviation(values)[1], interval_of_mean(values))


@dataclass(frozen=True)
class Ranked:
    """A loss of phase I by its reward.

    Attributes:
        number: of its gradient in the archive.
        formula: as text.
        eps, scale: of its best attempt.
        reward: its best.
        loop: in which its first loss was sampled.
        right_way: share of the sampled predictions that are pushed to their label.
        verdict: of phase II: "valid", "invalid", "undecided", or "" where it was not checked.
    """

    number: int | None
    formula: str
    eps: float | None
    scale: float | None
    reward: float | None
    loop: int | None
    right_way: float | None
    verdict: str

    @classmethod
    def of(cls, row: Mapping[str, Any], verdict: str) -> Ranked:
        """Read a row of the table of candidates."""
        return cls(
            number=whole(row.get("number")),
            formula=text(row.get("formula")),
            eps=number(row.get("eps")),
            scale=number(row.get("scale")),
            reward=number(row.get("best_reward")),
            loop=whole(row.get("loop")),
            right_way=number(row.get("right_way")),
            verdict=verdict,
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Direction:
    """What phase II found about one label.

    Attributes:
        label: "0", "1" or "y".
        status: "proved", "refuted" or "undecided".
        details: what goes with it, as texts: witness, zeros, for which eps, notes.
    """

    label: str
    status: str
    details: tuple[str, ...]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Direction:
        """Read what `DirectionProof.to_json` wrote."""
        label = text(document.get("label"), 10)
        details = []
        witness, gradient = number(document.get("witness")), number(document.get("witness_gradient"))
        if witness is not None:
            at = f"yhat = {witness:.6g}"
            if label == "y" and (place := number(document.get("witness_y"))) is not None:
                at += f", y = {place:.6g}"
            if (eps := number(document.get("witness_eps"))) is not None:
                at += f", eps = {eps:g}"
            details.append(
                f"witness: {at}" + ("" if gradient is None else f", where the gradient is {gradient:.3g}")
            )
        for low, high in (
            pair for pair in map(items, items(document.get("vanishes_on"), 8)) if len(pair) == 2
        ):
            details.append(f"zero on ({text(low, 60)}, {text(high, 60)})")
        if zeros := items(document.get("zeros"), 8):
            details.append("zero at yhat = " + ", ".join(text(zero, 60) for zero in zeros))
        ends = [number(end) for end in items(document.get("interval"), 2)]
        if len(ends) == 2 and None not in ends:
            details.append(f"not settled on [{ends[0]:.6g}, {ends[1]:.6g}]")
        if scope := text(document.get("scope"), 200):
            details.append(f"for {scope}")
        details += [found for key in ("jump", "note") if (found := text(document.get(key), 300))]
        return cls(label, text(document.get("status"), 20), tuple(details))


@dataclass(frozen=True)
class Checked:
    """What phase II found about a loss.

    Attributes:
        number: of its gradient in the archive.
        formula: as text.
        passed: whether it went on.
        copy: whether it was left out as an earlier survivor times a factor.
        verdict: "valid", "invalid" or "undecided".
        valid_eps: the values of eps for which the proof holds.
        directions: one a label.
        sentence: what it means.
    """

    number: int | None
    formula: str
    passed: bool
    copy: bool
    verdict: str
    valid_eps: tuple[float, ...]
    directions: tuple[Direction, ...] = field(default=())
    sentence: str = ""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Checked:
        """Read a report of the table of checks."""
        grid = [number(value) for value in items(document.get("valid_eps"), 30)]
        return cls(
            number=whole(document.get("gradient_number")),
            formula=text(document.get("formula")),
            passed=document.get("passed") is True,
            copy=document.get("copy") is True,
            verdict=text(document.get("verdict"), 20),
            valid_eps=tuple(value for value in grid if value is not None),
            directions=tuple(map(Direction.of, mappings(document.get("direction"), 3))),
            sentence=text(document.get("sentence"), 600),
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)
