"""A metric: how good the scores of a model are on a part of a task."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from symloss.tasks.paired import CONFIDENCE, Influence, RowsTest, rows_test

if TYPE_CHECKING:
    from torch import Tensor

    from symloss.tasks.part import Part

Array = NDArray[np.float64]


class Metric(ABC):
    """A number for a model's output on rows with labels.

    To write one, give the three attributes, `refuses`, `measure` and `measure_many`; the rest has a default. Metrics of
    one class and name are equal. `symloss.testing.MetricContract` holds one to all this.

    Attributes:
        name: its key in JSON and its name in options: "auc", "rmse", "ndcg@20".
        title: how it is printed: "AUC", "RMSE".
        higher_is_better: its direction.
        ranks: whether it is made from raw scores, of which only the order counts, rather than from predictions.
    """

    name: str
    title: str
    higher_is_better: bool
    ranks: bool = False

    @property
    def sign(self) -> float:
        """1 where more is better, else -1: times it, more is always better."""
        return 1.0 if self.higher_is_better else -1.0

    @property
    def worst(self) -> float:
        """A value that any finite one improves on."""
        return -math.inf if self.higher_is_better else math.inf

    def improves(self, new: float, old: float) -> bool:
        """Return whether `new` is strictly better than `old`; never true for NaN."""
        return new > old if self.higher_is_better else new < old

    @abstractmethod
    def refuses(self, part: Part) -> str | None:
        """Return why the metric is undefined on these rows, a sentence with what to do; None where it is defined."""

    @abstractmethod
    def measure(
        self, scores: NDArray[np.float32], predictions: NDArray[np.float32], labels: NDArray[np.float32]
    ) -> float:
        """Return the metric of one model; NaN where it is undefined.

        Args:
            scores: what the model puts out, shape (n,).
            predictions: the scores through the link of the task (their sigmoids), or the scores themselves.
            labels: shape (n,).
        """

    @abstractmethod
    def measure_many(self, scores: Tensor, predictions: Tensor, labels: Tensor) -> Tensor:
        """Return the metric of K models whose scores lie on a device, as float64.

        Args:
            scores, predictions: as for `measure`, shape (K, n), n >= 1.
            labels: shape (n,).

        Returns:
            Shape (K,), equal to `measure` row by row up to rounding.
        """

    def measured(
        self, scores: NDArray[np.float32], predictions: NDArray[np.float32], labels: NDArray[np.float32]
    ) -> dict[str, float]:
        """Return the metric by name, and others that come with the same work; arguments as of `measure`."""
        return {self.name: self.measure(scores, predictions, labels)}

    def measured_many(self, scores: Tensor, predictions: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Return the metric of K models by name, and others that come with the same work."""
        return {self.name: self.measure_many(scores, predictions, labels)}

    def values(self, scores: NDArray[np.float32], predictions: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what the metric, and a comparison by it, is made from: the scores, or the predictions."""
        return scores if self.ranks else predictions

    def influence(self, values: Array, labels: Array) -> Influence | None:
        """Return what each row contributes to the metric; None where that is not known.

        Args:
            values: as `values` chooses them, shape (seeds, n), float64.
            labels: shape (n,), float64.
        """
        del values, labels
        return None

    def by_seed(self, values: NDArray[Any], labels: NDArray[Any]) -> Array:
        """Return the metric of each seed, shape (seeds,); arguments as of `influence`."""
        known = self.influence(np.asarray(values, np.float64), np.asarray(labels, np.float64))
        if known is not None:
            return known.by_seed
        right = np.asarray(labels, np.float32)
        rows = np.ascontiguousarray(values, np.float32)
        return np.array([self.measure(row, row, right) for row in rows], np.float64)

    def compare(
        self, one: NDArray[Any], other: NDArray[Any], labels: NDArray[Any], level: float = CONFIDENCE
    ) -> RowsTest | None:
        """Return the paired comparison of two models on the same rows.

        Args:
            one, other: what `values` chooses, shape (n,) or (seeds, n), the same seeds for both.
            labels: shape (n,).
            level: of the interval, in (0, 1).

        Returns:
            The difference, positive where the first model is better, with its interval over other rows of the same
            kind; None where the metric has no such test, or there are too few rows.
        """
        right = np.asarray(labels, np.float64)
        found = [self.influence(np.atleast_2d(np.asarray(v, np.float64)), right) for v in (one, other)]
        first, second = found
        if first is None or second is None:
            return None
        return rows_test(first, second, self.sign, len(right), level)

    def nothing_learned(
        self, values: Sequence[float], labels: NDArray[np.float32], constant: tuple[str, float] | None
    ) -> str | None:
        """Return a clause that says that no model learned anything; None where one did, or that can't be told.

        Args:
            values: the metric of some models on the test part, finite, at least one.
            labels: of that part.
            constant: name and metric of a prediction that is the same for all rows; None where it is not known.
        """
        del values, labels, constant
        return None

    def __eq__(self, other: object) -> bool:
        """Equal where class and name are."""
        return isinstance(other, Metric) and type(self) is type(other) and self.name == other.name

    def __hash__(self) -> int:
        """Hash as `==` compares."""
        return hash((type(self).__qualname__, self.name))

    def __str__(self) -> str:
        """The name."""
        return self.name

    def __repr__(self) -> str:
        """The name, as what it is."""
        return f"<metric {self.name}>"


class MetricFamily(Metric):
    """A metric with a number in its name, NAME@NUMBER: "ndcg@20" is `at("20")` of the class that is named "ndcg"."""

    @classmethod
    @abstractmethod
    def at(cls, text: str) -> Metric:
        """Return the metric for what stands behind the @.

        Raises:
            OptionError: that is not allowed; the message says what is.
        """
