"""The cache folder: where fetched data sets are kept, and files written so that nobody sees half of one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from symloss.errors import DataError
from symloss.files import write_file

VARIABLE = "SYMLOSS_CACHE"
"""The environment variable that names the cache folder."""


def cache_folder(environment: Mapping[str, str] | None = None) -> Path:
    """Return the cache folder, which need not exist.

    It is `$SYMLOSS_CACHE`, else `$XDG_CACHE_HOME/symloss`, else `~/.cache/symloss`.

    Args:
        environment: the variables to look at; those of the process where not given.

    Raises:
        DataError: no variable is set and the user has no home folder.
    """
    variables = os.environ if environment is None else environment
    try:
        if variables.get(VARIABLE):
            return Path(variables[VARIABLE]).expanduser().absolute()
        base = Path(variables.get("XDG_CACHE_HOME", ""))
        # The XDG specification tells programs to ignore a relative path here.
        return (base if base.is_absolute() else Path("~/.cache").expanduser()) / "symloss"
    except RuntimeError:
        raise DataError(f"no home folder for the cache; set {VARIABLE} to a folder") from None


def writable(folder: Path) -> Path:
    """Create `folder` where it is missing, make sure that files can be written there, and return it.

    Raises:
        DataError: the folder can't be created or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise DataError(
            f"can't write to the cache folder {folder}: {error.strerror or error}; "
            f"set {VARIABLE} to a folder that can be written to"
        ) from None
    return folder


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in one step (see `symloss.files`).

    Raises:
        DataError: the file can't be written (no rights, no space).
    """
    write_file(path, content, error=DataError, advice=f"free some space, or set {VARIABLE} to another folder")
