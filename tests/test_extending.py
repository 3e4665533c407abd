"""The page on extending is true: its package is installed, its commands run, and its parts pass the contract suites."""

from __future__ import annotations

import importlib
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import mpmath
import pytest
from click.testing import CliRunner

import symloss as sl
from symloss.testing import MetricContract, OperatorContract, StrategyContract, TaskContract
from tests.installed import install_project

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```python\n# ([\w/]+\.py)\n(.*?)^```", PAGE, flags=re.S | re.M))
COMMANDS = re.findall(r"^\$ symloss (.*)$", PAGE, flags=re.M)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder on the path with the page's package."""
    folder = tmp_path_factory.mktemp("site")
    (toml,) = re.findall(r"^```toml\n(.*?)^```", PAGE, flags=re.S | re.M)
    (folder / "pyproject.toml").write_text(toml)
    for name, body in BLOCKS.items():
        if "/" not in name:
            (folder / name).write_text(body)
    return install_project(folder, folder)


@pytest.fixture
def page_module(site: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(site))
    return importlib.import_module


def test_every_part_is_shown() -> None:
    parts = ("operator", "model", "metric", "task", "strategy", "export")
    assert set(BLOCKS) == {*(f"my_{part}.py" for part in parts), "cli/pieces.py"}
    assert len(COMMANDS) == 5


@pytest.mark.parametrize("command", COMMANDS)
def test_its_commands_run(command: str, site: Path, tmp_path: Path) -> None:
    path = os.pathsep.join([str(site), str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "symloss", *shlex.split(command)],
        env={**os.environ, "PYTHONPATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 3), done.stdout + done.stderr
    assert done.stdout


def test_its_task_is_trained_on(page_module: Any) -> None:
    found = sl.evaluate(["bce"], task=page_module("my_task").Clicks(), max_epochs=2)
    assert 0 <= found.results[0].metrics["auc"] <= 1


def run_suite(suite: type, **members: Any) -> None:
    made = type("Shown", (suite,), members)()
    for name in dir(made):
        if name.startswith("test_") and getattr(made, name).__code__.co_argcount == 1:
            getattr(made, name)()


def test_its_operator_passes(page_module: Any) -> None:
    shown = page_module("my_operator").SquareLog()
    run_suite(OperatorContract, operator=shown, value=lambda self, a, b: mpmath.log(1 + a * a))


def test_its_metric_passes(page_module: Any) -> None:
    brute = lambda self, s, p, y: sum((float(a) - float(b)) ** 2 for a, b in zip(p, y, strict=True)) / len(y)  # noqa: E731
    run_suite(MetricContract, make=lambda self: page_module("my_metric").Brier(), brute_force=brute)


def test_its_task_passes(page_module: Any) -> None:
    run_suite(TaskContract, make=lambda self: page_module("my_task").Clicks())


def test_its_strategy_passes(page_module: Any) -> None:
    kind = page_module("my_strategy").Repeater
    run_suite(StrategyContract, make=lambda self, grammar, seed, **options: kind(grammar, seed, **options))


def test_its_command_runs() -> None:
    found: dict[str, Any] = {"__package__": "symloss.cli", "__name__": "symloss.cli.pieces"}
    exec(BLOCKS["cli/pieces.py"], found)
    result = CliRunner().invoke(found["command"], ["(yhat-y)**2", "--json"])
    assert json.loads(result.stdout) == {"formula": sl.Loss("(yhat-y)**2").formula}
