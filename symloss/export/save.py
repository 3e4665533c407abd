"""Writing exported text to a file: all of it or nothing."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from symloss.errors import SymlossError


def save(text: str, path: Path) -> None:
    """Write text to a file, in the place of one that is there.

    Raises:
        SymlossError: the file can't be written; nothing is left behind.
    """
    if path.is_dir():
        raise SymlossError(f"can't write {str(path)!r}: it is a folder; name a file with -o")
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".symloss-", dir=path.parent)
    except OSError as error:
        raise SymlossError(
            f"can't write to {str(path.parent)!r}: {error.strerror}; choose another folder with -o"
        ) from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        raise SymlossError(
            f"can't write {str(path)!r}: {error.strerror}; choose another file with -o"
        ) from None
    finally:
        Path(temporary).unlink(missing_ok=True)
