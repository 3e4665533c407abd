"""A node of a two-node cluster is killed midway: nothing is lost, and standard output stays clean."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_a_lost_node_costs_a_retry_and_no_result(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="ray is not installed: pip install 'symloss[ray]'")
    # In a process of its own: a process can be in one cluster, and its output is part of the test.
    command = [sys.executable, str(ROOT / "benchmarks" / "ray_cluster.py"), "--quick", "--json"]
    environment = {**os.environ, "HOME": str(tmp_path)}
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=400, cwd=ROOT, env=environment, check=False
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    facts = json.loads(ended.stdout)
    local, undisturbed, lost = facts["runs"]
    assert 0 < facts["killed_after_epochs"] < facts["epochs"]
    assert local["equal"] == undisturbed["equal"] == lost["equal"] == facts["members"]
    assert undisturbed["retries"] == 0
    assert lost["retries"] >= 1
    # Both nodes had finished tasks in the undisturbed run.
    assert len(undisturbed["tasks"]) == 2
