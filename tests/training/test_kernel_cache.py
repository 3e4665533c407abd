"""Numbers do not depend on whether the kernels were compiled just now or loaded from the cache."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from symloss.training import kernel_cache
from symloss.training.settings import TrainingSettings
from tests.models.by_hand import ByHand

ROOT = Path(__file__).resolve().parents[2]

TRAIN = """
import hashlib
from symloss import zoo
from symloss.data import LoadOptions, SyntheticOptions, load
from symloss.models import registry
from symloss.training.fit import fit
from symloss.training.member import Member
from symloss.training.settings import TrainingSettings

data = load("synthetic", None, LoadOptions(synthetic=SyntheticOptions(users=60, items=50, interactions=2000)))
settings = TrainingSettings(learning_rate=0.3, max_epochs=3, threads=1)
(result,) = fit(registry.get("mf"), [Member(zoo.get("maxr").program(), eps=0.1)], data, settings)
print(hashlib.sha256(b"".join(array.tobytes() for array in result.state.arrays())).hexdigest(), result.history)
"""


def test_a_cold_cache_gives_the_numbers_of_a_warm_one(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    found = [
        subprocess.run(
            [sys.executable, "-c", TRAIN], capture_output=True, text=True, check=True, env=environment
        ).stdout
        for _ in range(2)
    ]
    assert list(tmp_path.rglob("*train_epoch*.nbi"))
    assert found[0] == found[1]


def test_no_child_is_started_for_devices_and_in_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(kernel_cache, "_in_a_child", lambda *arguments: asked.append(arguments))
    here, there = TrainingSettings(), TrainingSettings(device="torch-cpu", optimizer="adam")
    kernel_cache.ensure_compiled(ByHand("mf").trainer(3, 3, settings=there, device="torch-cpu"), there)
    trainer = ByHand("mf").trainer(3, 3, settings=here)
    # As if nothing were on disk.
    monkeypatch.setattr(type(trainer), "compiled", False)
    monkeypatch.setenv(kernel_cache.COMPILING, "1")
    kernel_cache.ensure_compiled(trainer, here)
    assert asked == []
    monkeypatch.delenv(kernel_cache.COMPILING)
    kernel_cache.ensure_compiled(trainer, here)
    # A model that only this process knows: the child compiles what measures, this process the rest.
    trainer.model = replace(trainer.model, name="mine")
    kernel_cache.ensure_compiled(trainer, here)
    assert asked == [("mf", "sgd", "cpu"), ("", "sgd", "cpu")]


COMPILE = """
from symloss.data import LoadOptions, SyntheticOptions, load
from symloss.models import registry
from symloss.tasks.rating_task import of
from symloss.training.settings import TrainingSettings

data = load("synthetic", None, LoadOptions(synthetic=SyntheticOptions(users=30, items=20, interactions=400)))
trainer = registry.trainer_for(registry.get("mf"), of(data), TrainingSettings(batch_size=16))
before = trainer.compiled
print(before, trainer.compile(), trainer.compiled, trainer.compile())
"""


def test_a_trainer_knows_whether_its_code_is_there(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    found = [
        subprocess.run(
            [sys.executable, "-c", COMPILE], capture_output=True, text=True, check=True, env=environment
        ).stdout.split()
        for _ in range(2)
    ]
    assert found == [["False", "True", "True", "False"], ["True", "False", "True", "False"]]
