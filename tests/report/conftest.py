"""Small runs of every kind, made once a session."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from symloss.search.options import SearchOptions
from symloss.search.search import open_run, search
from symloss.signature import Labels
from symloss.training.settings import TrainingSettings
from tests.search.conftest import make_dataset

OPTIONS = SearchOptions(
    strategy="genetic",
    loops=2,
    batch=20,
    seed=1,
    eps_grid=(0.1, 1.0),
    search_eps=(0.1,),
    survivors=2,
    warm_start=("(yhat - y)**2*(2 - y)", "-yhat*(2*y - 1)", "plog(yhat, eps)*(1 - 2*y)"),
    training=TrainingSettings(learning_rate=0.3, max_epochs=4, patience=2, threads=1),
)
CONTEST = replace(
    OPTIONS,
    reward="fresh",
    reward_epochs=2,
    check_first=True,
    effectiveness="contest",
    finalists=1,
    ranking_seeds=1,
    final_seeds=3,
    scale_grid=(1.0, 4.0),
)
REGRESSION = replace(OPTIONS, task="regression", warm_start=("(yhat - y)**2", "abs(yhat - y)"))

SOURCE = {
    "separator": None,
    "split": None,
    "validation": None,
    "test": None,
    "dataset": "synthetic", "data_dir": None, "user_column": None, "item_column": None, "rating_column": None,
    "label_column": None, "time_column": None, "threshold": 3.0, "ties": None, "users": 20, "items": 16,
    "interactions": 640, "labels": "binary", "seed": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Runs:
    """Folders with a run each; read only."""

    contest: Path
    paper: Path
    regression: Path
    begun: Path


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    root = tmp_path_factory.mktemp("runs")
    made = {"contest": CONTEST, "paper": OPTIONS, "regression": REGRESSION}
    for name, options in made.items():
        dataset = make_dataset(labels=Labels.UNIT if name == "regression" else Labels.BINARY)
        source = {**SOURCE, "labels": str(dataset.labels)}
        result = search(options, dataset, open_run(options, dataset, root / name, source))
        assert result.best is not None
    open_run(OPTIONS, make_dataset(), root / "begun", SOURCE).close()
    return Runs(*(root / name for name in ("contest", "paper", "regression", "begun")))


@pytest.fixture
def copy(tmp_path: Path) -> Callable[[Path], Path]:
    """Copies a run into a folder of the test, which may change it."""

    def copied(folder: Path) -> Path:
        return Path(shutil.copytree(folder, tmp_path / folder.name))

    return copied
