"""Spread over seeds: mean, standard deviation, the t interval of the mean, and paired differences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

CONFIDENCE = 0.95


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and the standard deviation (n - 1) of two or more values."""
    mean = math.fsum(values) / len(values)
    return mean, math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def interval_of_mean(values: Sequence[float]) -> tuple[float, float]:
    """Return the 95% interval of the mean of two or more values, by Student's t."""
    from scipy.stats import t

    mean, deviation = mean_and_deviation(values)
    half = float(t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)) * deviation / math.sqrt(len(values))
    return mean - half, mean + half


@dataclass(frozen=True)
class Paired:
    """A loss against another one over common seeds; positive differences are good for the first.

    Attributes:
        other: what the second is called.
        seeds: common ones.
        difference: mean over the seeds.
        interval: 95% interval of it, over seeds.
        t_p: of the paired t-test.
        wilcoxon_p: of Wilcoxon's exact signed-rank test.
        adjusted_p: the latter after Holm's correction for all baselines.
    """

    other: str
    seeds: int
    difference: float
    interval: tuple[float, float]
    t_p: float
    wilcoxon_p: float
    adjusted_p: float

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)


def paired_tests(
    first: Mapping[int, float], others: Sequence[tuple[str, Mapping[int, float]]], *, higher_is_better: bool
) -> tuple[Paired, ...]:
    """Test a loss against each of others that share two seeds or more with it.

    Args:
        first: the metric by seed.
        others: what each is called, and its metric by seed.
        higher_is_better: whether a larger metric is better.
    """
    import numpy as np
    from scipy.stats import t

    from symloss.contest.signed_rank import holm, wilcoxon_p

    found: list[Paired] = []
    sign = 1.0 if higher_is_better else -1.0
    for name, values in others:
        seeds = sorted(set(first) & set(values))
        if len(seeds) < 2:
            continue
        differences = [sign * (first[seed] - values[seed]) for seed in seeds]
        mean, deviation = mean_and_deviation(differences)
        error = deviation / math.sqrt(len(seeds))
        t_p = float(2 * t.sf(abs(mean) / error, len(seeds) - 1)) if error > 0 else float(mean == 0)
        p = wilcoxon_p(np.array(differences))
        found.append(Paired(name, len(seeds), mean, interval_of_mean(differences), t_p, p, p))
    adjusted = holm([one.wilcoxon_p for one in found])
    return tuple(Paired(**{**one.__dict__, "adjusted_p": p}) for one, p in zip(found, adjusted, strict=True))
