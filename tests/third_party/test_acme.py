"""A package of somebody else, installed as pip would: its tests pass, and all that it adds is at home everywhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.installed import install_project

PROJECT = Path(__file__).parent / "acme_losses"
ROOT = PROJECT.parents[2]
SMALL = "--dataset synthetic --users 30 --items 20 --interactions 400 --max-epochs 2 --threads 1 --seed 3"
SEARCH = (
    f"search {SMALL} --model acme-biases --strategy acme-annealing --strategy-option cooling=0.8 "
    "--operators paper,acme-logcosh --metric acme-logloss --batch 30 --variables 6 --finalists 1 --final-seeds 1 "
    "--coefficients 0 --eps 0.1 --scale 1"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of installed packages with acme in it."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(
        PROJECT / "src" / "acme_losses",
        folder / "acme_losses",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    return install_project(folder, PROJECT)


def child(site: Path, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(site), str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-m", *words],
        env={**os.environ, "PYTHONPATH": path},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def symloss(site: Path, *words: str, codes: tuple[int, ...] = (0, 3)) -> Any:
    done = child(site, "symloss", *words, "--json")
    assert done.returncode in codes, done.stderr + done.stdout
    return json.loads(done.stdout)


def test_its_own_tests_pass(site: Path, tmp_path: Path) -> None:
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    shutil.copytree(PROJECT / "tests", tmp_path / "tests")
    done = child(site, "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "passed" in done.stdout and "skipped" not in done.stdout


def test_a_formula_calls_its_operator(site: Path) -> None:
    assert symloss(site, "check", "acme_logcosh(yhat - y)", "--labels", "real")["verdict"] == "valid"
    plain = "log((exp(yhat - y) + exp(y - yhat))/2)"
    assert symloss(site, "compare", "acme_logcosh(yhat - y)", plain)["relation"] == "equal"
    against = symloss(site, "check", "-acme_logcosh(yhat - y)", codes=(1,))
    assert against["verdict"] == "invalid"


def test_evaluate_trains_its_model_by_its_metric(site: Path) -> None:
    words = f"evaluate bce mse {SMALL} --model acme-biases --metric acme-logloss".split()
    found = symloss(site, *words)
    assert "acme-logloss" in json.dumps(found)


def test_its_export_is_a_target(site: Path) -> None:
    done = child(site, "symloss", "export", "(yhat - y)**2", "--to", "acme-julia")
    assert done.stdout == "loss(yhat, y; eps = 1e-6) = (-y + yhat)^2\n", done.stderr


def test_a_search_with_all_of_it_is_reported_and_resumed(site: Path, tmp_path: Path) -> None:
    whole, parts = str(tmp_path / "whole"), str(tmp_path / "parts")
    straight = symloss(site, *SEARCH.split(), "--loops", "6", "--out", whole)
    symloss(site, *SEARCH.split(), "--loops", "3", "--out", parts)
    resumed = symloss(site, "search", "--resume", parts, "--loops", "6")
    assert straight["counts"] == resumed["counts"]
    assert straight["counts"]["sampled"] == 180
    done = child(site, "symloss", "report", parts)
    assert done.returncode == 0, done.stderr
    (page,) = (tmp_path / "parts").glob("*.html")
    text = page.read_text(encoding="utf-8")
    for name in ("acme-biases", "acme-annealing", "acme-logcosh", "log loss"):
        assert name in text, name


def test_without_the_package_a_run_says_what_is_missing(site: Path, tmp_path: Path) -> None:
    run = str(tmp_path / "run")
    symloss(site, *SEARCH.split(), "--loops", "1", "--out", run)
    done = child(ROOT, "symloss", "search", "--resume", run, "--loops", "2")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "acme-" in done.stderr
