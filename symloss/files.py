"""How a file is written: all of it or nothing, in the place of the one that is there, whatever stands at its name.

A regular file is written under a passing name in its own folder, brought to the disk, and renamed over the old one, so
that nobody ever sees half of it. A link stays a link: the file that it leads to is replaced. The mode of a file that is
there is kept; a new one gets what the umask leaves. A pipe, a terminal or another character device, such as
/dev/stdout, can't be replaced, and is written to as a shell does; a block device (a disk) and a socket are refused.
"""

from __future__ import annotations

import errno
import math
import os
import secrets
import stat
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from symloss.errors import SymlossError


def finite(value: Any) -> Any:
    """Replace NaN and infinities, which JSON does not have, by null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [finite(entry) for entry in value]
    return value


PIPE_SECONDS = 5.0
"""How long a named pipe may wait for somebody who reads from it."""

ADVICE = "name another file with -o"


def write_file(
    path: Path | str,
    content: bytes | str,
    *,
    error: type[SymlossError] = SymlossError,
    advice: str = ADVICE,
) -> None:
    """Write a file whole or not at all.

    Args:
        path: where; its folder must exist.
        content: bytes, or a text that is written as UTF-8 as it is.
        error: what is raised where that fails.
        advice: what to do then.

    Raises:
        SymlossError: as `error`: it can't be written; nothing is left behind, and a file that was there is as it was.
    """
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    try:
        replace_file(Path(path), data)
    except (OSError, ValueError) as failure:
        raise error(f"can't write {path}: {reason_of(failure, Path(path))}; {advice}") from None


def check_writable(
    path: Path | str, *, error: type[SymlossError] = SymlossError, advice: str = ADVICE
) -> None:
    """Refuse what `write_file` would refuse, as far as that is seen without writing: before minutes of work.

    Raises:
        SymlossError: as `error`.
    """
    try:
        target, status = _target(Path(path))
        if status is None and not target.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        if status is None or stat.S_ISREG(status.st_mode):
            _check_rights(target, status)
    except (OSError, ValueError) as failure:
        raise error(f"can't write {path}: {reason_of(failure, Path(path))}; {advice}") from None


def is_stream(path: Path | str) -> bool:
    """Return whether a path is a pipe or a device, which is written to and never replaced."""
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def replace_file(path: Path, data: bytes) -> None:
    """Write a file as `write_file` does.

    Raises:
        OSError: it can't be written.
        ValueError: the path is none that a file can have.
    """
    target, status = _target(path)
    if status is not None:
        descriptor = _own_output(status)
        if descriptor is not None:
            _write(descriptor, data)
            return
        if not stat.S_ISREG(status.st_mode):
            _write_through(target, status, data)
            return
    _check_rights(target, status)
    passing = target.with_name(f".symloss-{secrets.token_hex(8)}")
    # The umask makes the mode of a new file; asking for the umask would change it for other threads.
    descriptor = os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        try:
            _write(descriptor, data)
            if status is not None:
                _keep_rights(passing, status)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        passing.replace(target)
    except BaseException:
        with suppress(OSError):
            passing.unlink(missing_ok=True)
        raise


def open_regular(path: Path | str) -> BinaryIO:
    """Open a file to read, and only that: a pipe or a device could keep the reader waiting for ever.

    Raises:
        OSError: it is no regular file, or can't be opened.
        ValueError: the path is none that a file can have.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    before = Path(path).stat()
    if not (stat.S_ISREG(before.st_mode) or stat.S_ISDIR(before.st_mode)):
        raise OSError(errno.EINVAL, "it is not a regular file")
    descriptor = os.open(path, flags)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        folder = stat.S_ISDIR(status.st_mode)
        raise OSError(errno.EINVAL, "it is a folder" if folder else "it is not a regular file")
    return os.fdopen(descriptor, "rb")


