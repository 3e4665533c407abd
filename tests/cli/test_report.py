"""`symloss report`: the file, its JSON, and its errors."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from symloss.cli import main

SMALL = ["--dataset", "synthetic", "--users", "60", "--items", "80", "--interactions", "1500"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("cli") / "run"
    options = [
        "--preset",
        "paper",
        "--strategy",
        "genetic",
        "--loops",
        "1",
        "--batch",
        "10",
        "--survivors",
        "1",
    ]
    begin = ["--warm-start=-yhat*(2*y - 1)", "--max-epochs", "2", "--learning-rate", "0.3", "--eps", "0.1"]
    result = run("search", *SMALL, *options, *begin, "--out", str(made))
    assert result.exit_code == 0, result.stderr
    return made


def test_the_file_is_in_the_run_folder_or_where_it_is_wanted(folder: Path, tmp_path: Path) -> None:
    result = run("report", str(folder))
    assert result.exit_code == 0, result.stderr
    assert "Search for a loss" in result.stdout and "report.html" in result.stdout
    first = (folder / "report.html").read_text(encoding="utf-8")
    other = tmp_path / "other.html"
    other.write_text("before")
    result = run("report", str(folder), "-o", str(other), "--json")
    assert result.exit_code == 0, result.stderr
    assert other.read_text(encoding="utf-8") == first
    document = json.loads(result.stdout)
    summary = json.loads((folder / "summary.json").read_text())
    assert document["file"] == str(other) and document["run"] == str(folder) and document["finished"] is True
    assert document["best"]["formula"] == summary["best"]["formula"]
    assert document["best"]["metrics"] == summary["best"]["metrics"]
    assert document["counts"]["sampled"] == summary["counts"]["sampled"]
    assert document["commands"]["search"].startswith("symloss search --dataset synthetic")
    assert {"tested", "ranked", "checks", "options", "dataset", "environment", "notes"} <= set(document)


def test_the_command_of_the_report_finds_the_same(folder: Path, tmp_path: Path) -> None:
    import shlex

    document = json.loads(run("report", str(folder), "-o", str(tmp_path / "a.html"), "--json").stdout)
    words = shlex.split(document["commands"]["search"])
    again = run(*words[1:], "--out", str(tmp_path / "again"), "--json")
    assert again.exit_code == 0, again.stderr
    assert json.loads(again.stdout)["best"]["metrics"] == document["best"]["metrics"]
    for name in ("check", "export"):
        words = shlex.split(document["commands"][name])
        words = [str(tmp_path / "best.py") if word == "best_loss.py" else word for word in words]
        assert run(*words[1:]).exit_code == 0, words
    words = shlex.split(document["commands"]["evaluate"])
    assert run(*words[1:], "--json").exit_code == 0, words


@pytest.mark.parametrize("name", ["absent", "empty", "file"])
def test_what_is_no_run_ends_with_a_message(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    result = run("report", str(tmp_path / name))
    assert result.exit_code == 2 and "no run folder" in result.stderr and "Traceback" not in result.stderr


def test_where_it_can_not_be_written(folder: Path, tmp_path: Path) -> None:
    for target in (tmp_path, tmp_path / "absent" / "a.html"):
        result = run("report", str(folder), "-o", str(target))
        assert result.exit_code == 2 and "-o" in result.stderr, result.stderr


def test_a_damaged_archive(folder: Path, tmp_path: Path) -> None:
    import shutil

    made = tmp_path / "damaged"
    shutil.copytree(folder, made)
    (made / "archive.sqlite").write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    result = run("report", str(made))
    assert result.exit_code == 2 and "archive.sqlite" in result.stderr and "Traceback" not in result.stderr


def test_reading_takes_no_lock(folder: Path, tmp_path: Path) -> None:
    from symloss.search.archive.run import Run

    if sys.platform == "win32":
        pytest.skip("locks are mandatory there")
    with Run.resume(folder):  # as a search that runs does
        assert run("report", str(folder), "-o", str(tmp_path / "a.html")).exit_code == 0
