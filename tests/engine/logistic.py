"""A model, a trainer and a task of another package: logistic regression by numpy, one weight vector a member.

It knows nothing of users, items, Numba or torch, and only the loss y*log(p) + (1 - y)*log(1 - p), whatever the program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symloss.errors import RunError
from symloss.models import Model
from symloss.models.memory_need import MemoryNeed
from symloss.signature import Domain
from symloss.tasks.metrics.registry import get


@dataclass(frozen=True, eq=False)
class Rows:
    """A part of rows of numbers."""

    inputs: tuple[np.ndarray, ...]
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


class Features:
    """A task of rows of numbers with labels 0 and 1."""

    metrics, baselines = (get("auc"), get("rmse")), ()

    def __init__(self, rows: int = 400, seed: int = 0) -> None:
        generator = np.random.default_rng(seed)
        x = generator.standard_normal((rows, 3)).astype(np.float32)
        y = (x @ [1, -2, 0.5] + generator.standard_normal(rows) > 0).astype(np.float32)
        self.name, self.signature = "rows of numbers", Domain.of("binary")
        thirds = np.array_split(np.arange(rows), 3)
        self.train, self.validation, self.test = (Rows((x[part],), y[part]) for part in thirds)

    @property
    def sizes(self) -> Mapping[str, int]:
        return {"features": 3}

    def summary(self) -> dict[str, Any]:
        return {"name": self.name}

    def fingerprint(self) -> str:
        return self.name


def build(task: Any, seed: int) -> Any:
    raise AssertionError("nobody needs the module")


class Logistic:
    """Trains it by SGD; a state is an array of 4 numbers."""

    compiled = True

    def __init__(self, model: Model, task: Any, settings: Any) -> None:
        self.model, self.task, self.settings = model, task, settings

    @classmethod
    def refuses(cls, model: Model, task: Any, settings: Any) -> str | None:
        return None if "features" in task.sizes else "Logistic takes rows of numbers"

    def group_size(self, members: int, threads: int) -> int:
        return 2

    def memory(self, instructions: int) -> MemoryNeed:
        return MemoryNeed(1, 16, 1, 16, len(self.task.train), 4, 0, state=16)

    def compile(self) -> bool:
        return False

    def start(self, seed: int) -> np.ndarray:
        return np.random.default_rng(seed).standard_normal(4)

    def copy(self, state: np.ndarray) -> np.ndarray:
        return state.copy()

    def epoch(
        self, states: Sequence[Any], losses: Any, orders: Any, noise: Any, rates: Any, l2s: Any
    ) -> list[float]:
        (x,), y = self.task.train.inputs, self.task.train.labels
        # It writes nowhere, but it asks for what kernels do.
        assert x.flags.writeable and y.flags.writeable
        means = []
        for state, order, rate, l2, scale in zip(states, orders, rates, l2s, losses.scale, strict=True):
            for row in order:
                p = 1 / (1 + np.exp(-(x[row] @ state[:3] + state[3])))
                state -= rate * (scale * (p - y[row]) * np.append(x[row], 1) + l2 * state)
            means.append(float(np.abs(state).sum()))
        return means

    def scores(self, states: Sequence[Any], part: Any) -> np.ndarray:
        (x,) = part.inputs
        return np.stack([x @ state[:3] + state[3] for state in states]).astype(np.float32)

    def to_host(self, state: np.ndarray) -> np.ndarray:
        return state

    def parameters(self, state: np.ndarray) -> dict[str, np.ndarray]:
        return {"weights": state}

    def save(self, state: np.ndarray) -> dict[str, Any]:
        return {"kind": "logistic", "weights": state.copy()}

    def load(self, saved: dict[str, Any]) -> np.ndarray:
        if saved.get("kind") != "logistic":
            raise RunError("no state of Logistic")
        return saved["weights"].copy()


MODEL = Model("logistic", build, accelerations=("tests.engine.logistic:Logistic",))
