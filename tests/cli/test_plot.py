"""`symloss plot`: every kind, its errors, and that drawing a loss stays light."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from symloss.cli import main

DATA = [
    "--dataset",
    "synthetic",
    "--users",
    "40",
    "--items",
    "30",
    "--interactions",
    "800",
    "--max-epochs",
    "2",
]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["plot", *arguments])


@pytest.mark.parametrize(
    "kind", ["surface", "contour", "curves", "gradients", "logit", "compare", "consistency"]
)
def test_losses(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.png"
    result = run("maxr", "mse", "--eps", "0.1", "--kind", kind, "-o", str(path), "--dpi", "50", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["file"] == str(path) and document["kind"] == kind and len(document["losses"]) == 2
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("kind", ["reliability", "landscape"])
def test_trained_models(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.pdf"
    result = run("bce", "hinge", "--kind", kind, "-o", str(path), *DATA, "--json")
    assert result.exit_code == 0, result.output
    assert [entry["loss"] for entry in json.loads(result.stdout)["models"]] == ["bce", "hinge"]
    assert path.read_bytes().startswith(b"%PDF")


def test_progress_of_a_search(tmp_path: Path) -> None:
    found = tmp_path / "run"
    search = ["search", "--loops", "3", "--out", str(found), "--evaluation-time", "1s", *DATA]
    made = CliRunner().invoke(main, search)
    assert (found / "config.json").exists(), made.output
    path = tmp_path / "a.svg"
    result = run("--kind", "progress", "--run", str(found), "-o", str(path), "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["loops"] == 3
    assert path.read_text().startswith("<?xml")


def test_options(tmp_path: Path) -> None:
    path = tmp_path / "a.pgf"
    options = ["--kind", "compare", "--normalise", "middle", "--size", "single", "--style", "grayscale"]
    result = run("bce", "maxr", *options, "-o", str(path), "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["inches"][0] == 3.33


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "no loss to draw"),
        (["mse", "--kind", "curve"], "did you mean 'curves'"),
        (["mse", "--style", "ggplott"], "did you mean 'ggplot'"),
        (["mse", "--size", "huge"], "single, double"),
        (["mse", "--dpi", "5"], "from 20 to 2400"),
        (["mse", "--kind", "compare", "--normalise", "meen"], "did you mean 'mean'"),
        (["mse", "--kind", "progress"], "go together"),
        (["mse", "--run", "x"], "go together"),
        (["--kind", "progress", "--run", "/does/not/exist"], "/does/not/exist"),
        (["bce", "--kind", "reliability", "-o", "a.gif"], "must be one of"),
        (["bce", "--kind", "reliability", "-o", "/does/not/exist/a.png"], "another folder"),
        (["bce", "--kind", "landscape", "--model", "mff"], "did you mean 'mf'"),
    ],
)
def test_errors(arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert says in result.stderr
    assert not list(tmp_path.iterdir())


def test_drawing_losses_loads_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys, symloss.cli\n"
        "from click.testing import CliRunner\n"
        "for kind in ('all', 'consistency'):\n"
        f"    path = {str(tmp_path / 'a.png')!r}\n"
        "    options = ['--kind', kind, '-o', path, '--dpi', '50']\n"
        "    found = CliRunner().invoke(symloss.cli.main, ['plot', 'maxr', *options])\n"
        "    assert found.exit_code == 0, found.output\n"
        "print([name for name in ('torch', 'numba', 'pandas', 'scipy', 'matplotlib.pyplot') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
