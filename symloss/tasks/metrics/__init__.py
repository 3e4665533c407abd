"""The metrics there are; `get` finds one by its name."""

from __future__ import annotations

from symloss.tasks.metrics.errors import MAE, MSE, RMSE
from symloss.tasks.metrics.registry import NAMES, get, title_of
from symloss.tasks.metrics.thresholds import F1, Accuracy, ErrorRate
from symloss.tasks.metrics.under_curve import AUC

__all__ = ["AUC", "F1", "MAE", "MSE", "NAMES", "RMSE", "Accuracy", "ErrorRate", "get", "title_of"]
