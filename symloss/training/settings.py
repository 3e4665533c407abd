"""Options of training; the defaults are the paper's (AutoLossGen, section 4.1)."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from numbers import Real
from typing import Any

from symloss.errors import OptionError, unknown_name
from symloss.options.training import TrainingOptions
from symloss.tasks.metric import Metric as MetricObject
from symloss.tasks.metrics.registry import NAMES as METRICS
from symloss.tasks.metrics.registry import get


class Optimizer(StrEnum):
    """How gradients move parameters."""

    SGD = "sgd"
    ADAM = "adam"


MOST_THREADS = 1024
"""More than any machine has cores; each takes memory."""


@dataclass(frozen=True)
class TrainingSettings(TrainingOptions):
    """How to train.

    Args:
        learning_rate: > 0; members may have their own.
        l2: l2 times each parameter is added to its (clipped) gradient; >= 0, learning_rate * l2 < 1;
            members may have their own.
        batch_size: interactions a step, >= 1; the loss is their mean.
        gradient_clip: each element of a gradient is clipped to [-gradient_clip, gradient_clip]; > 0, or
            infinity for no clipping.
        max_epochs: at most so many, >= 1.
        patience: stop after so many epochs without a better validation metric, >= 1.
        metric: what is watched on the validation part: a name, such as "auc" or "rmse", or a metric of your own.
        seed: of the order of interactions where members don't bring their own, 0 to 2**63 - 1.
        threads: number of cores, at most 1024; None for all that this process may use.
        device: "cpu" (the fused kernels), what torch calls a device ("cuda", "cuda:1"), or "torch-cpu", the code for
            such devices on the CPU.
        optimizer: "sgd", or "adam" with the defaults of `torch.optim.Adam`: 0.9, 0.999 and 1e-8.

    Raises:
        OptionError: a value is not allowed.
    """

    gradient_clip: float = 50.0
    metric: MetricObject | str = "auc"
    seed: int = 42

    def __post_init__(self) -> None:
        """Check every value."""
        found = get(self.metric)
        # what is built in is kept by its name: equal settings compare equal, and JSON reads as it is written
        object.__setattr__(
            self, "metric", found.name if found.name in METRICS and found == get(found.name) else found
        )
        if self.optimizer not in list(Optimizer):
            allowed = [optimizer.value for optimizer in Optimizer]
            raise OptionError(unknown_name("optimizer", str(self.optimizer), allowed, "see TrainingSettings"))
        object.__setattr__(self, "optimizer", Optimizer(self.optimizer))
        for name in ("learning_rate", "l2", "gradient_clip"):
            value = getattr(self, name)
            _require(isinstance(value, Real) and not isinstance(value, bool), name, value, "a number")
        _require(0 < self.learning_rate < math.inf, "learning_rate", self.learning_rate, "a positive number")
        _require(0 <= self.l2 < math.inf, "l2", self.l2, "0 or a positive number")
        _require(self.learning_rate * self.l2 < 1, "l2", self.l2, "below 1 / learning_rate")
        _require(
            self.gradient_clip > 0, "gradient_clip", self.gradient_clip, "positive; infinity switches it off"
        )
        for name in ("batch_size", "max_epochs", "patience"):
            value = getattr(self, name)
            _require(_whole(value) and value >= 1, name, value, "a whole number, at least 1")
        _require(
            _whole(self.seed) and 0 <= self.seed < 2**63, "seed", self.seed, "a whole number, 0 to 2**63 - 1"
        )
        threads_fit = self.threads is None or (_whole(self.threads) and 1 <= self.threads <= MOST_THREADS)
        wanted = f"a whole number from 1 to {MOST_THREADS}, or None for all cores"
        _require(threads_fit, "threads", self.threads, wanted)
        named = isinstance(self.device, str) and bool(self.device)
        _require(named, "device", self.device, "a name such as 'cpu' or 'cuda'")

    @property
    def validation_metric(self) -> MetricObject:
        """The metric itself."""
        return get(self.metric)

    def to_json(self) -> dict[str, Any]:
        """Return all values, ready for JSON; a metric of your own by its name."""
        return {**asdict(replace(self, metric="auc")), "metric": str(self.metric)}

    @property
    def n_threads(self) -> int:
        """The number of threads to use: `threads`, or the cores this process may run on."""
        if self.threads is not None:
            return self.threads
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _require(holds: bool, name: str, value: object, allowed: str) -> None:
    if not holds:
        raise OptionError(f"{name} is {value!r}; it must be {allowed}")


class _Named:
    """What the old name `Metric` stands for: `Metric.AUC`, `Metric.RMSE`, `Metric("auc")`, `list(Metric)`."""

    def __init__(self) -> None:
        self.AUC, self.RMSE = get("auc"), get("rmse")

    def __call__(self, name: str) -> MetricObject:
        return get(name)

    def __iter__(self) -> Iterator[MetricObject]:
        return iter((self.AUC, self.RMSE))


def __getattr__(name: str) -> Any:
    """Give metrics under the old name of their enumeration."""
    if name == "Metric":
        warnings.warn(
            "symloss.training.Metric is now symloss.tasks.metrics (AUC, RMSE and others), or a name such as 'auc'; the "
            "old name goes in a later version",
            DeprecationWarning,
            stacklevel=2,
        )
        return _Named()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
