"""The tables of a run's archive, and how a file is told to be one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import lru_cache

APPLICATION_ID = 0x53594D4C
"""Marks an SQLite file as an archive ("SYML")."""

VERSION = 2
"""Of the tables; a search goes on with this one only."""

READABLE = (1, VERSION)
"""Versions that can be read; the first has no checksums."""

NEW, CHANGED = -1, -2
"""Checksums of rows that the transaction at hand has added or changed; its end puts the true ones in their place."""

TOUCH = f"checksum = CASE checksum WHEN {NEW} THEN {NEW} ELSE {CHANGED} END"
"""What every UPDATE sets besides: the row wants a new checksum, and is still a new one where it was."""

_COLUMNS = {
    # every distinct gradient that was sampled; numbers count up from 0
    "candidates": """
        number INTEGER PRIMARY KEY,
        loop INTEGER NOT NULL,
        seconds REAL NOT NULL,
        tokens TEXT NOT NULL,
        formula TEXT,
        right_way REAL NOT NULL,
        wrong INTEGER NOT NULL,
        phase INTEGER NOT NULL DEFAULT 1,
        outcome TEXT NOT NULL,
        best_reward REAL,
        eps REAL,
        scale REAL,
        kept INTEGER NOT NULL DEFAULT 0,
        sampled INTEGER NOT NULL DEFAULT 1""",
    "gradients": "number INTEGER PRIMARY KEY, vector BLOB NOT NULL",
    "trainings": """
        id INTEGER PRIMARY KEY,
        number INTEGER NOT NULL REFERENCES candidates,
        loop INTEGER NOT NULL,
        metric REAL,
        gain REAL,
        reward REAL NOT NULL,
        eps REAL NOT NULL,
        scale REAL NOT NULL,
        outcome TEXT NOT NULL,
        seconds REAL NOT NULL""",
    "loops": """
        loop INTEGER PRIMARY KEY,
        seconds REAL NOT NULL,
        metric REAL NOT NULL,
        adopted INTEGER,
        trained INTEGER NOT NULL,
        counts TEXT NOT NULL""",
    "checks": "number INTEGER PRIMARY KEY, passed INTEGER NOT NULL, report TEXT NOT NULL",
    "trials": "key TEXT PRIMARY KEY, value TEXT NOT NULL",
    "results": "position INTEGER PRIMARY KEY, kind TEXT NOT NULL, result TEXT NOT NULL",
    "state": "name TEXT PRIMARY KEY, value BLOB NOT NULL",
}

GROWING = ("candidates", "gradients", "trainings", "loops")
"""Tables whose rows are never deleted or replaced."""

TABLES = tuple(_COLUMNS)


def statements(version: int = VERSION) -> tuple[str, ...]:
    """Return what makes an empty archive."""
    made, indexes = [], []
    for name, columns in _COLUMNS.items():
        if version == 1:
            end = "\n    " if columns.startswith("\n") else ""
            made.append(f"CREATE TABLE {name} ({columns}{end})")
            continue
        made.append(f"CREATE TABLE {name} ({columns}, checksum INTEGER NOT NULL DEFAULT {NEW})")
        # Empty but within a transaction: it finds the rows that have no true checksum yet.
        key = columns.split()[0]
        indexes.append(f"CREATE INDEX unsealed_{name} ON {name} ({key}) WHERE checksum < 0")
    if version > 1:
        made.append("CREATE TABLE tally (name TEXT PRIMARY KEY, rows INTEGER NOT NULL)")
    return (*made, *indexes, f"PRAGMA application_id = {APPLICATION_ID}", f"PRAGMA user_version = {version}")


@lru_cache(maxsize=2)
def objects(version: int = VERSION) -> frozenset[tuple[str, str, str]]:
    """Return type, name and table of every object that an archive has: it may have no other, such as a trigger."""
    with closing(_empty(version)) as connection:
        return frozenset(connection.execute("SELECT type, name, tbl_name FROM sqlite_master"))


@lru_cache(maxsize=2)
def columns(version: int = VERSION) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return the columns of each table, each with its type, without the checksum."""
    with closing(_empty(version)) as connection:
        return {
            table: tuple(
                (name, kind)
                for _, name, kind, *_ in connection.execute(f"PRAGMA table_info({table})")
                if name != "checksum"
            )
            for table in TABLES
        }


def _empty(version: int) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    for statement in statements(version):
        connection.execute(statement)
    return connection
