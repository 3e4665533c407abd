"""Run folders that were damaged or changed by hand, each by its own number, and whether reading them says so."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from symloss.data.dataset import Dataset
from symloss.errors import SymlossError
from symloss.progress import LoopDone
from symloss.report import gather
from symloss.search.archive.archive_schema import TABLES, columns
from symloss.search.archive.run import Run
from symloss.search.archive.seal import row_checksum
from symloss.search.search import open_run, search
from tests.search.conftest import make_dataset
from tests.search.killed_search import OPTIONS

ARCHIVE, CONFIG, SUMMARY = "archive.sqlite", "config.json", "summary.json"
ODD: tuple[Any, ...] = (
    None, "", "x", "[]", "{}", "null", "[[[", "NaN", "é\u202e", b"", b"SYMS", b"\xff" * 40, b"\x00" * 64,
    0, -1, 2**62, -(2**62), 0.0, -0.5, 1e308, float("inf"), "9" * 5000, "[" * 3000, '{"a": [1, {}]}', "<script>",
)  # fmt: skip
"""Values that a column or a key of JSON does not expect."""


def base_runs(folder: Path) -> tuple[list[Path], Dataset]:
    """Make a run that came to its end and one that was stopped in phase I, and return them with their data."""
    dataset = make_dataset(300)
    options = replace(OPTIONS, loops=4, batch=20)
    search(options, dataset, open_run(options, dataset, folder / "finished"))
    stop = threading.Event()

    def watch(event: Any) -> None:
        if isinstance(event, LoopDone) and event.loop == 2:
            stop.set()

    search(options, dataset, open_run(options, dataset, folder / "stopped"), watch, stop)
    return [folder / "finished", folder / "stopped"], dataset


def reseal(folder: Path) -> None:
    """Give every row of a changed archive its true checksum, as who means to deceive would."""
    with closing(sqlite3.connect(folder / ARCHIVE)) as connection:
        connection.create_function("row_checksum", -1, row_checksum)
        for table in TABLES:
            names = ", ".join(name for name, _ in columns()[table])
            connection.execute(f"UPDATE {table} SET checksum = row_checksum({names})")
            connection.execute(
                f"UPDATE tally SET rows = (SELECT count(*) FROM {table}) WHERE name = ?", (table,)
            )
        connection.commit()


def tamper(base: Path, target: Path, number: int) -> str:
    """Copy a run and damage the copy in the way of `number`; return what was done."""
    shutil.copytree(base, target)
    generator = random.Random(number)
    way = WAYS[number % len(WAYS)]
    try:
        return f"{way.__name__}: {way(target, generator)}"
    except sqlite3.Error as error:
        return f"{way.__name__}: sqlite refused it ({error})"


@dataclass(frozen=True)
class Reading:
    """What reading a run came to: facts and the state to go on from, or the first error of each reader."""

    facts: Any
    errors: tuple[str, ...]
    crash: BaseException | None = None


def read_everything(folder: Path, dataset: Dataset) -> Reading:
    """Read a run as report, warm start and --resume do."""
    facts: Any = None
    errors: list[str] = []

    def report() -> None:
        nonlocal facts
        found = gather(folder)
        facts = {key: value for key, value in found.to_json().items() if key not in ("run", "commands")}
        if any("not as the search wrote it" in note for note in found.notes):
            errors.append("note")

    def resume() -> None:
        stop = threading.Event()
        stop.set()
        run = Run.resume(folder)
        try:
            options = run.options()
        except BaseException:
            run.close()
            raise
        search(options, dataset, run, stop=stop)

    for reader in (report, resume):
        try:
            reader()
        except SymlossError as error:
            errors.append(str(error))
        except Exception as error:
            return Reading(None, tuple(errors), error)
    return Reading(json.loads(json.dumps(facts, default=str)), tuple(errors))


def _flip(folder: Path, generator: random.Random) -> str:
    path = folder / generator.choice([ARCHIVE, ARCHIVE, CONFIG, SUMMARY])
    if not path.exists():
        path = folder / ARCHIVE
    data = bytearray(path.read_bytes())
    places = [generator.randrange(len(data)) for _ in range(generator.choice([1, 3, 40]))]
    for place in places:
        data[place] ^= 1 << generator.randrange(8)
    path.write_bytes(bytes(data))
    return f"{len(places)} bits of {path.name}"


def _overwrite(folder: Path, generator: random.Random) -> str:
    path = folder / ARCHIVE
    data = bytearray(path.read_bytes())
    length = generator.choice([1, 16, 300, 3000, 20_000])
    start = generator.randrange(100, max(101, len(data) - length))
    data[start : start + length] = bytes([generator.choice([0, 255, 65])]) * min(length, len(data) - start)
    path.write_bytes(bytes(data))
    return f"{length} bytes at {start}"


def _truncate(folder: Path, generator: random.Random) -> str:
    path = generator.choice(sorted(path for path in folder.iterdir() if path.is_file()))
    data = path.read_bytes()
    path.write_bytes(data[: generator.randrange(len(data) + 1)])
    return path.name


def _statement(folder: Path, generator: random.Random, *, sealed: bool) -> str:
    with closing(sqlite3.connect(folder / ARCHIVE)) as connection:
        table = generator.choice(TABLES)
        names = [name for name, _ in columns()[table]]
        rows = [row[0] for row in connection.execute(f"SELECT {names[0]} FROM {table}")]
        if not rows:
            return f"{table} is empty"
        key, column, value = generator.choice(rows), generator.choice(names), generator.choice(ODD)
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE {names[0]} = ?", (value, key))
        if sealed:
            connection.create_function("row_checksum", -1, row_checksum)
            connection.execute(f"UPDATE {table} SET checksum = row_checksum({', '.join(names)})")
        connection.commit()
    return f"{table}.{column} of {key!r} = {value!r:.40}"


def _value(folder: Path, generator: random.Random) -> str:
    return _statement(folder, generator, sealed=False)


def _sealed_value(folder: Path, generator: random.Random) -> str:
    return _statement(folder, generator, sealed=True)


def _zeroed(folder: Path, generator: random.Random) -> str:
    with closing(sqlite3.connect(folder / ARCHIVE)) as connection:
        connection.execute("UPDATE gradients SET vector = zeroblob(length(vector)) WHERE number % 2 = 0")
        connection.commit()
    return "gradients"


def _rows(folder: Path, generator: random.Random) -> str:
    with closing(sqlite3.connect(folder / ARCHIVE)) as connection:
        table = generator.choice(TABLES)
        if generator.random() < 0.5:
            connection.execute(f"DELETE FROM {table} WHERE rowid % {generator.choice([1, 2, 3])} = 0")
        else:
            names = ", ".join(name for name, _ in columns()[table][1:])
            connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {table} LIMIT 1")
        connection.commit()
    return table


_OBJECTS = (
    "CREATE TRIGGER t AFTER INSERT ON trainings BEGIN DELETE FROM loops WHERE loop = 1; END",
    "CREATE TRIGGER t AFTER UPDATE ON candidates BEGIN UPDATE state SET value = x'00'; END",
    "ALTER TABLE loops RENAME TO hidden; CREATE VIEW loops AS SELECT * FROM hidden",
    "CREATE VIEW v AS SELECT 1",
    "CREATE TABLE notes (text)",
    "CREATE INDEX i ON candidates (formula)",
    "ALTER TABLE candidates ADD COLUMN note TEXT",
    "DROP TABLE gradients",
    "DROP TABLE tally",
    "ALTER TABLE trials RENAME COLUMN value TO worth",
    "CREATE TEMP TABLE nothing (x); PRAGMA user_version = 3",
    "PRAGMA user_version = 0",
    "PRAGMA user_version = 1",
    "PRAGMA application_id = 1",
)


def _object(folder: Path, generator: random.Random) -> str:
    script = generator.choice(_OBJECTS)
    with closing(sqlite3.connect(folder / ARCHIVE)) as connection:
        connection.executescript(script)
    return script


def _document(folder: Path, generator: random.Random) -> str:
    path = folder / generator.choice([CONFIG, CONFIG, SUMMARY])
    if not path.exists():
        path = folder / CONFIG
    document = json.loads(path.read_text())
    place: Any = document
    trail = []
    while isinstance(place, dict | list) and len(place):
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = generator.choice(keys)
        trail.append(str(key))
        if not isinstance(place[key], dict | list) or not len(place[key]) or generator.random() < 0.3:
            action = generator.choice(["change", "delete"])
            if action == "delete":
                del place[key]
            else:
                odd = [one for one in ODD if not isinstance(one, bytes)]
                place[key] = generator.choice([*odd, [], {}, [1], {"a": 1}])
            break
        place = place[key]
    path.write_text(json.dumps(document))
    return f"{path.name} {'.'.join(trail)}"


def _text(folder: Path, generator: random.Random) -> str:
    path = folder / generator.choice([CONFIG, SUMMARY])
    path.write_bytes(
        generator.choice(
            [b"", b"[]", b"null", b"{", b"[" * 100_000, b"\xff\xfe{}", b"{}", b'{"options": {}}']
        )
    )
    return path.name


def _file(folder: Path, generator: random.Random) -> str:
    path = folder / generator.choice([ARCHIVE, CONFIG, SUMMARY, "lock", ARCHIVE + "-wal", ARCHIVE + "-shm"])
    path.unlink(missing_ok=True)
    what = generator.choice(["nothing", "folder", "pipe", "link to nothing", "link to itself", "text"])
    if what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "link to nothing":
        path.symlink_to("nowhere")
    elif what == "link to itself":
        path.symlink_to(path.name)
    elif what == "text":
        path.write_text("no such thing " * generator.choice([1, 1000]))
    return f"{path.name} is {what}"


def _swap(folder: Path, generator: random.Random) -> str:
    one, other = folder / CONFIG, folder / generator.choice([ARCHIVE, SUMMARY])
    first, second = one.read_bytes(), other.read_bytes() if other.exists() else b""
    one.write_bytes(second)
    other.write_bytes(first)
    return f"{one.name} and {other.name}"


WAYS: tuple[Callable[[Path, random.Random], str], ...] = (
    _flip, _overwrite, _truncate, _value, _sealed_value, _zeroed, _rows, _object, _document, _text, _file, _swap,
)  # fmt: skip
