"""A short form of benchmarks/kill_moments.py: real commands, killed in every phase, end with the same archives."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_killed_in_every_phase(tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    command = [
        sys.executable,
        str(ROOT / "benchmarks" / "kill_moments.py"),
        "--kills",
        "5",
        "--size",
        "small",
    ]
    ended = subprocess.run(
        [*command, "--json", str(found)], capture_output=True, text=True, timeout=600, cwd=ROOT, check=False
    )
    assert ended.returncode == 0, ended.stderr[-3000:] + ended.stdout[-3000:]
    document = json.loads(found.read_text())
    assert document["signals"] >= 5
    assert document["runs equal to the undisturbed one"] == document["runs"] >= 2
    assert document["tracebacks"] == document["archives damaged"] == document["hung"] == 0
