"""Training of many losses at once: to convergence (`fit`) or for one epoch of a search (`train_one_epoch`)."""

from __future__ import annotations

from typing import Any

from symloss.training import settings as _settings
from symloss.training.fit import FitResult, Progress, fit
from symloss.training.member import Member
from symloss.training.one_epoch import EpochResult, train_one_epoch
from symloss.training.outcome import Outcome
from symloss.training.settings import Optimizer, TrainingSettings

__all__ = [
    "EpochResult",
    "FitResult",
    "Member",
    "Optimizer",
    "Outcome",
    "Progress",
    "TrainingSettings",
    "fit",
    "train_one_epoch",
]


def __getattr__(name: str) -> Any:
    """Give old names, which warn."""
    if name == "Metric":
        return _settings.__getattr__(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
