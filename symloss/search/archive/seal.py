"""Whether an archive is as it was written: a checksum a row, the number of rows a table, no object but the tables.

SQLite notices a damaged structure, not a damaged value: a zeroed page of numbers reads as zeros. And a database may
hold triggers and views, which would run, or stand for a table, without a word. So each row ends with a checksum of its
values, which is written in the same transaction, and everything is looked through when an archive is opened.
"""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path
from typing import Any

from symloss.errors import RunError
from symloss.search.archive.archive_schema import CHANGED, GROWING, NEW, TABLES, VERSION, columns, objects

FUNCTION = "row_checksum"
LARGEST_TEXT = 64 * 2**20
"""Characters of a text in a row at most."""


def row_checksum(*values: Any) -> int:
    """Return a whole number of 56 bits that depends on every value and on its type."""
    digest = hashlib.blake2b(digest_size=7)
    for value in values:
        if isinstance(value, bytes):
            digest.update(b"b%d:" % len(value))
            digest.update(value)
        else:
            digest.update(f"{value!r};".encode("utf-8", "surrogatepass"))
    return int.from_bytes(digest.digest(), "little")


def seal_rows(connection: sqlite3.Connection) -> None:
    """Give the rows that a transaction added or changed their checksums, and count the rows."""
    for table in TABLES:
        names = ", ".join(name for name, _ in columns()[table])
        written = f"UPDATE {table} SET checksum = {FUNCTION}({names}) WHERE checksum < 0 AND checksum = "
        added = connection.execute(f"{written}{NEW}").rowcount
        connection.execute(f"{written}{CHANGED}")
        if table in GROWING:
            if added:
                connection.execute("UPDATE tally SET rows = rows + ? WHERE name = ?", (added, table))
        elif added or table == "results":
            connection.execute(
                f"UPDATE tally SET rows = (SELECT count(*) FROM {table}) WHERE name = ?", (table,)
            )


def check_objects(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """Refuse an archive with triggers, views or tables that no search makes, or with other columns.

    Raises:
        RunError: it has one, or lacks one.
    """
    found = {tuple(row) for row in connection.execute("SELECT type, name, tbl_name FROM sqlite_master")}
    for kind, name, _ in sorted(found - objects(version), key=str):
        raise RunError(
            f"{path} was changed: it holds the {str(kind)[:20]} {str(name)[:60]!r}, which no search makes; "
            f"{_NEXT}"
        )
    for kind, name, _ in sorted(objects(version) - found):
        raise RunError(f"{path} is damaged: the {kind} {name!r} is missing; {_NEXT}")
    for table, known in columns(version).items():
        there = tuple(
            (str(name), str(kind))
            for _, name, kind, *_ in connection.execute(f"PRAGMA table_info({table})")
            if name != "checksum"
        )
        if there != known:
            raise RunError(f"{path} was changed: the table {table!r} has other columns; {_NEXT}")


def check_rows(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse an archive in which a row is not as it was written, or rows are missing or too many.

    Raises:
        RunError: so it is.
    """
    (structure,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if structure != "ok":
        what = " ".join(str(structure).split())[:200]
        raise RunError(f"{path} is damaged or no archive of a search ({what}); {_NEXT}")
    counted = dict(connection.execute("SELECT name, rows FROM tally"))
    for table, known in columns(VERSION).items():
        names = ", ".join(name for name, _ in known)
        rows = 0
        for row in connection.execute(f"SELECT {names}, checksum FROM {table}"):
            rows += 1
            if row_checksum(*row[:-1]) != row[-1]:
                raise RunError(
                    f"{path} is damaged: the row {str(row[0])[:60]!r} of {table!r} is not as it was written; "
                    f"{_NEXT}"
                )
            if any(isinstance(value, str) and len(value) > LARGEST_TEXT for value in row):
                raise RunError(
                    f"{path} is damaged: the row {str(row[0])[:60]!r} of {table!r} is too large; {_NEXT}"
                )
        if counted.get(table) != rows:
            raise RunError(
                f"{path} is damaged: the table {table!r} has {rows} rows where {counted.get(table)} were "
                f"written; {_NEXT}"
            )


_NEXT = "restore it from a backup, or start a new search"
