"""Damaged and changed runs: each is answered by a sentence, or reads as before; none is believed, none crashes."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from symloss.data.dataset import Dataset
from symloss.errors import RunError
from symloss.report import gather
from symloss.search.archive.archive_schema import TABLES, columns, statements
from symloss.search.archive.run import Run
from tests.tamper import ARCHIVE, CONFIG, SUMMARY, WAYS, Reading, base_runs, read_everything, tamper

Bases = tuple[list[Path], Dataset, list[Reading]]


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Bases:
    runs, dataset = base_runs(tmp_path_factory.mktemp("runs"))
    copies = [run.with_name(f"{run.name}-read") for run in runs]
    for run, copy in zip(runs, copies, strict=True):
        shutil.copytree(run, copy)
    read = [read_everything(copy, dataset) for copy in copies]
    assert all(one.crash is None and not one.errors for one in read), read
    return runs, dataset, read


@pytest.mark.parametrize("way", range(len(WAYS)))
def test_no_tampered_run_crashes(bases: Bases, tmp_path: Path, way: int) -> None:
    runs, dataset, _ = bases
    for turn in range(4):
        folder = tmp_path / f"run{turn}"
        done = tamper(runs[turn % 2], folder, way + len(WAYS) * turn)
        found = read_everything(folder, dataset)
        assert found.crash is None, f"{done}: {found.crash!r}"


def damaged(bases: Bases, tmp_path: Path, script: str) -> Path:
    folder = tmp_path / "run"
    shutil.copytree(bases[0][0], folder)
    with closing(sqlite3.connect(folder / ARCHIVE)) as connection:
        connection.executescript(script)
    return folder


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("CREATE TRIGGER t AFTER INSERT ON trainings BEGIN DELETE FROM loops; END", "the trigger 't'"),
        ("CREATE VIEW v AS SELECT 1", "the view 'v'"),
        ("ALTER TABLE loops RENAME TO old; CREATE VIEW loops AS SELECT * FROM old", "changed|damaged"),
        ("CREATE TABLE notes (x)", "the table 'notes'"),
        ("ALTER TABLE candidates ADD COLUMN note", "other columns"),
        ("UPDATE gradients SET vector = zeroblob(length(vector)) WHERE number = 1", "row '1' of 'gradients'"),
        ("UPDATE candidates SET best_reward = 0.9 WHERE number = 0", "row '0' of 'candidates'"),
        ("DELETE FROM trainings WHERE id = 1", "'trainings' has"),
        ("DELETE FROM results", "'results' has 0 rows"),
    ],
)
def test_what_is_changed_is_named_for_reading_and_for_going_on(
    bases: Bases, tmp_path: Path, script: str, words: str
) -> None:
    folder = damaged(bases, tmp_path, script)
    for way in (Run.open, Run.resume, gather):
        with pytest.raises(RunError, match=words):
            way(folder)


def test_overwritten_pages_are_noticed(bases: Bases, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(bases[0][0], folder)
    path = folder / ARCHIVE
    data = path.read_bytes()
    noticed = 0
    for start in range(4096, len(data) - 3000, 4096):
        path.write_bytes(data[:start] + b"\xff" * 3000 + data[start + 3000 :])
        try:
            Run.open(folder).close()
        except RunError as error:
            assert "damaged" in str(error)
            noticed += 1
    # every page begins with what says how it is to be read
    assert noticed == len(range(4096, len(data) - 3000, 4096))
    # in the middle of a page of gradients
    with closing(sqlite3.connect(bases[0][0] / ARCHIVE)) as connection:
        vector = connection.execute("SELECT vector FROM gradients WHERE number = 3").fetchone()[0]
    start = data.index(vector[:64]) + 8
    path.write_bytes(data[:start] + bytes(40) + data[start + 40 :])
    with pytest.raises(RunError, match="of 'gradients' is not as it was written"):
        Run.open(folder)


def test_a_changed_config_is_not_gone_on_with_and_the_report_says_so(bases: Bases, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(bases[0][0], folder)
    path = folder / CONFIG
    path.write_text(path.read_text().replace('"batch": 20', '"batch": 30'))
    with pytest.raises(RunError, match="not as the search wrote it"):
        Run.resume(folder)
    assert any("config.json is not as" in note for note in gather(folder).notes)


def test_a_changed_summary_is_not_believed(bases: Bases, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(bases[0][0], folder)
    path = folder / SUMMARY
    path.write_text(path.read_text().replace('"valid_metric": 0.', '"valid_metric": 1.'))
    found = read_everything(folder, bases[1])
    assert found.crash is None and "note" in found.errors
    assert any("delete it to make it again" in error for error in found.errors)


def test_archives_of_the_first_version_can_be_read_and_not_gone_on_with(bases: Bases, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(bases[0][0], folder)
    old = folder / "old.sqlite"
    with closing(sqlite3.connect(folder / ARCHIVE)) as source, closing(sqlite3.connect(old)) as target:
        for statement in statements(1):
            target.execute(statement)
        for table in TABLES:
            names = [name for name, _ in columns()[table]]
            rows = source.execute(f"SELECT {', '.join(names)} FROM {table}").fetchall()
            target.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))})", rows)
        target.commit()
    old.replace(folder / ARCHIVE)
    assert gather(folder).to_json()["tested"] == gather(bases[0][0]).to_json()["tested"]
    with pytest.raises(RunError, match="an older version.*can be read.*not gone on with"):
        Run.resume(folder)
