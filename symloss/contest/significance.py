"""Is one loss better than another on the test part? Paired tests over seeds and over test rows.

Two things vary. *Seeds* change the initial state and the order of interactions: the
differences of the test metric, paired by seed, go through Wilcoxon's exact
signed-rank test and the paired t-test. *Test rows* are a sample of users' tastes,
the same for all seeds: that no number of seeds can average out. For the AUC the
variance over rows is DeLong's, of the AUC averaged over the seeds; for the RMSE it
is that of its linearisation (the delta method). A difference can be certain over
seeds and yet smaller than what another test part would change.

Source: DeLong, DeLong and Clarke-Pearson, Comparing the Areas under Two or More
Correlated ROC Curves, 1988; those of the rank test stand in `signed_rank`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symloss.contest.signed_rank import holm, wilcoxon_p
from symloss.training.settings import Metric

Array = NDArray[np.float64]

LEVELS = (0.01, 0.05)
"""Levels of significance that sentences name, the strictest first."""

CONFIDENCE = 0.95


@dataclass(frozen=True)
class RowsTest:
    """What the test rows leave open.

    Attributes:
        difference: of the metric averaged over seeds; positive where the first loss is better.
        interval: 95% interval of it over test parts.
        p: two-sided.
        rows: in the test part.
        method: "DeLong" or "delta method".
    """

    difference: float
    interval: tuple[float, float]
    p: float
    rows: int
    method: str


@dataclass(frozen=True)
class PairedTest:
    """One loss against another, paired by seed.

    Attributes:
        first, second: what is compared, in words.
        metric: "auc" or "rmse".
        first_mean, second_mean: of the test metric over seeds.
        seeds: how many.
        difference: mean over seeds; positive where the first is better (for RMSE: the second's minus the first's).
        deviation: standard deviation of the differences.
        interval: 95% interval of the difference over seeds (paired t).
        t_p: two-sided p-value of the paired t-test.
        wilcoxon_p: two-sided, exact.
        least_p: the smallest p-value that Wilcoxon's test can give with so many seeds.
        rows: over test rows; None where the metric is undefined.
        adjusted_p: `wilcoxon_p` after Holm's correction for several comparisons; equal to it for one.
    """

    first: str
    second: str
    metric: str
    first_mean: float
    second_mean: float
    seeds: int
    difference: float
    deviation: float
    interval: tuple[float, float]
    t_p: float
    wilcoxon_p: float
    least_p: float
    rows: RowsTest | None
    adjusted_p: float

    @property
    def level(self) -> float | None:
        """The strictest of `LEVELS` that the (adjusted) Wilcoxon test reaches, or None."""
        return next((level for level in LEVELS if self.adjusted_p < level), None)

    @property
    def sentence(self) -> str:
        """The result in words."""
        name = self.metric.upper()
        verdict = "not significant at 0.05" if self.level is None else f"significant at {self.level:g}"
        corrected = "" if self.adjusted_p == self.wilcoxon_p else f" ({self.adjusted_p:.2g} after Holm)"
        text = (
            f"{self.first} (mean test {name} {self.first_mean:.4f}) against {self.second} "
            f"({self.second_mean:.4f}) over {self.seeds} seeds: difference {self.difference:+.4f}, 95% interval "
            f"{_signed(self.interval)}, paired t-test p = {self.t_p:.2g}; Wilcoxon's exact signed-rank test "
            f"p = {self.wilcoxon_p:.2g}{corrected}: {verdict}."
        )
        if self.least_p >= LEVELS[-1]:
            text += f" With {self.seeds} seeds this test can't go below {self.least_p:.2g}; 6 reach 0.05, 8 reach 0.01."
        if self.rows is not None:
            low, high = self.rows.interval
            settled = "does not hold 0" if low > 0 or high < 0 else "holds 0: other rows could turn the order"
            text += (
                f" All seeds share one test part: over its {self.rows.rows:,} rows the 95% interval is "
                f"{_signed(self.rows.interval)} ({self.rows.method}), which {settled}."
            )
        return text

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        names = (
            "first", "second", "metric", "first_mean", "second_mean", "seeds", "difference", "deviation",
            "t_p", "wilcoxon_p", "least_p", "adjusted_p", "level", "sentence",
        )  # fmt: skip
        rows = self.rows
        return {
            **{name: getattr(self, name) for name in names},
            "interval": list(self.interval),
            "rows": None
            if rows is None
            else {
                **{name: getattr(rows, name) for name in rows.__dataclass_fields__},
                "interval": list(rows.interval),
            },
        }


@dataclass(frozen=True)
class Comparison:
    """The best loss by validation against each other one.

    Attributes:
        best: its title.
        tests: one for each other loss, in the order given.
    """

    best: str
    tests: tuple[PairedTest, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {"best_by_validation": self.best, "tests": [test.to_json() for test in self.tests]}


def compare_with_best(
    titles: Sequence[str],
    valid: Sequence[Sequence[float]],
    values: Sequence[NDArray[np.float32]],
    labels: NDArray[np.float32],
    metric: Metric,
) -> Comparison | None:
    """Test the loss with the best mean validation metric against each other one, with Holm's correction.

    Args:
        titles: of at least two losses.
        valid: for each its validation metrics, one a seed.
        values: for each what `paired_test` takes.
        labels: of the test rows.
        metric: "auc" or "rmse".

    Returns:
        None where there are fewer than two seeds, or a test metric is missing.
    """
    means = np.array([np.mean(found) for found in valid])
    finite = np.isfinite(means) & [bool(np.isfinite(found).all()) for found in values]
    if not finite.all() or len(valid[0]) < 2 or not len(labels):
        return None
    best = int(np.argmax(means if metric.higher_is_better else -means))
    others = [k for k in range(len(titles)) if k != best]
    tests = [paired_test(titles[best], titles[k], values[best], values[k], labels, metric) for k in others]
    adjusted = holm([test.wilcoxon_p for test in tests])
    tests = [replace(test, adjusted_p=p) for test, p in zip(tests, adjusted, strict=True)]
    return Comparison(titles[best], tuple(tests))


def paired_test(
    first: str,
    second: str,
    first_values: NDArray[Any],
    second_values: NDArray[Any],
    labels: NDArray[Any],
    metric: Metric,
) -> PairedTest:
    """Compare two losses on the same seeds and the same test rows.

    Args:
        first, second: what they are called.
        first_values, second_values: shape (seeds, rows), 2 seeds or more; scores for the AUC, predictions for the RMSE.
        labels: shape (rows,); 0 and 1, both present, for the AUC.
        metric: what is compared.
    """
    from scipy import stats

    wide = [np.asarray(values, np.float64) for values in (first_values, second_values)]
    sign = 1.0 if metric.higher_is_better else -1.0
    parts = [_Parts.of(values, np.asarray(labels, np.float64), metric) for values in wide]
    differences = sign * (parts[0].by_seed - parts[1].by_seed)
    count = len(differences)
    mean, deviation = float(differences.mean()), float(differences.std(ddof=1))
    error = deviation / math.sqrt(count)
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1)) * error
    p = wilcoxon_p(differences)
    return PairedTest(
        first=first,
        second=second,
        metric=metric.value,
        first_mean=float(parts[0].by_seed.mean()),
        second_mean=float(parts[1].by_seed.mean()),
        seeds=count,
        difference=mean,
        deviation=deviation,
        interval=(mean - half, mean + half),
        t_p=float(2 * stats.t.sf(abs(mean) / error, count - 1)) if error > 0 else float(mean == 0),
        wilcoxon_p=p,
        least_p=min(1.0, 2.0 ** (1 - count)),
        rows=_rows_test(parts, sign, mean, len(labels), metric),
        adjusted_p=p,
    )


@dataclass(frozen=True, eq=False)
class _Parts:
    """A metric for each seed, and what each row contributes to its mean: rows of one class vary together."""

    by_seed: Array
    classes: tuple[Array, ...]

    @classmethod
    def of(cls, values: Array, labels: Array, metric: Metric) -> _Parts:
        if metric is Metric.AUC:
            positive = labels == 1
            above = [_placements(row, positive) for row in values]
            by_seed = np.array([pair[0].mean() if len(pair[0]) else np.nan for pair in above])
            return cls(by_seed, tuple(np.mean([pair[k] for pair in above], axis=0) for k in (0, 1)))
        squared = (values - labels) ** 2
        mean = squared.mean(axis=1, keepdims=True)
        by_seed = np.sqrt(mean[:, 0])
        # d sqrt(m) = dm / (2 sqrt(m))
        slope = np.divide(0.5, np.sqrt(mean), out=np.zeros_like(mean), where=mean > 0)
        return cls(by_seed, (((squared - mean) * slope).mean(axis=0),))


def _placements(scores: Array, positive: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Return for each positive the share of negatives below it, and for each negative that of positives above it."""
    from scipy.stats import rankdata

    ranks = rankdata(scores)
    high, low = scores[positive], scores[~positive]
    if not len(high) or not len(low):
        return np.empty(0), np.empty(0)
    return (ranks[positive] - rankdata(high)) / len(low), 1 - (ranks[~positive] - rankdata(low)) / len(high)


def _rows_test(
    parts: Sequence[_Parts], sign: float, difference: float, rows: int, metric: Metric
) -> RowsTest | None:
    from scipy import stats

    contributions = [sign * (a - b) for a, b in zip(parts[0].classes, parts[1].classes, strict=True)]
    if any(len(values) < 2 for values in contributions):
        return None
    error = math.sqrt(sum(float(values.var(ddof=1)) / len(values) for values in contributions))
    half = float(stats.norm.ppf((1 + CONFIDENCE) / 2)) * error
    p = float(2 * stats.norm.sf(abs(difference) / error)) if error > 0 else float(difference == 0)
    method = "DeLong" if metric is Metric.AUC else "delta method"
    return RowsTest(difference, (difference - half, difference + half), p, rows, method)


def _signed(interval: tuple[float, float]) -> str:
    return f"{interval[0]:+.4f} to {interval[1]:+.4f}"
