"""RMSE, MSE and MAE: how far predictions are from labels, with paired comparisons over rows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from symloss.tasks.auc_rmse import rmse
from symloss.tasks.metric import Array, Metric
from symloss.tasks.paired import Influence
from symloss.tasks.part import Part

if TYPE_CHECKING:
    from torch import Tensor

ERROR_BAND = 0.01
"""An error that is not by this share lower than that of a constant prediction has learned nothing."""


class ErrorMetric(Metric):
    """A mean over rows of how far the prediction is from the label, or a function of it; NaN without rows."""

    higher_is_better = False

    @abstractmethod
    def row_errors(self, values: Array, labels: Array) -> Array:
        """Return what is averaged over the rows: shape (seeds, n) of predictions to the same shape."""

    def refuses(self, part: Part) -> str | None:
        """As in `Metric`: there is a row."""
        return None if len(part) else f"{self.title} needs at least one row; use another split"

    def influence(self, values: Array, labels: Array) -> Influence:
        """As in `Metric`."""
        errors = self.row_errors(values, labels)
        mean = errors.mean(axis=1, keepdims=True)
        return Influence(mean[:, 0], ((errors - mean).mean(axis=0),), "paired z-test")

    def nothing_learned(
        self, values: Sequence[float], labels: NDArray[np.float32], constant: tuple[str, float] | None
    ) -> str | None:
        """As in `Metric`."""
        del labels
        if constant is None or not np.isfinite(constant[1]) or min(values) < (1 - ERROR_BAND) * constant[1]:
            return None
        return f"no test {self.title} is lower than {constant[1]:.4f}, that of the {constant[0]}, by 1%"


class RMSE(ErrorMetric):
    """The root of the mean squared error."""

    name = "rmse"
    title = "RMSE"

    def measure(
        self, scores: NDArray[np.float32], predictions: NDArray[np.float32], labels: NDArray[np.float32]
    ) -> float:
        """As in `Metric`."""
        del scores
        return float(rmse(np.ascontiguousarray(predictions), labels))

    def measure_many(self, scores: Tensor, predictions: Tensor, labels: Tensor) -> Tensor:
        """As in `Metric`."""
        from symloss.tasks.metrics.on_device import rmse_rows

        del scores
        return rmse_rows(predictions, labels)

    def row_errors(self, values: Array, labels: Array) -> Array:
        """As in `ErrorMetric`."""
        return np.asarray((values - labels) ** 2)

    def influence(self, values: Array, labels: Array) -> Influence:
        """As in `Metric`: d sqrt(m) = dm / (2 sqrt(m))."""
        squared = self.row_errors(values, labels)
        mean = squared.mean(axis=1, keepdims=True)
        slope = np.divide(0.5, np.sqrt(mean), out=np.zeros_like(mean), where=mean > 0)
        return Influence(np.sqrt(mean[:, 0]), (((squared - mean) * slope).mean(axis=0),), "delta method")


class MSE(ErrorMetric):
    """The mean squared error."""

    name = "mse"
    title = "MSE"

    def measure(
        self, scores: NDArray[np.float32], predictions: NDArray[np.float32], labels: NDArray[np.float32]
    ) -> float:
        """As in `Metric`."""
        del scores
        errors = predictions.astype(np.float64) - labels.astype(np.float64)
        return float((errors * errors).mean()) if len(labels) else float("nan")

    def measure_many(self, scores: Tensor, predictions: Tensor, labels: Tensor) -> Tensor:
        """As in `Metric`."""
        from symloss.tasks.metrics.on_device import mse_rows

        del scores
        return mse_rows(predictions, labels)

    def row_errors(self, values: Array, labels: Array) -> Array:
        """As in `ErrorMetric`."""
        return np.asarray((values - labels) ** 2)


class MAE(ErrorMetric):
    """The mean absolute error."""

    name = "mae"
    title = "MAE"

    def measure(
        self, scores: NDArray[np.float32], predictions: NDArray[np.float32], labels: NDArray[np.float32]
    ) -> float:
        """As in `Metric`."""
        del scores
        errors = np.abs(predictions.astype(np.float64) - labels.astype(np.float64))
        return float(errors.mean()) if len(labels) else float("nan")

    def measure_many(self, scores: Tensor, predictions: Tensor, labels: Tensor) -> Tensor:
        """As in `Metric`."""
        from symloss.tasks.metrics.on_device import mae_rows

        del scores
        return mae_rows(predictions, labels)

    def row_errors(self, values: Array, labels: Array) -> Array:
        """As in `ErrorMetric`."""
        return np.asarray(np.abs(values - labels))
