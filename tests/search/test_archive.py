"""The archive on its own: what it answers, and what it says when the disk, the folder or the file fails."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from symloss.errors import OptionError, RunError
from symloss.search.archive import archive as archive_module
from symloss.search.archive.archive_errors import archive_errors
from symloss.search.archive.archive_store import ArchiveStore
from symloss.search.archive.run import Run
from symloss.search.archive.seal import row_checksum
from symloss.search.archive.snapshot import load_search
from symloss.search.candidates.outcome import Outcome
from symloss.search.loop.loop import LossSearch
from tests.search.test_loop import FOURTH_POWER, MINUS_MSE_PLUS_Y, MSE, WRONG, go, make

BATCHES = [[MSE, WRONG], [MINUS_MSE_PLUS_Y, MSE], [FOURTH_POWER, MSE]]
METRICS: list[list[float | None]] = [[0.52, 0.4], [0.6, 0.55], [0.61, None]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Run.create({}, tmp_path / "run") as run:
        search, _, _ = make(BATCHES, METRICS, run)
        go(search)
    return tmp_path / "run"


@pytest.fixture
def run(folder: Path) -> Iterator[Run]:
    with Run.open(folder) as opened:
        yield opened


def numbers(rows: list[dict[str, Any]]) -> list[int]:
    return [row["number"] for row in rows]


def test_candidates_come_in_any_order(run: Run) -> None:
    # 0: MSE, +0.02 in loop 1; 1: WRONG; 2: MINUS_MSE_PLUS_Y, +0.08 in loop 2; 3: FOURTH_POWER, +0.01 in loop 3
    archive = run.archive
    assert numbers(archive.candidates()) == [0, 1, 2, 3]
    assert [row["best_reward"] for row in archive.candidates()] == pytest.approx([0.03, -0.1, 0.08, 0.01])
    assert numbers(archive.candidates("reward")) == [2, 0, 3, 1]
    assert numbers(archive.candidates("promise")) == [2, 0, 3, 1]
    assert numbers(archive.candidates("sampled", limit=1)) == [0]
    assert numbers(archive.candidates(outcome="kept")) == [0, 2, 3]
    assert numbers(archive.candidates(outcome=Outcome.TRAINED)) == [1]
    # 2 points the wrong way for one label, 3 for the other
    assert [row["wrong"] for row in archive.candidates()] == [False, True, True, True]
    assert numbers(archive.best(2)) == [0]
    assert archive.best()[0]["formula"] == "(-y + yhat)**2"
    assert archive.counts() == archive.history()[-1]["counts"]
    assert archive.counts()["trained"] == 6
    assert archive.checks() == []
    assert archive.results() == {"results": [], "baselines": []}
    assert run.summary() is None


def test_unknown_orders_and_outcomes(run: Run) -> None:
    with pytest.raises(OptionError, match="did you mean 'reward'"):
        run.archive.candidates("rewards")
    with pytest.raises(OptionError, match="did you mean 'kept'"):
        run.archive.candidates(outcome="keep")


def test_readers_can_not_write(run: Run) -> None:
    with pytest.raises(RunError):
        run.archive.set_state("search", {})


def test_store_keeps_trials(folder: Path) -> None:
    with Run.resume(folder) as run:
        store = ArchiveStore(run.archive)
        assert store.get("a") is None
        store.put("a", {"metric": 0.1, "list": [1, None]})
        threads = [threading.Thread(target=store.put, args=(f"t{k}", {"k": k})) for k in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with Run.resume(folder) as run:
        store = ArchiveStore(run.archive)
        assert store.get("a") == {"metric": 0.1, "list": [1, None]}
        assert [store.get(f"t{k}") for k in range(8)] == [{"k": k} for k in range(8)]


def test_a_run_is_held_by_one(folder: Path) -> None:
    with Run.resume(folder):
        with pytest.raises(
            RunError, match=rf"in use by process {os.getpid()}; wait until it ends, or stop it"
        ):
            Run.resume(folder)
        with Run.open(folder) as reader:
            assert reader.archive.counts()
    Run.resume(folder).close()


def loops_of(folder: Path) -> int:
    with Run.open(folder) as run:
        assert run.archive.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
        return len(run.archive.history())


def test_a_full_disk_ends_the_search_and_loses_one_loop(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run = Run.create({}, folder)
    search, _, _ = make(BATCHES, METRICS, run)
    original = search.strategy.ask

    def asked(n: int) -> Any:
        if search.loops == 1:
            (pages,) = run.archive.rows("PRAGMA page_count")
            run.archive.rows(f"PRAGMA max_page_count = {pages['page_count']}")
            search.strategy.state = lambda: {"large": "x" * 20_000}  # type: ignore[method-assign]
        return original(n)

    search.strategy.ask = asked  # type: ignore[method-assign]
    with pytest.raises(
        RunError, match=r"the disk is full: .* last finished loop is safe; free some space.*--resume"
    ):
        go(search)
    run.close()
    assert loops_of(folder) == 1
    # with room again, it goes on
    with Run.resume(folder) as run:
        again, strategy, trainee = make(BATCHES, METRICS, run)
        strategy.told, trainee.calls = [[]], [0]
        assert load_search(run.archive, again)
        go(again)
    assert loops_of(folder) == 3


def test_other_failures_of_the_disk_are_told() -> None:
    path = Path("runs/a/archive.sqlite")
    for error, words in (
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        (OSError(errno.EACCES, "Permission denied"), "can't be written (Permission denied)"),
        (sqlite3.OperationalError("disk I/O error"), "make the folder runs/a writable"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "make the folder runs/a writable"),
        (sqlite3.OperationalError("database is locked"), "locked by another program"),
        (sqlite3.DatabaseError("database disk image is malformed"), "is damaged"),
        (sqlite3.ProgrammingError("Cannot operate on a closed database."), "can't be used"),
    ):
        with pytest.raises(RunError) as caught, archive_errors(path):
            raise error
        assert words in str(caught.value).replace("\\", "/")


def test_damaged_files_are_refused(folder: Path, tmp_path: Path) -> None:
    file = folder / archive_module.NAME
    data = file.read_bytes()
    file.write_bytes(b"not a database at all, but long enough to have a header" * 40)
    for way in (Run.open, Run.resume):
        with pytest.raises(RunError, match="is damaged or no archive"):
            way(folder)
    # pages overwritten in the middle
    file.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
    with pytest.raises(RunError, match="is damaged or no archive"), Run.open(folder) as run:
        run.archive.candidates()
    file.write_bytes(b"")
    with pytest.raises(RunError, match="is no archive of a search"):
        Run.open(folder)
    file.unlink()
    with pytest.raises(RunError, match="is missing"):
        Run.resume(folder)


def test_a_damaged_state_is_refused(folder: Path) -> None:
    with closing(sqlite3.connect(folder / archive_module.NAME)) as connection:
        connection.create_function("row_checksum", -1, row_checksum)
        # sealed, as by a program that writes nonsense: the checksum does not help here
        connection.execute(
            "UPDATE state SET value = ?1, checksum = row_checksum(name, ?1) WHERE name = 'search'",
            (b"SYMS" + b"\xff" * 30,),
        )
        connection.commit()
    with Run.resume(folder) as run, pytest.raises(RunError, match="is damaged: its state 'search'"):
        load_search(run.archive, search_of(run))


def search_of(run: Run) -> LossSearch:
    return make(BATCHES, METRICS, run)[0]


@pytest.mark.parametrize(("version", "age"), [(archive_module.VERSION + 1, "a newer"), (0, "an older")])
def test_other_versions_and_files_are_refused(folder: Path, version: int, age: str) -> None:
    connection = sqlite3.connect(folder / archive_module.NAME)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    with pytest.raises(RunError, match=f"written by {age} version of symloss"):
        Run.open(folder)
    connection = sqlite3.connect(folder / archive_module.NAME)
    connection.execute("PRAGMA application_id = 7")
    connection.close()
    with pytest.raises(RunError, match="is no archive of a search"):
        Run.resume(folder)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind the superuser"
)
def test_a_folder_that_can_not_be_written(folder: Path) -> None:
    folder.chmod(0o500)
    try:
        with pytest.raises(RunError, match="can't be written"):
            Run.resume(folder)
        with Run.open(folder) as run:
            assert run.archive.counts()
    finally:
        folder.chmod(0o700)


def test_a_folder_that_vanishes(tmp_path: Path) -> None:
    run = Run.create({}, tmp_path / "run")
    shutil.rmtree(run.folder)
    with pytest.raises(RunError, match="can't be written"):
        run.write("summary", {})
    run.close()
