"""The archive of a run: one SQLite file that holds every candidate, training, loop, check and result.

It is written in transactions of one loop each, in write-ahead mode: readers see
whole loops, also while the search runs, and a killed search loses the loop that
it was in. Any SQLite program can read the file; the methods here give its
contents as plain data. Whoever opens it here knows that every row is as it was
written (see `seal`).
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from symloss.errors import OptionError, RunError, unknown_name
from symloss.search.archive.archive_errors import archive_errors
from symloss.search.archive.archive_schema import APPLICATION_ID, READABLE, TABLES, VERSION, statements
from symloss.search.archive.codec import CodecError, decode, encode
from symloss.search.archive.seal import FUNCTION, check_objects, check_rows, row_checksum, seal_rows
from symloss.search.candidates.outcome import Outcome

NAME = "archive.sqlite"
"""The file in the run folder."""

ORDERS = {
    "number": "number",
    "reward": "best_reward IS NULL, best_reward DESC, number",
    "promise": "kept = 0, best_reward IS NULL, best_reward DESC, number",
    "sampled": "sampled DESC, number",
}
"""Orders of `Archive.candidates`: as first sampled; best reward first; as phase II takes them; most sampled first."""

_PAGES_BETWEEN_CHECKPOINTS = 4000
_BUSY_MILLISECONDS = 10_000
_LARGEST_COUNT = 2**62


class Archive:
    """The tables of one run, open for reading or for writing; a context manager that closes them."""

    def __init__(self, path: Path, *, writable: bool = False) -> None:
        """Open an archive that `create` made.

        Raises:
            RunError: there is none, it is damaged or of another version, or it can't be opened.
        """
        self.path = path
        self._mutex = threading.RLock()
        if not path.is_file():
            raise RunError(f"{path} is missing; {path.parent} is no run of this version of symloss")
        for ending in ("-wal", "-shm", "-journal"):
            beside = path.with_name(path.name + ending)
            if beside.exists() and not beside.is_file():
                raise RunError(f"{beside} is no regular file; remove it")
        with archive_errors(path):
            self._connection = _connect(path, writable)
            try:
                self.version = self._check_kind(writable)
                self._check_contents()
                if writable:
                    self._connection.execute("PRAGMA journal_mode = WAL")
                    self._connection.execute("PRAGMA synchronous = NORMAL")
                    self._connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_BETWEEN_CHECKPOINTS}")
            except BaseException:
                self._connection.close()
                raise

    def _check_kind(self, writable: bool) -> int:
        kind, version = (
            self._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version")
        )
        if kind != APPLICATION_ID:
            raise RunError(f"{self.path} is no archive of a search; name a run folder")
        if version not in READABLE or (writable and version != VERSION):
            age = "a newer" if version > VERSION else "an older"
            can = "it can be read (symloss report), but not gone on with; " if version in READABLE else ""
            raise RunError(
                f"{self.path} was written by {age} version of symloss (tables {version}, here {VERSION}); {can}"
                f"use that version, or start a new search"
            )
        return int(version)

    def _check_contents(self) -> None:
        """Refuse an archive that is not as it was written, seen as of one moment: a search may be writing to it."""
        self._connection.execute("BEGIN")
        try:
            check_objects(self._connection, self.path, self.version)
            if self.version == VERSION:
                check_rows(self._connection, self.path)
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    @classmethod
    def create(cls, path: Path) -> None:
        """Write an empty archive.

        Raises:
            RunError: it can't be written.
        """
        with archive_errors(path):
            connection = sqlite3.connect(path)
            try:
                for statement in statements():
                    connection.execute(statement)
                connection.executemany("INSERT INTO tally VALUES (?, 0)", [(table,) for table in TABLES])
                connection.commit()
            finally:
                connection.close()

    def __enter__(self) -> Archive:
        """Return the archive."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close it, whatever happened."""
        self.close()

    def close(self) -> None:
        """Close the file; what was committed stays."""
        with self._mutex:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write what the block writes whole, or not at all.

        Raises:
            RunError: it can't be written; nothing of it is then.
        """
        with self._mutex, archive_errors(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                seal_rows(self._connection)
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Return the rows of an SQL query as dicts, without their checksums.

        Raises:
            RunError: the archive can't be read.
        """
        with self._mutex, archive_errors(self.path):
            cursor = self._connection.execute(query, values)
            names = [column[0] for column in cursor.description]
            found = [dict(zip(names, row, strict=True)) for row in cursor]
        for row in found:
            row.pop("checksum", None)
        return found

    def candidates(
        self, order: str = "number", limit: int | None = None, outcome: Outcome | str | None = None
    ) -> list[dict[str, Any]]:
        """Return candidates, each as a dict of its columns, with tokens as a list.

        Args:
            order: one of `ORDERS`.
            limit: most of them; None for all.
            outcome: only those with this outcome, such as "kept".

        Raises:
            OptionError: there is no such order or outcome.
            RunError: the archive can't be read.
        """
        if order not in ORDERS:
            raise OptionError(unknown_name("order", order, ORDERS, "candidates come in one of these"))
        key = outcome.key if isinstance(outcome, Outcome) else outcome
        known = [one.key for one in Outcome]
        if key is not None and key not in known:
            raise OptionError(unknown_name("outcome", key, known, "candidates have one of these"))
        where = "" if key is None else "WHERE outcome = ?"
        found = self.rows(
            f"SELECT * FROM candidates {where} ORDER BY {ORDERS[order]} LIMIT ?",
            *([] if key is None else [key]),
            _LARGEST_COUNT if limit is None else limit,
        )
        for row in found:
            row["tokens"] = json.loads(row["tokens"])
            row["wrong"] = bool(row["wrong"])
        return found

    def best(self, n: int = 10) -> list[dict[str, Any]]:
        """Return the n candidates with the highest reward that do not point the wrong way where it was sampled."""
        found = self.rows(
            "SELECT * FROM candidates WHERE best_reward IS NOT NULL AND NOT wrong "
            "ORDER BY best_reward DESC, number LIMIT ?",
            n,
        )
        return [{**row, "tokens": json.loads(row["tokens"]), "wrong": False} for row in found]

    def trainings(self) -> list[dict[str, Any]]:
        """Return all trainings of phase I, in order."""
        return self.rows("SELECT * FROM trainings ORDER BY id")

    def history(self) -> list[dict[str, Any]]:
        """Return the loops of phase I, in order, each with the counts after it."""
        found = self.rows("SELECT * FROM loops ORDER BY loop")
        return [{**row, "counts": json.loads(row["counts"])} for row in found]

    def counts(self) -> dict[str, int]:
        """Return the counts of phase I after its last loop; empty before the first."""
        found = self.rows("SELECT counts FROM loops ORDER BY loop DESC LIMIT 1")
        return dict(json.loads(found[0]["counts"])) if found else {}

    def checks(self) -> list[dict[str, Any]]:
        """Return the reports of phase II, in the order they were made."""
        return [json.loads(row["report"]) for row in self.rows("SELECT report FROM checks ORDER BY rowid")]

    def results(self) -> dict[str, list[dict[str, Any]]]:
        """Return what phase III found: "results", the best loss first, and "baselines"."""
        found = self.rows("SELECT kind, result FROM results ORDER BY position")
        return {
            kind: [json.loads(row["result"]) for row in found if row["kind"] == kind]
            for kind in ("results", "baselines")
        }

    def state(self, name: str) -> Any:
        """Return a part of the saved state, or None where there is none.

        Raises:
            RunError: it can't be read.
        """
        found = self.rows("SELECT value FROM state WHERE name = ?", name)
        if not found:
            return None
        try:
            return decode(found[0]["value"])
        except CodecError as error:
            raise RunError(f"{self.path} is damaged: its state {name!r}: {error}") from error

    def set_state(self, name: str, value: Any) -> None:
        """Save a part of the state.

        Raises:
            RunError: it can't be written.
        """
        with self.transaction() as connection:
            put_state(connection, name, value)


def put_state(connection: sqlite3.Connection, name: str, value: Any) -> None:
    """Save a part of the state inside of a transaction."""
    connection.execute("INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)", (name, encode(value)))


def _connect(path: Path, writable: bool) -> sqlite3.Connection:
    """Open a file; a reader takes a folder that it can't write as it is."""
    uri = path.resolve().as_uri()
    if writable:
        return _opened(f"{uri}?mode=rw")
    for mode in ("rw", "ro"):
        connection = _opened(f"{uri}?mode={mode}")
        try:
            connection.execute("PRAGMA query_only = 1")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return connection
        except sqlite3.OperationalError:
            connection.close()
    return _opened(f"{uri}?immutable=1")


def _opened(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
    # A file is data: nothing in it may call functions, write elsewhere or pass for a cell that it is not.
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA mmap_size = 0")
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.create_function(FUNCTION, -1, row_checksum, deterministic=True)
    return connection
