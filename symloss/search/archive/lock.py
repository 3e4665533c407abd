"""One process at a time writes to a run: a lock that the operating system lets go when the process ends."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

from symloss.errors import RunError
from symloss.search.archive.archive_errors import archive_errors

NAME = "lock"


class RunLock:
    """Holds a run folder for this process until `release`; killed processes let go by themselves."""

    def __init__(self, folder: Path) -> None:
        """Take the lock.

        Raises:
            RunError: another process has it, or the folder can't be written.
        """
        path = folder / NAME
        if os.path.lexists(path) and not path.is_file():
            raise RunError(f"{path} is no regular file; remove it")
        with archive_errors(path):
            self._file: IO[str] | None = path.open("a+", encoding="utf-8")
        try:
            _take(self._file)
        except OSError:
            self._file.seek(0)
            holder = self._file.read(20).strip()
            self._file.close()
            by = f"process {holder}" if holder else "another process"
            raise RunError(f"{folder} is in use by {by}; wait until it ends, or stop it") from None
        with archive_errors(path):
            self._file.truncate(0)
            self._file.write(f"{os.getpid()}\n")
            self._file.flush()

    def release(self) -> None:
        """Let go; the file stays, since another process may be waiting on it."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _take(file: IO[str]) -> None:
    """Lock a file without waiting; raises OSError where someone else has it."""
    if os.name == "nt":
        import msvcrt

        # a byte far behind the text, which others may then still read
        file.seek(1 << 20)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        return
    import fcntl

    fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
