"""The examples run, on little data and for a few seconds."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

import symloss
from symloss.api import search as run_search

ROOT = Path(__file__).resolve().parents[1]


def test_demo(tmp_path: Path) -> None:
    options = ["--dataset", "synthetic", "--seconds", "6", "--evaluation-seconds", "6", "--max-epochs", "3"]
    command = [sys.executable, str(ROOT / "examples" / "demo.py"), *options, "--out", str(tmp_path / "demo")]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    summary = json.loads((tmp_path / "demo" / "summary.json").read_text())
    assert summary["counts"]["sampled"] > 0, found.stderr
    if summary["best"] is None:
        assert found.returncode == 1 and "No loss got through" in found.stdout
    else:
        assert found.returncode == 0, found.stderr
        assert "best found" in found.stdout and "check: valid" in found.stdout
        assert (tmp_path / "demo" / "best_loss.png").stat().st_size > 10_000


def test_the_readme_in_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the blocks of the README one after the other, on a frame of 40 users, with a search of two loops."""
    generator = np.random.default_rng(2)
    users, items = generator.integers(0, 40, 1500), generator.integers(0, 25, 1500)
    liking = generator.normal(size=40)[users] + generator.normal(size=25)[items]
    frame = pd.DataFrame({"user": users, "item": items, "label": (liking > 0).astype(int)})
    small = {"loops": 2, "batch": 20, "preset": "paper", "max_epochs": 4, "threads": 1, "survivors": 2,
             "warm_start": ["(yhat - y)**2*(2 - y)", "-yhat*(2*y - 1)"]}  # fmt: skip

    def search(**given: Any) -> Any:
        assert given.pop("time") == "1m"
        return run_search(**given, **small)

    monkeypatch.setattr(symloss, "search", search, raising=False)
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), flags=re.S | re.M)
    assert len(blocks) == 2
    names: dict[str, Any] = {"frame": frame}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    assert names["found"].best.loss.check(time_limit=5).verdict == "valid"
    labels = names["task"].test.labels
    scores = names["model"].scores(*names["task"].test.inputs)
    assert names["model"].metrics["auc"] == pytest.approx(roc_auc_score(labels, scores))
    assert (tmp_path / "report.html").stat().st_size > 10_000


def test_composed_figure(tmp_path: Path) -> None:
    picture = tmp_path / "composed.png"
    command = [sys.executable, str(ROOT / "examples" / "compose_figure.py"), str(picture)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert picture.stat().st_size > 10_000
