"""Contract suites: what a metric, a task or a trainer of your own has to hold, as classes of tests for pytest.

class TestBrier(symloss.testing.MetricContract):
    def make(self): return Brier()
    def brute_force(self, scores, predictions, labels): return float(((predictions - labels) ** 2).mean())
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symloss.testing.metrics import MetricContract
    from symloss.testing.tasks import TaskContract
    from symloss.testing.trainers import TrainerContract

__all__ = ["MetricContract", "TaskContract", "TrainerContract"]

_HOME = {
    "MetricContract": "symloss.testing.metrics",
    "TaskContract": "symloss.testing.tasks",
    "TrainerContract": "symloss.testing.trainers",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'symloss.testing' has no attribute {name!r}")
