"""The contract of trainers over every built-in trainer, model and optimizer, and over models of a user's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from torch import nn

from symloss.models import registry
from symloss.models.device.torch_device import TORCH_CPU
from symloss.models.generic_torch import GenericTorch
from symloss.models.import_path import imported
from symloss.models.model import Model
from symloss.models.user_model import model_of
from symloss.testing.trainers import TrainerContract
from symloss.training.settings import TrainingSettings
from tests.models.pairs import SmallTask

TOWERS = f"{Path(__file__).parents[2] / 'examples' / 'two_tower.py'}:build"


def _linear(task: Any, seed: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(task.sizes["features"], 4), nn.Dropout(0.3), nn.Linear(4, 1), nn.Flatten(0)
    )


def _case(trainer: type, model: Model, optimizer: str, device: str, **further: Any) -> type:
    settings = TrainingSettings(
        optimizer=optimizer, learning_rate=0.01 if optimizer == "sgd" else 1e-3, device=device, batch_size=100
    )
    task = SmallTask(features=6) if model.name == "linear" else SmallTask()
    fields = {"trainer": trainer, "model": model, "settings": settings, "task": task, **further}
    return type(
        f"Test{trainer.__name__}_{model.name.split('/')[-1]}_{optimizer}_{device}", (TrainerContract,), fields
    )


def _cases() -> dict[str, type]:
    found = []
    for name in registry.NAMES:
        model = registry.get(name)
        for optimizer in ("sgd", "adam"):
            for place in model.accelerations:
                kind = imported(place)
                # torch takes a matrix product of one member in another order than one of many
                on_device = "Device" in kind.__name__
                device, grouped = (TORCH_CPU, 1e-4) if on_device else ("cpu", 0.0)
                found.append(_case(kind, model, optimizer, device, grouped=grouped))
            found.append(_case(GenericTorch, model, optimizer, "cpu"))
    for model in (model_of(TOWERS), Model("linear", _linear)):
        found += [_case(GenericTorch, model, optimizer, TORCH_CPU) for optimizer in ("sgd", "adam")]
    return {kind.__name__: kind for kind in found}


globals().update(_cases())


def test_every_acceleration_is_tested() -> None:
    tested = {kind.trainer for kind in _cases().values()}
    assert {imported(place) for name in registry.NAMES for place in registry.get(name).accelerations} < tested


@pytest.mark.parametrize("name", registry.NAMES)
def test_an_acceleration_refuses_other_models(name: str) -> None:
    for place in registry.get(name).accelerations:
        why = imported(place).refuses(model_of(TOWERS), SmallTask(), TrainingSettings())
        assert why is not None and "two_tower.py" in why
