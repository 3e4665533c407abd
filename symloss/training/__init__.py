"""Training of many losses at once: to convergence (`fit`) or for one epoch of a search (`train_one_epoch`)."""

from __future__ import annotations

from symloss.training.fit import FitResult, Progress, fit
from symloss.training.member import Member
from symloss.training.one_epoch import EpochResult, train_one_epoch
from symloss.training.outcome import Outcome
from symloss.training.settings import Metric, Optimizer, TrainingSettings

__all__ = [
    "EpochResult",
    "FitResult",
    "Member",
    "Metric",
    "Optimizer",
    "Outcome",
    "Progress",
    "TrainingSettings",
    "fit",
    "train_one_epoch",
]
