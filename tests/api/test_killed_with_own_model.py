"""A search with a model of one's own from Python, killed with SIGKILL and resumed, ends as one that nobody killed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.search.archives import contents, without_times

ROOT = Path(__file__).resolve().parents[2]


def go(folder: Path, at: int) -> int:
    command = [sys.executable, "-m", "tests.api.killed_model", str(folder), str(at)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert "Traceback" not in ended.stderr, ended.stderr[-3000:]
    return ended.returncode


def result(folder: Path) -> Any:
    document = json.loads((folder / "summary.json").read_text())
    assert document["best"] is not None
    document.pop("run", None)
    return without_times(document)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_killed_in_phase_one_and_in_the_contest(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert go(whole, 0) == 0
    kills = [code for at in (60, 250) if (code := go(killed, at))]
    assert kills and set(kills) == {-9}
    assert go(killed, 0) == 0
    assert contents(killed) == contents(whole)
    found, expected = result(killed), result(whole)
    assert found["best"] == expected["best"]
    assert found["baselines"] == expected["baselines"]