def read_regular(path: Path | str, limit: int) -> bytes:
    """Read a file of at most `limit` bytes (see `open_regular`).

    Raises:
        OSError: it is no regular file, too large, or can't be read.
        ValueError: the path is none that a file can have.
    """
    with open_regular(path) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"it has more than {limit:,} bytes")
    return data


def reason_of(failure: OSError | ValueError, path: Path) -> str:
    """Return why a file can't be written, in a few words."""
    number = failure.errno if isinstance(failure, OSError) else None
    if number == errno.EISDIR:
        return "it is a folder"
    if number == errno.ENOENT:
        return f"there is no folder {path.parent}, choose another folder"
    if number == errno.ELOOP:
        return "its links lead in a circle"
    if number == errno.EPIPE:
        return "who read from it has closed it"
    if isinstance(failure, OSError):
        return failure.strerror or str(failure)
    return f"this is no name of a file ({failure})"


def _target(path: Path) -> tuple[Path, os.stat_result | None]:
    """Return where the links of a path lead, and what is there; None for nothing.

    Raises:
        OSError: a folder, a block device or a socket is there, or it can't be looked at.
    """
    try:
        status: os.stat_result | None = path.stat()
    except FileNotFoundError:
        status = None
    if status is None:
        # Nothing, or a link to nothing: the file is made where the link points to.
        return Path(os.path.realpath(path)), None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if stat.S_ISBLK(status.st_mode):
        raise OSError(errno.EINVAL, "it is a block device, and writing to it would destroy what it holds")
    if stat.S_ISSOCK(status.st_mode):
        raise OSError(errno.EINVAL, "it is a socket")
    if not stat.S_ISREG(status.st_mode):
        # The name itself is opened: behind /dev/stdout there need not be another.
        return path, status
    return Path(os.path.realpath(path)), status


def _own_output(status: os.stat_result) -> int | None:
    """Return the descriptor of standard output or error where a file is just that, else None.

    `-o /dev/stdout > FILE` names FILE; replacing it would cut it off from what else is printed.
    """
    for descriptor, stream in ((1, sys.stdout), (2, sys.stderr)):
        with suppress(OSError, ValueError):
            if os.path.samestat(os.fstat(descriptor), status):
                with suppress(AttributeError):
                    stream.flush()
                return descriptor
    return None


def _write_through(path: Path, status: os.stat_result, data: bytes) -> None:
    """Write to a pipe or a character device."""
    flags = os.O_WRONLY | getattr(os, "O_NOCTTY", 0)
    pipe = stat.S_ISFIFO(status.st_mode)
    descriptor = _open_pipe(path, flags) if pipe else os.open(path, flags)
    try:
        _write(descriptor, data)
    finally:
        os.close(descriptor)


def _open_pipe(path: Path, flags: int) -> int:
    """Open a named pipe when somebody reads from it; opening it plainly would wait for ever."""
    end = time.monotonic() + PIPE_SECONDS
    while True:
        try:
            descriptor = os.open(path, flags | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            if time.monotonic() > end:
                raise OSError(errno.ENXIO, "it is a pipe that nobody reads from") from None
            time.sleep(0.02)
            continue
        os.set_blocking(descriptor, True)
        return descriptor


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view[: 1 << 20]) :]


def _check_rights(target: Path, status: os.stat_result | None) -> None:
    """Refuse a file that is write-protected: renaming over it would pass over the protection."""
    if status is not None and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "it is write-protected")
    if not os.access(target.parent, os.W_OK) and target.parent.is_dir():
        raise PermissionError(errno.EACCES, f"no permission to write in the folder {str(target.parent)!r}")


def _keep_rights(passing: Path, status: os.stat_result) -> None:
    """Give the new file the mode, and where that is allowed the owner, of the old one."""
    if hasattr(os, "chown"):
        made = passing.stat()
        if (made.st_uid, made.st_gid) != (status.st_uid, status.st_gid):
            with suppress(OSError):
                os.chown(passing, status.st_uid, status.st_gid)
    passing.chmod(stat.S_IMODE(status.st_mode))
