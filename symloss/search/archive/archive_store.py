"""What phases II and III keep in the archive as they go: checks, trials and results."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from symloss.files import finite
from symloss.search.archive.archive import Archive
from symloss.search.archive.archive_errors import damage
from symloss.search.archive.archive_schema import TOUCH


class ArchiveStore:
    """Finished trials of phase III by key; a `Store` that lasts."""

    def __init__(self, archive: Archive) -> None:
        """Use an archive that is open for writing."""
        self._archive = archive

    def get(self, key: str) -> dict[str, Any] | None:
        """Return what was put under `key`, or None."""
        found = self._archive.rows("SELECT value FROM trials WHERE key = ?", key)
        with damage(self._archive.path):
            return dict(json.loads(found[0]["value"])) if found else None

    def put(self, key: str, value: dict[str, Any]) -> None:
        """Remember `value` under `key`.

        Raises:
            RunError: it can't be written.
        """
        with self._archive.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO trials (key, value) VALUES (?, ?)", (key, json.dumps(value))
            )


class CheckStore:
    """Reports of phase II by the number of the gradient."""

    def __init__(self, archive: Archive) -> None:
        """Use an archive that is open for writing."""
        self._archive = archive

    def get(self, number: int) -> dict[str, Any] | None:
        """Return the report on a candidate, or None."""
        found = self._archive.rows("SELECT report FROM checks WHERE number = ?", number)
        with damage(self._archive.path):
            return dict(json.loads(found[0]["report"])) if found else None

    def put(self, number: int, report: Mapping[str, Any]) -> None:
        """Remember the report on a candidate, which has reached phase II with it.

        Raises:
            RunError: it can't be written.
        """
        row = (number, bool(report["passed"]), json.dumps(finite(report)))
        with self._archive.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO checks (number, passed, report) VALUES (?, ?, ?)", row)
            connection.execute(f"UPDATE candidates SET phase = 2, {TOUCH} WHERE number = ?", (number,))


def store_results(
    archive: Archive,
    results: Sequence[Mapping[str, Any]],
    baselines: Sequence[Mapping[str, Any]],
    numbers: Sequence[int],
) -> None:
    """Replace the results of phase III.

    Args:
        archive: open for writing.
        results: of the losses found, best first.
        baselines: of the named losses.
        numbers: the candidates that reached phase III.

    Raises:
        RunError: they can't be written.
    """
    kinds = [("results", entry) for entry in results] + [("baselines", entry) for entry in baselines]
    rows = [(k, kind, json.dumps(finite(entry))) for k, (kind, entry) in enumerate(kinds)]
    with archive.transaction() as connection:
        connection.execute("DELETE FROM results")
        connection.executemany("INSERT INTO results (position, kind, result) VALUES (?, ?, ?)", rows)
        connection.execute(f"UPDATE candidates SET phase = 2, {TOUCH} WHERE phase = 3")
        connection.executemany(
            f"UPDATE candidates SET phase = 3, {TOUCH} WHERE number = ?", [(n,) for n in numbers]
        )
