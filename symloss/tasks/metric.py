"""A metric: how good the scores of a model are on a part of a task."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

    from symloss.tasks.part import Part


class Metric(ABC):
    """A number for a model's output on rows with labels.

    Attributes:
        name: its key in JSON and its name in options: "auc", "rmse", "ndcg@20".
        title: how it is printed: "AUC", "RMSE".
        higher_is_better: its direction.
    """

    name: str
    title: str
    higher_is_better: bool

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
        """Return the metric of one model.

        Args:
            scores: what the model puts out, shape (n,).
            predictions: the scores through the link of the task (their sigmoids), or the scores themselves.
            labels: shape (n,).
        """

    @abstractmethod
    def measure_many(self, scores: Tensor, predictions: Tensor, labels: Tensor) -> Tensor:
        """Return the metric of K models whose scores lie on a device: shapes (K, n), (K, n), (n,) to (K,)."""

    @abstractmethod
    def compare(
        self, one: NDArray[Any], other: NDArray[Any], labels: NDArray[np.float32], level: float
    ) -> Any:
        """Return the paired comparison of two models on the same rows, with its interval, or None."""
