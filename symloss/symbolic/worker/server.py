"""The process that makes workers where the one that asks must not fork, for it may have threads.

It is started afresh, imports what workers need once, and has no threads: a copy of it is a worker, ready within
milliseconds. It ends its workers when told to, and all of them and itself when the process that asks is gone.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
from contextlib import suppress

from symloss.symbolic.worker.limits import leave_terminal
from symloss.symbolic.worker.serve import END_ONE, begin


def main(descriptor: int) -> None:
    """Make and end workers as asked until the other end of the socket is closed."""
    leave_terminal()
    control = socket.socket(fileno=descriptor)
    woken, waker = os.pipe()
    for number in (woken, waker):
        os.set_blocking(number, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    _prepare()
    workers: set[int] = set()
    try:
        while True:
            ready = select.select([control.fileno(), woken], [], [])[0]
            if woken in ready:
                with suppress(BlockingIOError):
                    os.read(woken, 4096)
            _reap(workers)
            if control.fileno() in ready:
                request = _request(control)
                if request is None:
                    return
                if request == 0:
                    workers.add(_new(control))
                elif request in workers:
                    os.kill(request, signal.SIGKILL)
    finally:
        for worker in workers:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)


def _prepare() -> None:
    """Import what workers need, and work on one loss: what SymPy remembers of that, every worker begins with."""
    from symloss.formula import known
    from symloss.symbolic.check import check_parts
    from symloss.symbolic.same import duplicate_index  # noqa: F401

    for _ in check_parts(known.spec("bce"), 10.0, 0):
        pass


def _request(control: socket.socket) -> int | None:
    data = b""
    while len(data) < END_ONE:
        try:
            part = control.recv(END_ONE - len(data))
        except ConnectionError:
            return None
        if not part:
            return None
        data += part
    return int.from_bytes(data, "big")


def _new(control: socket.socket) -> int:
    ours, theirs = socket.socketpair()
    parent = os.getpid()
    worker = os.fork()
    if worker == 0:
        signal.set_wakeup_fd(-1)
        begin(ours, parent)
    ours.close()
    socket.send_fds(control, [worker.to_bytes(END_ONE, "big")], [theirs.fileno()])
    theirs.close()
    return worker


def _reap(workers: set[int]) -> None:
    while workers:
        try:
            ended, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if ended == 0:
            return
        workers.discard(ended)


if __name__ == "__main__":
    main(int(sys.argv[1]))
