"""The limits that the operating system holds for a worker: memory, time, and its life with the process that asked."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

MEMORY = 1 << 30
"""Bytes that a worker may hold in memory."""

_ROOM = 64 << 20
"""Bytes below `MEMORY` that are left for what is mapped without being counted as data."""

_PR_SET_PDEATHSIG = 1

_WORKER = "SYMLOSS_WORKER"
"""Environment variable that is set in workers."""


def is_worker() -> bool:
    """Return whether this process is a worker; it asks no other one."""
    return _WORKER in os.environ


def become_worker() -> None:
    """Mark this process as a worker."""
    os.environ[_WORKER] = "1"


def memory_in_use() -> tuple[int, int]:
    """Return the bytes resident and the bytes of data mapped; zeros where the system does not say."""
    try:
        fields = Path("/proc/self/statm").read_text().split()
    except OSError:
        return 0, 0
    page = resource.getpagesize()
    return int(fields[1]) * page, int(fields[5]) * page


def limit_memory(most: int = MEMORY) -> None:
    """Have allocations fail beyond `most` bytes, counted from what is resident now."""
    resident, mapped = memory_in_use()
    allowed = max(mapped + most - resident - _ROOM, _ROOM)
    names = ("RLIMIT_DATA",) if sys.platform == "linux" else ("RLIMIT_DATA", "RLIMIT_AS")
    for name in names:
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        soft = allowed if hard == resource.RLIM_INFINITY else min(allowed, hard)
        try:
            resource.setrlimit(kind, (soft, hard))
        except (OSError, ValueError):
            continue


def end_with_parent(parent: int) -> None:
    """Have the system kill this process when the thread that made it ends; at once if that has happened already.

    Only Linux can. Elsewhere a worker ends when its alarm rings or when it next listens to its socket.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def set_alarm(seconds: float) -> None:
    """Have the system end this process after `seconds`, whatever it does then; 0 takes that back."""
    signal.setitimer(signal.ITIMER_REAL, seconds)


def leave_terminal() -> None:
    """Leave signals meant for the process that asked to it, and take the default for the alarm."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGQUIT, signal.SIG_IGN)
    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def keep_only(descriptor: int) -> None:
    """Close every open file but one; standard input, output and error lead nowhere.

    A worker must not hold on to what the process that asked has open: the pipes of other workers, or standard output,
    whose reader would wait for its end.
    """
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        if number != descriptor:
            os.dup2(nowhere, number)
    highest = _highest_descriptor()
    os.closerange(3, descriptor)
    os.closerange(max(3, descriptor + 1), highest)


def _highest_descriptor() -> int:
    try:
        return max(int(path.name) for path in Path("/dev/fd").iterdir()) + 1
    except (OSError, ValueError):
        return 4096
