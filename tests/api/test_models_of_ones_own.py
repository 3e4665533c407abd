"""Search, evaluate and train with a model of one's own, on ratings from a frame and on rows of numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from torch import Tensor, nn

import symloss as sl
from symloss.errors import OptionError
from tests.api.test_functions import FAST, SEARCH
from tests.search.conftest import make_dataset

TOWERS = Path(__file__).resolve().parents[2] / "examples" / "two_tower.py"


def ratings() -> Any:
    parts = [
        pd.DataFrame({"user": part.users, "item": part.items, "label": part.labels})
        for part in make_dataset().parts().values()
    ]
    return sl.tasks.ratings(*parts)


def numbers(classes: bool = False) -> Any:
    rng = np.random.default_rng(4)
    values = rng.normal(size=(500, 5))
    target = values @ [1.0, -2.0, 0.0, 0.5, 0.0] + 0.1 * rng.normal(size=500)
    return sl.tasks.features((values, (target > 0) * 1 if classes else target))


class Net(nn.Module):
    def __init__(self, features: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(features, 8), nn.ReLU(), nn.Linear(8, 1))

    def forward(self, values: Tensor) -> Tensor:
        scores: Tensor = self.layers(values)[:, 0]
        return scores


def test_a_net_learns_rows_of_numbers() -> None:
    def build(task: Any, seed: int) -> nn.Module:
        return Net(task.sizes["features"])

    task = numbers()
    model = sl.train(
        "mse",
        task=task,
        model=build,
        optimizer="adam",
        learning_rate=0.02,
        max_epochs=40,
        l2=0.0,
        batch_size=32,
    )
    (mean,) = task.references(task.metrics[0])
    assert model.metrics["rmse"] < 0.5 * mean.metrics["rmse"]
    scores = model.scores(*task.test.inputs)
    assert model.metrics["rmse"] == pytest.approx(
        float(np.sqrt(((scores - task.test.labels) ** 2).mean())), rel=1e-5
    )
    classes = numbers(classes=True)
    found = sl.evaluate(
        ["bce", "mse"],
        task=classes,
        model=build,
        optimizer="adam",
        learning_rate=0.02,
        max_epochs=20,
        batch_size=32,
    )
    assert found.best is not None and found.best.metrics["auc"] > 0.9


def test_a_search_with_a_function_and_on_with_it(tmp_path: Path) -> None:
    def build(task: Any, seed: int) -> nn.Module:
        return Net(task.sizes["features"])

    task = numbers(classes=True)
    found = sl.search(task=task, model=build, seed=1, out=tmp_path / "run", **SEARCH)
    assert found.best is not None and "auc" in found.best.metrics
    again = sl.search(task=task, model=build, resume=tmp_path / "run")
    assert again.result == found.result
    longer = sl.search(task=task, model=build, resume=tmp_path / "run", loops=3)
    assert longer.result.counts["sampled"] > found.result.counts["sampled"]
    with pytest.raises(OptionError, match="given from Python; give it again"):
        sl.search(task=task, resume=tmp_path / "run")
    with pytest.raises(OptionError, match="begun with the model"):
        sl.search(task=task, model="mf", resume=tmp_path / "run")
    found.report(tmp_path / "page.html")


def test_a_search_with_a_file(tmp_path: Path) -> None:
    task = ratings()
    found = sl.search(task=task, model=f"{TOWERS}:build", seed=1, out=tmp_path / "run", **SEARCH)
    assert found.best is not None
    assert sl.search(task=task, resume=tmp_path / "run").result == found.result
    model = sl.train(found.best.loss, task=task, model=f"{TOWERS}:build", **FAST)
    assert np.isfinite(model.metrics["auc"])


def test_a_model_that_does_not_fit_the_task() -> None:
    with pytest.raises(sl.SymlossError, match="mf"):
        sl.train("mse", task=numbers(), model="mf", **FAST)
