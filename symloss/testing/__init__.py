"""Contract suites, as classes of tests for pytest: what an operator, metric, task, trainer or strategy has to hold.

class TestBrier(symloss.testing.MetricContract):
    def make(self): return Brier()
    def brute_force(self, scores, predictions, labels): return float(((predictions - labels) ** 2).mean())
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symloss.testing.metrics import MetricContract
    from symloss.testing.operators import OperatorContract
    from symloss.testing.strategies import StrategyContract
    from symloss.testing.tasks import TaskContract
    from symloss.testing.trainers import TrainerContract

__all__ = ["MetricContract", "OperatorContract", "StrategyContract", "TaskContract", "TrainerContract"]

_HOME = {
    "MetricContract": "symloss.testing.metrics",
    "OperatorContract": "symloss.testing.operators",
    "StrategyContract": "symloss.testing.strategies",
    "TaskContract": "symloss.testing.tasks",
    "TrainerContract": "symloss.testing.trainers",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'symloss.testing' has no attribute {name!r}")
