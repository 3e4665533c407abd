"""The tables of a run's archive, and how a file is told to be one."""

from __future__ import annotations

APPLICATION_ID = 0x53594D4C
"""Marks an SQLite file as an archive ("SYML")."""

VERSION = 1
"""Of the tables; a file with another one is refused."""

TABLES = (
    # every distinct gradient that was sampled; numbers count up from 0
    """CREATE TABLE candidates (
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
        sampled INTEGER NOT NULL DEFAULT 1
    )""",
    "CREATE TABLE gradients (number INTEGER PRIMARY KEY, vector BLOB NOT NULL)",
    """CREATE TABLE trainings (
        id INTEGER PRIMARY KEY,
        number INTEGER NOT NULL REFERENCES candidates,
        loop INTEGER NOT NULL,
        metric REAL,
        gain REAL,
        reward REAL NOT NULL,
        eps REAL NOT NULL,
        scale REAL NOT NULL,
        outcome TEXT NOT NULL,
        seconds REAL NOT NULL
    )""",
    """CREATE TABLE loops (
        loop INTEGER PRIMARY KEY,
        seconds REAL NOT NULL,
        metric REAL NOT NULL,
        adopted INTEGER,
        trained INTEGER NOT NULL,
        counts TEXT NOT NULL
    )""",
    "CREATE TABLE checks (number INTEGER PRIMARY KEY, passed INTEGER NOT NULL, report TEXT NOT NULL)",
    "CREATE TABLE trials (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE results (position INTEGER PRIMARY KEY, kind TEXT NOT NULL, result TEXT NOT NULL)",
    "CREATE TABLE state (name TEXT PRIMARY KEY, value BLOB NOT NULL)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {VERSION}",
)
