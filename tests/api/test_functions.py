"""symloss.search, evaluate and train from Python, on a small task."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

import symloss as sl
from symloss.errors import DataError, OptionError, RunError
from symloss.tasks import RatingTask
from symloss.tasks.metrics import MAE
from tests.search.conftest import make_dataset
from tests.testing.test_metrics_and_tasks import MeanMargin, OwnTask

FAST: dict[str, Any] = {"learning_rate": 0.3, "max_epochs": 4, "patience": 2, "threads": 1}
SEARCH: dict[str, Any] = {
    **FAST,
    "loops": 2,
    "batch": 20,
    "eps_grid": (0.1,),
    "survivors": 2,
    "reward": "epoch",
    "effectiveness": "paper",
    "warm_start": ["(yhat - y)**2*(2 - y)", "-yhat*(2*y - 1)"],
}


@pytest.fixture(scope="module")
def task() -> RatingTask:
    return RatingTask.of(make_dataset())


def test_evaluate(task: RatingTask, tmp_path: Path) -> None:
    found = sl.evaluate(["bce", "mse", sl.Loss("(yhat - y)**4", scale=2.0)], task=task, seeds=2, **FAST)
    assert len(found.results) == 6 and found.best is not None and found.comparison is not None
    table = found.frame()
    assert list(table["role"]) == ["evaluated"] * 6 + ["reference"] * 3
    means = table[table["role"] == "evaluated"].groupby("loss")["valid_metric"].mean()
    assert found.best.valid_metric == pytest.approx(means.max())
    assert found.best.metrics["auc"] == pytest.approx(table[table["loss"] == means.idxmax()]["auc"].mean())
    assert [one.valid_metric for one in found.losses] == sorted(means, reverse=True)
    path = found.report(tmp_path / "report.html")
    page = path.read_text()
    assert "Losses compared" in page and f"{found.results[0].metrics['auc']:.4f}" in page and "AUC" in page
    with pytest.raises(OptionError, match=r"\.html"):
        found.report(tmp_path / "report.pdf")


def test_evaluation_goes_on(task: RatingTask, tmp_path: Path) -> None:
    first = sl.evaluate("bce", task=task, out=tmp_path / "run", **FAST)
    again = sl.evaluate("bce", task=task, resume=tmp_path / "run", **FAST)
    assert again.results == first.results
    with pytest.raises(RunError, match="losses are not what the evaluation"):
        sl.evaluate("mse", task=task, resume=tmp_path / "run", **FAST)


def test_train(task: RatingTask) -> None:
    epochs: list[int] = []
    model = sl.train("bce", task=task, seed=3, progress=lambda epoch, value: epochs.append(epoch), **FAST)
    assert epochs == list(range(1, model.epochs + 1)) and len(model.frame()) == model.epochs
    scores = model.scores(*task.test.inputs)
    assert model.metrics["auc"] == pytest.approx(roc_auc_score(task.test.labels, scores))
    assert model.valid_metric == max(model.history) == model.frame()["auc"].max()
    same = sl.evaluate("bce", task=task, seeds=[3], **FAST)
    assert same.results[0].metrics == model.metrics


def test_search_and_go_on(task: RatingTask, tmp_path: Path) -> None:
    found = sl.search(task=task, model="mf", seed=1, out=tmp_path / "run", **SEARCH)
    assert found.best is not None and isinstance(found.best.loss, sl.Loss)
    assert set(found.best.metrics) == {one.name for one in task.metrics}
    assert found.frame()["role"].iloc[0] == "found" and found.run == tmp_path / "run"
    assert "Search for a loss" in found.report(tmp_path / "page.html").read_text()
    again = sl.search(task=task, resume=tmp_path / "run")
    assert again.result == found.result
    longer = sl.search(task=task, resume=tmp_path / "run", loops=3)
    assert longer.result.counts["sampled"] > found.result.counts["sampled"]
    with pytest.raises(OptionError, match="batch can't be given with resume="):
        sl.search(task=task, resume=tmp_path / "run", batch=3)


def test_a_folder_of_its_own_goes_with_the_result(task: RatingTask, tmp_path: Path) -> None:
    found = sl.search(task=task, seed=1, **SEARCH)
    folder = found.run
    page = found.report(tmp_path / "page.html")
    assert folder is not None and folder.is_dir() and page.is_file()
    del found
    gc.collect()
    assert not folder.exists()


def test_a_search_by_another_metric(tmp_path: Path) -> None:
    data = make_dataset()
    task = RatingTask.of(data, "regression", MAE())
    found = sl.search(task=task, seed=1, out=tmp_path / "run", **SEARCH)
    assert (found.options.task, found.options.training.metric) == ("regression", "mae")
    assert found.best is not None
    table = found.frame()
    rows = table[table["role"] == "found"]
    assert found.best.valid_metric == rows["valid_metric"].min()
    # MAE is what is said and drawn
    assert "MAE" in found.report(tmp_path / "page.html").read_text()


def test_a_task_of_ones_own_with_a_metric_of_its_own(tmp_path: Path) -> None:
    class Ratings(OwnTask):
        """What fused trainers ask of ratings, besides."""

        n_users, n_items = 20, 16

        def __init__(self) -> None:
            data = make_dataset()
            self.train, self.validation, self.test = data.train, data.validation, data.test

    found = sl.search(task=Ratings(), seed=1, out=tmp_path / "run", **SEARCH)
    assert found.best is not None and set(found.best.metrics) == {"margin", "auc"}
    assert [one.formula for one in found.result.baselines] == [sl.zoo.bce.formula]
    again = sl.search(task=Ratings(), resume=tmp_path / "run")
    assert again.result.best == found.result.best
    # a report can be written by who does not have the metric
    assert "margin" in found.report(tmp_path / "page.html").read_text()
    evaluated = sl.evaluate(["bce", "mse"], task=Ratings(), seeds=2, **FAST)
    assert evaluated.settings.validation_metric == MeanMargin() and evaluated.comparison is not None
    assert evaluated.comparison.tests[0].rows is None


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda task: sl.evaluate("bce", task=task, epochs=3), "unknown argument 'epochs'"),
        (lambda task: sl.evaluate([], task=task), "there is no loss"),
        (lambda task: sl.evaluate("bce", task=task, seeds=0), "seeds are 0"),
        (lambda task: sl.evaluate("bcee", task=task, **FAST), "bce"),
        (lambda task: sl.search(task=task, time="soon"), "such as '90s'"),
        (lambda task: sl.search(task=task, loopz=3), "did you mean 'loops'"),
        (lambda task: sl.train("bce", task=task, time=-1), "above 0"),
        (lambda task: sl.train("bce", task=task, model="mff"), "did you mean 'mf'"),
        (lambda task: sl.train("bce", task=3), "int is no task"),
    ],
)
def test_messages(task: RatingTask, call: Any, message: str) -> None:
    with pytest.raises(sl.SymlossError, match=message):
        call(task)


def test_data_that_the_metric_refuses() -> None:
    data = pd.DataFrame({"user": np.arange(50) % 5, "item": np.arange(50) % 7, "label": 1})
    with pytest.raises(DataError, match="all labels are 1"):
        sl.evaluate("bce", task=sl.tasks.ratings(data), **FAST)


@pytest.mark.parametrize(
    "imports",
    [
        "import symloss as sl",
        "import symloss.search.options; import symloss as sl",
        "from symloss.search import options; import symloss as sl",
        "from symloss import search; import symloss as sl; assert sl.search is search",
        "import symloss.api; import symloss as sl",
        "import symloss as sl; sl.evaluate; import symloss.search.search",
    ],
)
def test_the_package_is_the_function_whatever_comes_first(imports: str) -> None:
    code = (
        f"{imports}; import types; assert isinstance(sl.search, types.ModuleType) and callable(sl.search)\n"
    )
    code += "from symloss.search.options import SearchOptions\nimport inspect\n"
    code += "assert 'task' in inspect.signature(sl.search).parameters and callable(sl.evaluate)\n"
    code += "try:\n    sl.search(task=3)\nexcept sl.OptionError as error:\n    print(error)\n"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "int is no task" in done.stdout, done.stderr
