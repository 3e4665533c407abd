"""What is done with one call: search a loss, evaluate losses, train with one.

`symloss.search`, `symloss.evaluate` and `symloss.train` are these functions.
"""

from __future__ import annotations

from symloss.api.run_evaluation import Evaluation, evaluate
from symloss.api.run_search import Found, search
from symloss.api.run_training import TrainedModel, train
from symloss.api.trained_loss import TrainedLoss

__all__ = ["Evaluation", "Found", "TrainedLoss", "TrainedModel", "evaluate", "search", "train"]
