"""What acme adds passes the suites of symloss."""

from __future__ import annotations

import math
from typing import Any

import mpmath
from acme_losses.metric import LogLoss
from acme_losses.model import BIASES
from acme_losses.operator import LogCosh
from acme_losses.strategy import Annealing
from acme_losses.task import Clicks

from symloss.models.generic_torch import GenericTorch
from symloss.testing import (
    MetricContract,
    OperatorContract,
    StrategyContract,
    TaskContract,
    TrainerContract,
)
from symloss.training.settings import TrainingSettings


class TestLogCosh(OperatorContract):
    operator = LogCosh()

    def value(self, a: Any, b: Any) -> Any:
        return mpmath.log(mpmath.cosh(a))


class TestLogLoss(MetricContract):
    def make(self) -> LogLoss:
        return LogLoss()

    def brute_force(self, scores: Any, predictions: Any, labels: Any) -> float:
        chances = [float(p) if y else 1 - float(p) for p, y in zip(predictions, labels, strict=True)]
        return -math.fsum(math.log(min(max(one, 1e-7), 1 - 1e-7)) for one in chances) / len(chances)


class TestAnnealing(StrategyContract):
    def make(self, grammar: Any, seed: int, **options: Any) -> Annealing:
        return Annealing(grammar, seed, **options)


class TestClicks(TaskContract):
    def make(self) -> Clicks:
        return Clicks()


class TestBiases(TrainerContract):
    model, task, trainer = BIASES, Clicks(), GenericTorch
    settings = TrainingSettings(optimizer="adam", learning_rate=1e-3, batch_size=100)
