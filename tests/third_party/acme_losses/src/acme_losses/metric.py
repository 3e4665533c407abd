"""The mean negative logarithm of the probability of what was seen; less is better."""

from __future__ import annotations

from typing import Any

import numpy as np

from symloss.tasks import Metric, Part

LEAST = 1e-7


class LogLoss(Metric):
    """For labels 0 and 1; probabilities are kept 1e-7 from 0 and 1."""

    name = "acme-logloss"
    title = "log loss"
    higher_is_better = False

    def refuses(self, part: Part) -> str | None:
        """Labels other than 0 and 1 have no probability."""
        if not len(part) or not np.isin(part.labels, (0, 1)).all():
            return "the log loss needs rows with labels 0 and 1; choose --metric rmse for others"
        return None

    def measure(self, scores: Any, predictions: Any, labels: Any) -> float:
        """Return it for one model."""
        p = np.clip(predictions.astype(np.float64), LEAST, 1 - LEAST)
        return float(-np.log(np.where(labels == 1, p, 1 - p)).mean())

    def measure_many(self, scores: Any, predictions: Any, labels: Any) -> Any:
        """Return it for many models on a device."""
        p = predictions.double().clamp(LEAST, 1 - LEAST)
        return -(labels * p.log() + (1 - labels) * (1 - p).log()).mean(1)
