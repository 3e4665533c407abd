"""How members are shared out: nothing is started after the end, and groups fit the seconds they may take."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import torch
from torch import nn

from symloss import zoo
from symloss.data.dataset import Dataset
from symloss.models.generic_torch import GenericTorch
from symloss.models.model import Model
from symloss.tasks.rating_task import of
from symloss.training.fit import fit_by
from symloss.training.groups import _Groups
from symloss.training.member import Member
from symloss.training.outcome import Outcome
from symloss.training.settings import TrainingSettings


class Biases(nn.Module):
    def __init__(self, task: Any) -> None:
        super().__init__()
        self.users = nn.Embedding(task.sizes["users"], 1)

    def forward(self, users: torch.Tensor, items: torch.Tensor) -> torch.Tensor:
        return self.users(users)[:, 0]


class Counting(GenericTorch):
    """Counts what is drawn and trained, and asks to stop after an epoch."""

    stop: threading.Event | None = None
    drawn = 0
    trained = 0

    def start(self, seed: int) -> Any:
        self.drawn += 1
        return super().start(seed)

    def epoch(self, *given: Any) -> list[float]:
        self.trained += 1
        if self.stop is not None:
            self.stop.set()
        return super().epoch(*given)


def counting(dataset: Dataset, settings: TrainingSettings) -> Counting:
    return Counting(Model("biases", lambda task, seed: Biases(task)), of(dataset), settings)


def members(*seeds: int) -> list[Member]:
    return [Member(zoo.get("bce").program(), seed=seed) for seed in seeds]


def test_a_stop_ends_training_after_the_epoch_at_hand_and_starts_nothing_more(dataset: Dataset) -> None:
    settings = TrainingSettings(max_epochs=5, patience=5, threads=1)
    trainer, stop = counting(dataset, settings), threading.Event()
    trainer.stop = stop
    found = fit_by(trainer, members(*range(12)), settings, stop=stop, test=False)
    assert trainer.trained == 1
    assert trainer.drawn == 1
    assert all(one.outcome is Outcome.INTERRUPTED for one in found)
    assert [one.epochs for one in found] == [1] + 11 * [0]


def test_equal_seeds_are_drawn_once_and_train_as_if_alone(dataset: Dataset) -> None:
    settings = TrainingSettings(max_epochs=2, patience=2, threads=1)
    trainer = counting(dataset, settings)
    found = fit_by(trainer, members(3, 3, 3, 3, 5), settings, test=False)
    assert trainer.drawn == 2
    (alone,) = fit_by(counting(dataset, settings), members(3), settings, test=False)
    assert [one.history for one in found[:4]] == 4 * [alone.history]
    assert found[4].history != alone.history


def test_groups_learn_how_many_fit() -> None:
    groups = _Groups(100, 32, 10.0)
    assert list(groups.take()) == [0]
    groups.took(1, 0.5)
    assert len(groups.take()) == 4
    groups.took(4, 2.0)
    assert len(groups.take()) == 16
    groups.took(16, 16.0)
    assert len(groups.take()) == 10
    groups.took(10, 500.0)
    assert len(groups.take()) == 1
    groups.end()
    assert not groups.take()


def test_groups_are_as_asked_for_without_a_time() -> None:
    groups = _Groups(7, 3, None)
    assert [len(groups.take()) for _ in range(4)] == [3, 3, 1, 0]


@pytest.mark.parametrize(("pace", "size"), [(0.01, 8), (0.6, 5), (1.0, 1), (50.0, 1)])
def test_an_epoch_of_those_stacked_ends_in_some_seconds(dataset: Dataset, pace: float, size: int) -> None:
    trainer = counting(dataset, TrainingSettings())
    trainer._pace = pace
    assert trainer.group_size(16, 2) == size
