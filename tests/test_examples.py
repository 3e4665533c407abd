"""The examples run, on little data and for a few seconds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

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


def test_composed_figure(tmp_path: Path) -> None:
    picture = tmp_path / "composed.png"
    command = [sys.executable, str(ROOT / "examples" / "compose_figure.py"), str(picture)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert picture.stat().st_size > 10_000
