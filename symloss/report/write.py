"""Writes the report: a whole file or none."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from symloss.errors import RunError
from symloss.report.document import page
from symloss.report.facts import Facts, gather

NAME = "report.html"
"""The file in the run folder, where no other is named."""


def write_report(folder: Path, out: Path | None = None) -> tuple[Path, Facts]:
    """Write the report on a run, in the place of one that is there.

    Args:
        folder: the run.
        out: the file; report.html in the run folder if None.

    Returns:
        The file, and what is in it.

    Raises:
        RunError: the run can't be read, or the file can't be written; nothing is left behind then.
    """
    facts = gather(folder)
    path = folder / NAME if out is None else out
    if path.is_dir():
        raise RunError(f"can't write {path}: it is a folder; name a file with -o")
    save(page(facts), path)
    return path, facts


def save(text: str, path: Path) -> None:
    """Write a text, whole or not at all.

    Raises:
        RunError: it can't be written.
    """
    temporary: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(prefix=".symloss-", suffix=".html", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise RunError(f"can't write {path} ({error.strerror}); name another file with -o") from error
