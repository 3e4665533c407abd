"""The commands: exit codes, JSON, and that bad input gives a message and no traceback."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from symloss.cli import COMMANDS, main


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_every_command_has_help_and_the_same_json_flag() -> None:
    for name in COMMANDS:
        result = run(name, "--help")
        assert result.exit_code == 0, name
        assert "--json" in result.stdout


def test_python_dash_m() -> None:
    import subprocess
    import sys

    found = subprocess.run(
        [sys.executable, "-m", "symloss", "--version"], capture_output=True, text=True, check=True
    )
    assert found.stdout.startswith("symloss 0.")


def test_ops_and_zoo() -> None:
    document = json.loads(run("ops", "--json").stdout)
    assert [entry["name"] for entry in document["operators"]][:3] == ["add", "multiply", "max"]
    assert {"plog", "recip"} <= {entry["name"] for entry in document["functions"]}
    assert "reciprocal" in run("ops").stdout
    losses = json.loads(run("zoo", "--json").stdout)["losses"]
    assert len(losses) == 19 and all(entry["source"] for entry in losses)
    assert json.loads(run("zoo", "MaxR", "--json").stdout)["losses"][0]["name"] == "maxr"


BAD_INPUT = [
    (["check", "yhatt - y"], "did you mean 'yhat'"),
    (["check", "maxrr"], "did you mean 'maxr'"),
    (["check", "(yhat - y"], "never closed"),
    (["check", "__import__('os')"], "quotes"),
    (["check", "y**2"], "does not contain yhat"),
    (["check", "(" * 10_000 + "yhat" + ")" * 10_000], "at most 10000"),
    (["check", "yhat + 9**9**9**9"], "exponent"),
    (["check", "9**9**9**9"], "exponent"),
    (["check"], "nothing to check"),
    (["check", "mse", "--labels", "bin"], "--labels takes one of these"),
    (["check", "mse", "--eps", "x"], "must be a number"),
    (["check", "maxr", "--eps", "-1"], "must be a number above 0"),
    (["check", "--file", "/does/not/exist"], "can't read"),
    (["check", "mse", "--time-limit", "0"], "above 0"),
    (["zoo", "nope"], "unknown loss"),
    (["data", "--dataset", "ml100k"], "did you mean 'ml-100k'"),
    (["data", "--data-dir", "/does/not/exist"], "no file or folder"),
    (["plot", "mse", "-o", "loss.gif"], "must be one of"),
    (["plot", "mse", "-o", "/does/not/exist/loss.png"], "another folder"),
    (["plot", "mse", "--kind", "srface"], "did you mean 'surface'"),
    (["chek", "mse"], "did you mean 'check'"),
]


@pytest.mark.parametrize(("arguments", "says"), BAD_INPUT, ids=lambda value: None)
def test_bad_input(arguments: list[str], says: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert says in result.stderr
    assert result.exception is None or isinstance(result.exception, SystemExit)


def write_presplit(folder: Path, train: str) -> Path:
    folder.mkdir()
    for part in ("train", "validation", "test"):
        (folder / f"small.{part}.csv").write_text(
            train if part == "train" else "uid\tiid\tlabel\n1\t1\t1\n1\t2\t0\n"
        )
    return folder


def test_bad_data(tmp_path: Path) -> None:
    cases = {
        "empty": ("", "empty"),
        "seven": ("uid\tiid\tlabel\n1\t1\t1\n1\t2\t7\n", "7"),
        "column": ("uid\tlabel\n1\t1\n", "no column for the item"),
    }
    for name, (train, says) in cases.items():
        result = run("data", "--data-dir", str(write_presplit(tmp_path / name, train)))
        assert result.exit_code == 2 and says in result.stderr, (name, result.stderr)


def test_a_formula_may_begin_with_a_minus_sign() -> None:
    result = run("check", "-(y*log(yhat) + (1 - y)*log(1 - yhat))", "--json")
    assert json.loads(result.stdout)["verdict"] == "valid"


def test_check_exit_codes_and_json() -> None:
    valid, invalid = run("check", "mse", "--json"), run("check", "-(yhat - y)**2", "--json")
    assert (valid.exit_code, invalid.exit_code) == (0, 1)
    report = json.loads(valid.stdout)
    for key in (
        "formula",
        "labels",
        "verdict",
        "direction",
        "positive_rate",
        "zero_gradient",
        "duplicate_of",
        "gradient",
    ):
        assert key in report
    assert {entry["label"] for entry in report["direction"]} == {0, 1}
    refuted = json.loads(invalid.stdout)
    assert refuted["verdict"] == "invalid" and refuted["positive_rate"] == 0.0
    assert all(0 < entry["witness"] < 1 for entry in refuted["direction"])
    assert run("check", "mse", "-yhat*y").exit_code == 1
    zero = json.loads(run("check", "yhat - yhat", "--json").stdout)
    assert zero["zero_gradient"] is True and zero["verdict"] == "invalid"


def test_check_file(tmp_path: Path) -> None:
    path = tmp_path / "losses.txt"
    path.write_text("# two losses and a mistake\nmse\n\nlgo(yhat)\nabs(yhat - y)\n")
    result = run("check", "--file", str(path), "--json")
    reports = json.loads(result.stdout)
    assert [report["verdict"] for report in reports] == ["valid", "error", "valid"]
    assert [report["line"] for report in reports] == [2, 4, 5]
    assert result.exit_code == 2
    path.write_text("")
    assert "holds no loss" in run("check", "--file", str(path)).stderr


def test_check_page() -> None:
    page = run("check", "mse").stdout
    parts = dict(part.split("\n", 1) for part in re.split(r"\n\s*\n", page.strip()))
    assert list(parts) == ["Loss", "Gradient by yhat", "Direction", "Properties", "Verdict"]
    assert [line.split() for line in parts["Direction"].splitlines()] == [
        ["y", "=", "0", "proved", "strict"],
        ["y", "=", "1", "proved", "strict"],
    ]
    assert " ".join(parts["Verdict"].split()) == "valid Every gradient step moves yhat towards its label."
    invalid = run("check", "yhat - y").stdout
    assert invalid.rsplit("Verdict", 1)[1].split()[0] == "invalid"


def test_plot(tmp_path: Path) -> None:
    path = tmp_path / "maxr.png"
    result = run("plot", "maxr", "--eps", "0.1", "--kind", "surface", "-o", str(path), "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["file"] == str(path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_data() -> None:
    assert {"ml-100k", "synthetic"} <= {
        entry["name"] for entry in json.loads(run("data", "--json").stdout)["datasets"]
    }
    sizes = ["--users", "30", "--items", "40", "--interactions", "300"]
    summary = json.loads(run("data", "--dataset", "synthetic", *sizes, "--json").stdout)
    assert summary["users"] <= 30 and summary["rows"] == 300
    assert "positive share" in run("data", "--dataset", "synthetic", *sizes).stdout
