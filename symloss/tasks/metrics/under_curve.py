"""The area under the ROC curve, with DeLong's paired comparison.

Source: DeLong, DeLong and Clarke-Pearson, Comparing the Areas under Two or More
Correlated ROC Curves, 1988.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from symloss.tasks.auc_rmse import auc
from symloss.tasks.metric import Array, Metric
from symloss.tasks.metrics.two_classes import refuse_other_labels
from symloss.tasks.paired import Influence
from symloss.tasks.part import Part

if TYPE_CHECKING:
    from torch import Tensor

CHANCE_BAND = 0.02
"""An AUC this near to one half, or within two standard errors where the test part is small, is chance."""


class AUC(Metric):
    """P(score of a positive > score of a negative), ties counted half; chance is 1/2, whatever the labels' share."""

    name = "auc"
    title = "AUC"
    higher_is_better = True
    ranks = True

    def refuses(self, part: Part) -> str | None:
        """As in `Metric`: labels are 0 and 1, both."""
        return refuse_other_labels(self.title, part)

    def measure(
        self, scores: NDArray[np.float32], predictions: NDArray[np.float32], labels: NDArray[np.float32]
    ) -> float:
        """As in `Metric`."""
        del predictions
        return float(auc(np.ascontiguousarray(scores), labels))

    def measure_many(self, scores: Tensor, predictions: Tensor, labels: Tensor) -> Tensor:
        """As in `Metric`."""
        from symloss.tasks.metrics.on_device import auc_rows

        del predictions
        return auc_rows(scores, labels)

    def influence(self, values: Array, labels: Array) -> Influence:
        """As in `Metric`: positives and negatives vary by themselves."""
        positive = labels == 1
        above = [_placements(row, positive) for row in values]
        by_seed = np.array([pair[0].mean() if len(pair[0]) else np.nan for pair in above])
        classes = tuple(np.mean([pair[k] for pair in above], axis=0) for k in (0, 1))
        return Influence(by_seed, classes, "DeLong")

    def nothing_learned(
        self, values: Sequence[float], labels: NDArray[np.float32], constant: tuple[str, float] | None
    ) -> str | None:
        """As in `Metric`."""
        del constant
        positives = float((labels == 1).sum())
        negatives = len(labels) - positives
        if not positives or not negatives:
            return None
        error = math.sqrt((positives + negatives + 1) / (12 * positives * negatives))
        band = max(CHANCE_BAND, 2 * error)
        if max(values) > 0.5 + band:
            return None
        what = "the test AUC is" if len(values) == 1 else "every test AUC is"
        return f"{what} within {band:.2g} of chance, 0.5, or below"


def _placements(scores: Array, positive: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Return for each positive the share of negatives below it, and for each negative that of positives above it."""
    from scipy.stats import rankdata

    ranks = rankdata(scores)
    high, low = scores[positive], scores[~positive]
    if not len(high) or not len(low):
        return np.empty(0), np.empty(0)
    return (ranks[positive] - rankdata(high)) / len(low), 1 - (ranks[~positive] - rankdata(low)) / len(high)
