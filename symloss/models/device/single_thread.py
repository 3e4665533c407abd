"""Runs torch on one core a thread, so that sums come out the same however many cores there are."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch


class SingleThread:
    """Limits torch to the calling thread while any thread is inside; the last one out restores the limit.

    torch's number of threads belongs to each thread, but setting it also sets
    what threads to come start with; hence the count of who is inside.
    """

    def __init__(self) -> None:
        """Start with nobody inside."""
        self._lock = threading.Lock()
        self._inside = 0
        self._before = 1

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Run the body of a `with` statement on one core."""
        with self._lock:
            if self._inside == 0:
                self._before = torch.get_num_threads()
            self._inside += 1
            torch.set_num_threads(1)
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                torch.set_num_threads(self._before)


@cache
def single_thread() -> SingleThread:
    """Return the one of this process: torch's limit is the process's, so who is inside is counted once."""
    return SingleThread()


@cache
def one_at_a_time(device: str) -> threading.Lock:
    """Return the lock of a device: recording a graph is no time for others."""
    return threading.Lock()


@contextmanager
def running(device: torch.device) -> Iterator[None]:
    """Run the body on one core, or, on a device, alone."""
    if device.type == "cpu":
        with single_thread()():
            yield
    else:
        with one_at_a_time(str(device)):
            yield
