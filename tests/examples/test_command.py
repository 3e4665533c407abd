"""The command: what it writes, that it goes on after a kill, and the short version on the paper's split."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.examples.conftest import ROOT

SPLIT = ROOT.parent / "shared" / "data" / "ml100k01-1-5"
PARTS = "table5,table6,reasons,scale-fair,strength,electronics"


def arguments(tmp_path: Path, *options: str) -> list[str]:
    return [
        "--out",
        str(tmp_path / "docs"),
        "--results",
        str(tmp_path / "r.sqlite3"),
        "--threads",
        "2",
        *options,
    ]


def run(tmp_path: Path, *options: str) -> int:
    from autolossgen.command import main

    return main(arguments(tmp_path, *options))


def test_pages_of_a_tiny_data_set(tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]):
    quick = ("--data-dir", str(folder), "--short", "--max-epochs", "2", "--only", PARTS)
    assert run(tmp_path, *quick) == 0
    assert re.search(r"\[ 1/\d+\] mf .*; about \d+ s left", capsys.readouterr().err)
    page = (tmp_path / "docs" / "reproduction.md").read_text()
    for heading in (
        "Table 5: classification",
        "Table 6: regression",
        "Why some figures",
        "at equal terms",
        "Electronics",
    ):
        assert re.search(f"^## .*{heading}", page, re.MULTILINE), heading
    assert "This is the short version" in page and "nan" not in page
    assert "Parts that were not run: transfer, table7" in page
    # the paper's figure, ours and the difference agree
    row = next(line for line in page.splitlines() if line.startswith("| MSE |"))
    paper, ours, difference = (float(cell) for cell in row.split("|")[3:6])
    assert paper == 0.7808 and difference == pytest.approx(ours - paper, abs=1e-4)

    assert run(tmp_path, *quick) == 0
    assert not re.search(r"^\[", capsys.readouterr().err, re.MULTILINE), "everything was known"
    assert (tmp_path / "docs" / "reproduction.md").read_text() == page


def test_electronics_on_a_small_file(tmp_path: Path, folder: Path):
    generator = np.random.default_rng(7)
    path = tmp_path / "ratings.csv"
    lines = [
        f"A{generator.integers(25)},B{generator.integers(30):04},{generator.integers(1, 6)}.0,{1_300_000_000 + k}"
        for k in range(600)
    ]
    path.write_text("\n".join(lines) + "\n")
    options = ("--data-dir", str(folder), "--short", "--max-epochs", "2", "--only", "electronics")
    assert run(tmp_path, *options, "--electronics", str(path)) == 0
    page = (tmp_path / "docs" / "reproduction.md").read_text()
    assert "ratings: 25 users, 30 items, 600 rows" in page
    # the paper's figure for Electronics
    assert re.search(r"\| MaxR \| [\d.e-]+ \| 0\.6697 \|", page)
    assert "seconds an epoch" in page


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_goes_on_after_a_kill(tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]):
    options = (
        "--data-dir",
        str(folder),
        "--models",
        "mf",
        "--seeds",
        "2",
        "--max-epochs",
        "150",
        "--only",
        "table5",
    )
    command = [
        sys.executable,
        "-W",
        "error",
        str(ROOT / "examples" / "autolossgen"),
        *arguments(tmp_path, *options),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("[ 3/"):
                break
        os.kill(process.pid, signal.SIGKILL)
    assert run(tmp_path, *options) == 0
    known = re.search(r"50 trainings, (\d+) of them known", capsys.readouterr().err)
    assert known is not None and 3 <= int(known[1]) < 50
    assert "± " in (tmp_path / "docs" / "reproduction.md").read_text()


@pytest.mark.parametrize(
    "options, message",
    [
        (("--only", "table8"), "table8"),
        (("--models", "mf,svd"), "svd"),
        (("--seeds", "0"), "at least 1"),
        (("--data-dir", "nowhere"), "nowhere"),
    ],
)
def test_errors_are_sentences(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], message: str
):
    assert run(tmp_path, *options) == 2
    text = capsys.readouterr().err
    assert text.startswith("error: ") and message in text


@pytest.mark.slow
@pytest.mark.skipif(not SPLIT.is_dir(), reason="the paper's split ml100k01-1-5 is not in ../shared/data")
def test_short_version_on_the_papers_split(tmp_path: Path):
    assert run(tmp_path, "--data-dir", str(SPLIT), "--short") == 0
    page = (tmp_path / "docs" / "reproduction.md").read_text()
    assert "Parts that were not run" not in page and "nan" not in page
    rows = [
        line.split("|")
        for line in page.split("## Table 6")[0].splitlines()
        if re.match(r"\| \w+ \| [-\d]", line)
    ]
    assert len(rows) == 7
    for row in rows:
        # a learning rate of 0.3 and 60 epochs: near the paper, not as near as the full run
        assert abs(float(row[5])) < 0.02, row
    findings = (tmp_path / "docs" / "findings.md").read_text()
    assert "proportional" in findings and "every eps > 0" in findings
    for picture in re.findall(r"\(pictures/([\w.]+)\)", page + findings):
        assert 5_000 < (tmp_path / "docs" / "pictures" / picture).stat().st_size < 150_000
