"""What SQLite and the file system say, as sentences with a next step."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from symloss.errors import RunError


@contextmanager
def archive_errors(path: Path) -> Iterator[None]:
    """Turn errors of SQLite and of files into a `RunError` about the archive or file `path`."""
    try:
        yield
    except sqlite3.Error as error:
        raise RunError(_sqlite_sentence(path, error)) from error
    except UnicodeDecodeError as error:
        # SQLite quotes what it can't read, whatever that is.
        raise RunError(f"{path} is damaged (what it holds is no text); {_NEXT}") from error
    except OSError as error:
        raise RunError(_file_sentence(path, error)) from error


@contextmanager
def damage(path: Path) -> Iterator[None]:
    """Turn what reading values of a wrong shape raises into a `RunError`: `path` is not as it was written."""
    try:
        yield
    except RecursionError as error:
        raise RunError(f"{path} is damaged (it is nested too deeply); {_NEXT}") from error
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        what = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise RunError(f"{path} is damaged ({what}); {_NEXT}") from error


_NEXT = "restore it from a backup, or start a new search"


def _sqlite_sentence(path: Path, error: sqlite3.Error) -> str:
    text = str(error)
    run = path.parent
    if "disk is full" in text:
        return _full(path, run)
    if "readonly" in text or "unable to open" in text or "disk I/O error" in text:
        return (
            f"{path} can't be read or written ({text}); make the folder {run} writable, or copy it to a disk of this "
            f"machine; what was saved last is whole"
        )
    if "locked" in text:
        return f"{path} is locked by another program; close what has it open for writing, then --resume {run}"
    if any(words in text for words in _DAMAGE):
        return f"{path} is damaged or no archive of a search ({text}); restore it from a backup, or start a new search"
    return f"{path} can't be used ({text})"


_DAMAGE = (
    "not a database",
    "malformed",
    "no such",
    "Could not decode",
    "datatype mismatch",
    "corrupt",
    "too big",
)


def _file_sentence(path: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
        return _full(path, path.parent)
    return f"{path} can't be written ({error.strerror}); what was saved before is complete"


def _full(path: Path, run: Path) -> str:
    return (
        f"the disk is full: {path} can't grow; everything up to the last finished loop is safe; "
        f"free some space, then go on with --resume {run}"
    )
