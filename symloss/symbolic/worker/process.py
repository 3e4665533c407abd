"""A worker as the process that asks sees it, and the two ways to have one made."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from symloss.symbolic.worker.channel import Channel
from symloss.symbolic.worker.errors import NoProcessError
from symloss.symbolic.worker.serve import END_ONE, begin

THREADED = frozenset(
    {"torch", "numba", "scipy", "ray", "jax", "tensorflow", "grpc", "zmq", "tkinter", "pyarrow", "cupy"}
)
"""Packages whose threads, begun outside of Python, a fork could catch in the middle of something."""

SLOWEST_START = 120.0
"""Seconds that a new server may take to be ready, on a machine with much else to do."""


class Worker:
    """A process that answers questions, one at a time."""

    def __init__(self, end: socket.socket, number: int, end_process: Callable[[int], None]) -> None:
        """Take over a connection to a process; `end_process` kills it and sees to it that no zombie is left."""
        self.channel = Channel(end)
        self.number = number
        self._end_process = end_process

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self.channel.close()
        self._end_process(self.number)


def may_fork() -> bool:
    """Return whether a copy of this process is sure to work: Linux, the main thread, and no other thread.

    NumPy's linear algebra has threads of its own, but takes them down before a fork; they are allowed for.
    """
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return False
    if threading.active_count() > 1 or not THREADED.isdisjoint(sys.modules):
        return False
    try:
        running = sum(1 for _ in Path("/proc/self/task").iterdir())
    except OSError:
        return False
    return running <= (os.cpu_count() or 1)


def forked() -> Worker:
    """Return a worker that is a copy of this process.

    Raises:
        NoProcessError: the system gives no process.
    """
    parent = os.getpid()
    try:
        ours, theirs = socket.socketpair()
        with warnings.catch_warnings():
            # newer Pythons warn of NumPy's threads
            warnings.simplefilter("ignore", DeprecationWarning)
            number = os.fork()
    except OSError as error:
        raise NoProcessError(str(error)) from None
    if number == 0:
        begin(theirs, parent)
    theirs.close()
    return Worker(ours, number, _kill)


def _kill(number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(number, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(number, 0)


class Server:
    """The process that makes workers for one that must not fork; see `symloss.symbolic.worker.server`."""

    def __init__(self) -> None:
        """Start it; it imports what it needs while this process goes on.

        Raises:
            NoProcessError: the system gives no process.
        """
        # a process that may be copied needs no server, and does without this import
        import subprocess

        self._lock = threading.Lock()
        if os.name != "posix" or not sys.executable:
            raise NoProcessError("this platform gives no process that can be ended")
        try:
            self._control, theirs = socket.socketpair()
        except OSError as error:
            raise NoProcessError(str(error)) from None
        self._control.settimeout(SLOWEST_START)
        root = str(Path(__file__).resolve().parents[3])
        paths = dict.fromkeys([root, *filter(None, sys.path)])
        module = f"{__package__}.server"
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", module, str(theirs.fileno())],
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                )
            except (OSError, ValueError) as error:
                self._control.close()
                raise NoProcessError(str(error)) from None

    def worker(self) -> Worker:
        """Return a new worker.

        Raises:
            NoProcessError: the server is gone.
        """
        with self._lock:
            try:
                self._control.sendall(bytes(END_ONE))
                data, descriptors, _, _ = socket.recv_fds(self._control, END_ONE, 1)
            except OSError as error:
                raise NoProcessError(str(error)) from None
        if len(data) != END_ONE or not descriptors:
            raise NoProcessError("the process that makes workers ended")
        end = socket.socket(fileno=descriptors[0])
        end.setblocking(True)
        return Worker(end, int.from_bytes(data, "big"), self._kill)

    def _kill(self, number: int) -> None:
        with self._lock, suppress(OSError):
            self._control.sendall(number.to_bytes(END_ONE, "big"))

    def end(self) -> None:
        """End the server and, with it, its workers."""
        self._control.close()
        with suppress(OSError):
            self._process.terminate()
        self._process.wait()

    def forget(self) -> None:
        """Let go of it in a copy of the process that started it."""
        self._control.close()
        # the copy is not its parent: there is nothing to wait for
        self._process.returncode = 0
