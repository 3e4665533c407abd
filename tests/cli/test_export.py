"""`symloss export`: output, files, JSON, and messages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from symloss.cli import main
from symloss.export import TARGETS, export, load
from symloss.zoo import get


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["export", *arguments])


@pytest.mark.parametrize("target", TARGETS)
def test_standard_output_is_the_export(target: str) -> None:
    result = run("maxr", "--to", target, "--eps", "0.1")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == export(get("maxr").with_eps(0.1), target)


def test_file(tmp_path: Path) -> None:
    path = tmp_path / "maxr.py"
    path.write_text("old")
    result = run("maxr", "--to", "torch", "-o", str(path))
    assert result.exit_code == 0 and result.stdout == "" and "wrote" in result.stderr
    assert path.read_text() == export(get("maxr"), "torch")


def test_json_flag(tmp_path: Path) -> None:
    document = json.loads(run("bce", "--to", "numpy", "--json").stdout)
    assert document["target"] == "numpy" and document["text"] == export(get("bce"), "numpy")
    path = tmp_path / "bce.py"
    document = json.loads(run("bce", "--to", "numpy", "--json", "-o", str(path)).stdout)
    assert document["file"] == str(path) and path.exists() and "text" not in document


def test_formula_and_domain() -> None:
    result = run("-y*log(yhat)", "--to", "json", "--protect", "--labels", "unit", "--input", "probability")
    loss = load(result.stdout)
    assert loss.formula == "-y*plog(yhat)" and loss.domain.labels == "unit"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["mse", "--to", "pytorch"], "did you mean 'torch'"),
        (["mse"], "Missing option '--to'"),
        (["msee", "--to", "torch"], "did you mean 'mse'"),
        (["mse", "--to", "torch", "-o", "/does/not/exist/mse.py"], "another folder"),
        (["maxr", "--to", "torch", "--eps", "0"], "above 0"),
        (["yhat +", "--to", "latex"], "operand is missing"),
    ],
)
def test_bad_input(arguments: list[str], says: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2 and says in result.stderr
    assert result.exception is None or isinstance(result.exception, SystemExit)
