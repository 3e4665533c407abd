"""F1, accuracy and error rate at the threshold with the best F1: one sort for all three."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from symloss.tasks.auc_rmse import f1_and_accuracy
from symloss.tasks.metric import Metric
from symloss.tasks.metrics.two_classes import refuse_other_labels
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
