"""Is one loss better than another on the test part? Paired tests over seeds and over test rows.

Two things vary. *Seeds* change the initial state and the order of interactions: the
differences of the test metric, paired by seed, go through Wilcoxon's exact
signed-rank test and the paired t-test. *Test rows* are a sample of users' tastes,
the same for all seeds: that no number of seeds can average out. What these leave open
is asked of the metric (`Metric.compare`). A difference can be certain over
seeds and yet smaller than what another test part would change.

Sources of the tests stand in `signed_rank` and beside the metrics.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symloss.contest.signed_rank import holm, wilcoxon_p
from symloss.tasks.metric import Metric
from symloss.tasks.metrics.registry import title_of
from symloss.tasks.paired import CONFIDENCE, RowsTest

LEVELS = (0.01, 0.05)
"""Levels of significance that sentences name, the strictest first."""


@dataclass(frozen=True)
class PairedTest:
    """One loss against another, paired by seed.

    Attributes:
        first, second: what is compared, in words.
        metric: its name, such as "auc".
        first_mean, second_mean: of the test metric over seeds.
        seeds: how many.
        difference: mean over seeds; positive where the first is better (for errors: the second's minus the first's).
        deviation: standard deviation of the differences.
        interval: 95% interval of the difference over seeds (paired t).
        t_p: two-sided p-value of the paired t-test.
        wilcoxon_p: two-sided, exact.
        least_p: the smallest p-value that Wilcoxon's test can give with so many seeds.
        rows: over test rows; None where the metric is undefined.
        adjusted_p: `wilcoxon_p` after Holm's correction for several comparisons; equal to it for one.
        title: of the metric; "" for that which its name has.
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
    title: str = ""

    @property
    def level(self) -> float | None:
        """The strictest of `LEVELS` that the (adjusted) Wilcoxon test reaches, or None."""
        return next((level for level in LEVELS if self.adjusted_p < level), None)

    @property
    def sentence(self) -> str:
        """The result in words."""
        name = self.title or title_of(self.metric)
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
        metric: what is compared.

    Returns:
        None where there are fewer than two seeds, or a test metric is missing.
    """
    means = np.array([np.mean(found) for found in valid])
    finite = np.isfinite(means) & [bool(np.isfinite(found).all()) for found in values]
    if not finite.all() or len(valid[0]) < 2 or not len(labels):
        return None
    best = int(np.argmax(metric.sign * means))
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
        first_values, second_values: shape (seeds, rows), 2 seeds or more; what `Metric.values` chooses.
        labels: shape (rows,), on which the metric is defined.
        metric: what is compared.
    """
    from scipy import stats

    wide = [np.asarray(values, np.float64) for values in (first_values, second_values)]
    by_seed = [metric.by_seed(values, labels) for values in wide]
    differences = metric.sign * (by_seed[0] - by_seed[1])
    count = len(differences)
    mean, deviation = float(differences.mean()), float(differences.std(ddof=1))
    error = deviation / math.sqrt(count)
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1)) * error
    p = wilcoxon_p(differences)
    return PairedTest(
        first=first,
        second=second,
        metric=metric.name,
        first_mean=float(by_seed[0].mean()),
        second_mean=float(by_seed[1].mean()),
        seeds=count,
        difference=mean,
        deviation=deviation,
        interval=(mean - half, mean + half),
        t_p=float(2 * stats.t.sf(abs(mean) / error, count - 1)) if error > 0 else float(mean == 0),
        wilcoxon_p=p,
        least_p=min(1.0, 2.0 ** (1 - count)),
        rows=metric.compare(wide[0], wide[1], labels),
        adjusted_p=p,
        title=metric.title,
    )


def _signed(interval: tuple[float, float]) -> str:
    return f"{interval[0]:+.4f} to {interval[1]:+.4f}"
