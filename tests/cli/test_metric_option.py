"""--metric: what is watched, printed, kept and written into commands; oracle: scikit-learn-like counts in NumPy."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from symloss.cli import main
from tests.cli.test_evaluate_folder import reconfigure

QUICK = ["--threads", "1", "--max-epochs", "4", "--patience", "4", "--split", "random"]


@pytest.fixture
def ratings(tmp_path: Path) -> Path:
    generator = np.random.default_rng(3)
    users, items = generator.integers(0, 30, 900), generator.integers(0, 20, 900)
    values = 3 + generator.normal(size=30)[users] + generator.normal(size=20)[items]
    rows = [f"{u},{i},{value:.3f}" for u, i, value in zip(users, items, values, strict=True)]
    path = tmp_path / "ratings.csv"
    path.write_text("\n".join(["user,item,rating", *rows]) + "\n")
    return path


def run(*words: object, code: int = 0) -> Result:
    found = CliRunner().invoke(main, [str(word) for word in words])
    assert found.exit_code == code, found.output
    return found


def document(*words: object) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(run(*words, "--json").stdout)
    return read


def test_evaluate_watches_another_metric(ratings: Path) -> None:
    real = ["--data-dir", ratings, "--labels", "real", "--task", "regression", *QUICK]
    by_rmse, by_mae = (document("evaluate", "mse", *real, *more) for more in ([], ["--metric", "mae"]))
    assert by_rmse["training"]["metric"] == "rmse" and by_mae["training"]["metric"] == "mae"
    rows = [*by_mae["results"], *by_mae["references"]]
    # of one training, MAE is never above RMSE, on validation as on test
    assert all(0 < one["metrics"]["mae"] <= one["metrics"]["rmse"] for one in rows)
    assert by_mae["results"][0]["valid_metric"] < by_rmse["results"][0]["valid_metric"]
    shown = run("evaluate", "mse", *real, "--metric", "mae").stdout
    assert "valid mae" in shown and "AUC" not in shown and not re.search(r"\bnan\b", shown)


def test_a_folder_keeps_the_metric(ratings: Path, tmp_path: Path) -> None:
    words = ["evaluate", "mse", "--data-dir", ratings, "--labels", "real", "--task", "regression", *QUICK]
    first = document(*words, "--metric", "mae", "--out", tmp_path / "kept")
    again = document("evaluate", "--resume", tmp_path / "kept")
    assert again["training"] == first["training"]
    assert again["results"][0]["valid_metric"] == first["results"][0]["valid_metric"]


def test_a_folder_of_an_older_version_goes_on(ratings: Path, tmp_path: Path) -> None:
    words = ["evaluate", "mse", "--data-dir", ratings, "--labels", "real", "--task", "regression", *QUICK]
    first = document(*words, "--out", tmp_path / "kept")
    path = tmp_path / "kept" / "config.json"
    config = json.loads(path.read_text())
    del config["parameters"]["metric"], config["parameters"]["params"]
    reconfigure(tmp_path / "kept", json.dumps(config))
    again = document("evaluate", "--resume", tmp_path / "kept")
    assert again["results"][0]["valid_metric"] == first["results"][0]["valid_metric"]


def test_a_search_keeps_prints_and_reports_the_metric(ratings: Path, tmp_path: Path) -> None:
    (tmp_path / "options.toml").write_text('[training]\nmetric = "mae"\ntask = "regression"\n')
    folder = tmp_path / "run"
    words = [
        "--data-dir",
        ratings,
        "--labels",
        "real",
        *QUICK,
        "--preset",
        "paper",
        "--loops",
        1,
        "--batch",
        5,
    ]
    found = CliRunner().invoke(
        main, ["search", *map(str, words), "--config", str(tmp_path / "options.toml"), "--out", str(folder)]
    )
    assert found.exit_code in (0, 3), found.output
    assert "valid mae" in found.stdout and not re.search(r"\bnan\b", found.stdout)
    config = json.loads((folder / "config.json").read_text())
    assert config["options"]["metric"] == "mae" and config["metrics"][0]["name"] == "mae"
    again = CliRunner().invoke(main, ["search", "--resume", str(folder), "--loops", "2"])
    assert again.exit_code in (0, 3) and "valid mae" in again.stdout, again.output
    report = json.loads(run("report", folder, "-o", tmp_path / "page.html", "--json").stdout)
    commands = [
        shlex.split(text) for text in _texts(report) if text.startswith(("symloss search --d", "symloss ev"))
    ]
    assert commands
    for one in commands:
        assert one[one.index("--metric") + 1] == "mae", one
    page = (tmp_path / "page.html").read_text()
    assert "MAE" in page and not re.search(r">\s*nan\s*<", page, flags=re.I)


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [text for one in inner for text in _texts(one)]
    return [value] if isinstance(value, str) else []


def test_a_plot_stops_by_the_metric(ratings: Path, tmp_path: Path) -> None:
    words = ["--data-dir", ratings, "--labels", "real", "--task", "regression", *QUICK, "--metric", "mae"]
    drawn = document("plot", "mse", "--kind", "landscape", *words, "-o", tmp_path / "drawn.svg")
    by_rmse = document("plot", "mse", "--kind", "landscape", *words[:-2], "-o", tmp_path / "other.svg")
    assert drawn["models"][0]["valid_metric"] < by_rmse["models"][0]["valid_metric"]


@pytest.mark.parametrize("command", [["evaluate", "bce"], ["search"]])
def test_an_unknown_metric_is_a_sentence(command: list[str]) -> None:
    found = run(*command, "--dataset", "synthetic", "--metric", "nosuch", code=2)
    for name in ("auc", "f1", "accuracy", "error_rate", "rmse", "mse", "mae"):
        assert name in found.stderr
    assert "Traceback" not in found.output
