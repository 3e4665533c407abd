"""Writing exported text to a file: all of it or nothing."""

from __future__ import annotations

from pathlib import Path

from symloss.files import write_file


def save(text: str, path: Path | str) -> None:
    """Write text to a file, in the place of one that is there (see `symloss.files`).

    Raises:
        SymlossError: the file can't be written; nothing is left behind.
    """
    write_file(path, text)
