"""F1, accuracy and error rate: at the threshold with the best F1, one sort for all three, or at one that is given."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from symloss.errors import OptionError
from symloss.tasks.auc_rmse import f1_and_accuracy
from symloss.tasks.metric import Array, Metric, MetricFamily
from symloss.tasks.metrics.two_classes import refuse_other_labels
from symloss.tasks.paired import Influence
from symloss.tasks.part import Part

if TYPE_CHECKING:
    from torch import Tensor


class Thresholded(Metric):
    """A metric at the threshold on the scores that has the best F1; a score >= it predicts 1.

    Where several thresholds are equally good, the lowest counts.
    """

    ranks = True

    @staticmethod
    @abstractmethod
    def pick(f1: Any, accuracy: Any) -> Any:
        """Return the metric from F1 and accuracy, which are numbers or tensors."""

    def refuses(self, part: Part) -> str | None:
        """As in `Metric`: labels are 0 and 1, both."""
        return refuse_other_labels(self.title, part)

    def measure(
        self, scores: NDArray[np.float32], predictions: NDArray[np.float32], labels: NDArray[np.float32]
    ) -> float:
        """As in `Metric`."""
        return self.measured(scores, predictions, labels)[self.name]

    def measure_many(self, scores: Tensor, predictions: Tensor, labels: Tensor) -> Tensor:
        """As in `Metric`."""
        return self.measured_many(scores, predictions, labels)[self.name]

    def measured(
        self, scores: NDArray[np.float32], predictions: NDArray[np.float32], labels: NDArray[np.float32]
    ) -> dict[str, float]:
        """As in `Metric`: all three."""
        del predictions
        found = f1_and_accuracy(scores, labels)
        return {one.name: one.pick(*found) for one in (F1, Accuracy, ErrorRate)}

    def measured_many(self, scores: Tensor, predictions: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """As in `Metric`: all three."""
        from symloss.tasks.metrics.on_device import f1_and_accuracy_rows

        del predictions
        found = f1_and_accuracy_rows(scores, labels)
        return {one.name: one.pick(*found) for one in (F1, Accuracy, ErrorRate)}


class F1(Thresholded):
    """The best F1 over all thresholds: 2 x precision x recall / (precision + recall)."""

    name = "f1"
    title = "F1"
    higher_is_better = True

    @staticmethod
    def pick(f1: Any, accuracy: Any) -> Any:
        """As in `Thresholded`."""
        del accuracy
        return f1


class Accuracy(Thresholded):
    """The share of rows that are predicted right at the threshold with the best F1."""

    name = "accuracy"
    title = "accuracy"
    higher_is_better = True

    @staticmethod
    def pick(f1: Any, accuracy: Any) -> Any:
        """As in `Thresholded`."""
        del f1
        return accuracy


class ErrorRate(Thresholded):
    """The share of rows that are predicted wrong at the threshold with the best F1: 1 - accuracy."""

    name = "error_rate"
    title = "error rate"
    higher_is_better = False

    @staticmethod
    def pick(f1: Any, accuracy: Any) -> Any:
        """As in `Thresholded`."""
        del f1
        return 1.0 - accuracy


class FixedThreshold(MetricFamily):
    """A share of rows at a threshold on the predictions that no data chose, so that rows can be compared one by one.

    A prediction >= the threshold says 1.
    """

    def __init__(self, threshold: float = 0.5) -> None:
        """Take the threshold.

        Raises:
            OptionError: it is not between 0 and 1.
        """
        kind = type(self)
        if not 0 < threshold < 1:
            raise OptionError(
                f"the threshold of {kind.name} is {threshold:g}; it is a probability between 0 and 1, such as "
                f"{kind.name}@0.5"
            )
        # the shortest number that is this one: a threshold and its name say the same
        self.threshold, given = threshold, str(float(threshold))
        self.name, self.title = f"{kind.name}@{given}", f"{kind.title} at {given}"

    @classmethod
    def at(cls, text: str) -> Self:
        """As in `MetricFamily`: the threshold."""
        try:
            return cls(float(text))
        except ValueError:
            raise OptionError(f"{cls.name}@{text}: {text!r} is no number; write {cls.name}@0.5") from None

    @abstractmethod
    def counted(self, right: Any) -> Any:
        """Return what is averaged over rows, from whether each is predicted right: arrays or tensors of truth."""

    def refuses(self, part: Part) -> str | None:
        """As in `Metric`: labels are 0 and 1, both."""
        return refuse_other_labels(self.title, part)

    def measure(
        self, scores: NDArray[np.float32], predictions: NDArray[np.float32], labels: NDArray[np.float32]
    ) -> float:
        """As in `Metric`."""
        del scores
        if not len(labels) or np.isnan(predictions).any() or not np.isin(labels, (0, 1)).all():
            return math.nan
        return float(self._rows(predictions, labels).mean())

    def measure_many(self, scores: Tensor, predictions: Tensor, labels: Tensor) -> Tensor:
        """As in `Metric`."""
        del scores
        found = self.counted((predictions.double() >= self.threshold) == (labels == 1)).double().mean(dim=1)
        wrong = predictions.isnan().any(dim=1) | ~((labels == 0) | (labels == 1)).all()
        return found.masked_fill(wrong, math.nan)

    def influence(self, values: Array, labels: Array) -> Influence:
        """As in `Metric`: McNemar's test, of rows that only one of two models has right; over seeds of their means."""
        rows = self._rows(values, labels)
        mean = rows.mean(axis=1, keepdims=True)
        return Influence(mean[:, 0], ((rows - mean).mean(axis=0),), "McNemar")

    def _rows(self, values: Any, labels: Any) -> Array:
        # in float64, as on devices: float32 would move a threshold such as 0.1
        wide = np.asarray(values, np.float64)
        return np.asarray(self.counted((wide >= self.threshold) == (labels == 1)), np.float64)


class AccuracyAt(FixedThreshold):
    """The share of rows that are predicted right at a threshold: accuracy@0.5."""

    name = "accuracy"
    title = "accuracy"
    higher_is_better = True

    def counted(self, right: Any) -> Any:
        """As in `FixedThreshold`."""
        return right


class ErrorRateAt(FixedThreshold):
    """The share of rows that are predicted wrong at a threshold: error_rate@0.5."""

    name = "error_rate"
    title = "error rate"
    higher_is_better = False

    def counted(self, right: Any) -> Any:
        """As in `FixedThreshold`."""
        return ~right
