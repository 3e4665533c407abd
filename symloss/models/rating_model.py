"""Models with the calls that they had before there were trainers; each works and warns."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from symloss.compile.program import ProgramBatch
from symloss.models.import_path import imported
from symloss.models.model import Model
from symloss.models.trainer import Numbers, StepSettings, Trainer
from symloss.tasks.part import SomeRows

if TYPE_CHECKING:
    from symloss.data.dataset import Interactions


@dataclass(frozen=True)
class _Steps:
    """The settings of calls without any."""

    learning_rate: float = 0.01
    l2: float = 0.0
    batch_size: int = 128
    gradient_clip: float = 50.0
    optimizer: str = "sgd"
    device: str = "cpu"


_NOBODY = SomeRows.unlabelled(np.empty(0, np.int32), np.empty(0, np.int32))


@dataclass(frozen=True, eq=False)
class _Ratings:
    """As much of a task as a trainer of ratings looks at."""

    sizes: Mapping[str, int]
    train: Any = field(default=_NOBODY)
    name: str = "the ratings of this call"


@dataclass(frozen=True)
class RatingModel(Model):
    """A model of ratings whose accelerations are a kernel on the CPU and a trainer on torch devices."""

    def initial_state(self, n_users: int, n_items: int, seed: int, device: str = "cpu") -> Any:
        """Return fresh parameters; deprecated for `Trainer.start`."""
        _warn("initial_state", "start")
        return self._trainer((n_users, n_items), _Steps(device=device)).start(seed)

    def copy(self, state: Any) -> Any:
        """Return an independent copy of a state; deprecated for `Trainer.copy`."""
        _warn("copy", "copy")
        return self._trainer_of(state).copy(state)

    def to_host(self, state: Any) -> Any:
        """Return a state that takes no memory of a device; deprecated for `Trainer.to_host`."""
        _warn("to_host", "to_host")
        return self._trainer_of(state).to_host(state)

    def train_epoch(
        self,
        states: Sequence[Any],
        programs: ProgramBatch,
        orders: Sequence[NDArray[np.int32]],
        noise: Sequence[int],
        train: Interactions,
        settings: StepSettings,
        rates: Numbers | None = None,
        l2s: Numbers | None = None,
    ) -> list[float]:
        """Train each state in place for one epoch; deprecated for `Trainer.epoch`."""
        _warn("train_epoch", "epoch")
        rates = np.full(len(states), settings.learning_rate) if rates is None else rates
        l2s = np.full(len(states), settings.l2) if l2s is None else l2s
        trainer = self._trainer_of(states[0], settings, train)
        return trainer.epoch(states, programs, orders, noise, rates, l2s)

    def predict(self, state: Any, users: NDArray[np.int32], items: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the raw scores of n pairs, shape (n,); deprecated for `Trainer.scores`."""
        _warn("predict", "scores")
        (scores,) = self._trainer_of(state).scores([state], SomeRows.unlabelled(users, items))
        return scores if isinstance(scores, np.ndarray) else scores.cpu().numpy()

    def _trainer_of(self, state: Any, settings: StepSettings | None = None, train: Any = _NOBODY) -> Trainer:
        """Return the trainer of a state's kind and size."""
        kernel, on_device = (imported(place) for place in self.accelerations)
        kind = kernel if isinstance(state, kernel.host_state) else on_device
        given = settings or _Steps()
        steps = _Steps(
            given.learning_rate,
            given.l2,
            given.batch_size,
            given.gradient_clip,
            str(given.optimizer),
            kind.device_of(state),
        )
        return self._trainer(kind.sizes_of(state), steps, train)

    def _trainer(self, sizes: tuple[int, int], settings: _Steps, train: Any = _NOBODY) -> Trainer:
        kernel, on_device = self.accelerations
        kind = imported(kernel if settings.device == "cpu" else on_device)
        trainer: Trainer = kind(
            self, _Ratings(dict(zip(("users", "items"), sizes, strict=True)), train), settings
        )
        return trainer


def _warn(old: str, new: str) -> None:
    warnings.warn(
        f"models no longer train by themselves: instead of model.{old}(...) call trainer.{new}(...), where trainer is "
        "symloss.models.trainer_for(model, task, settings)",
        DeprecationWarning,
        stacklevel=3,
    )
