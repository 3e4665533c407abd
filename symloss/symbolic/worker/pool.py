"""The workers of this process: made when they are needed, kept warm, replaced when one had to be ended."""

from __future__ import annotations

import atexit
import os
import threading
import warnings
from functools import cache

from symloss.symbolic.worker.errors import NoProcessError
from symloss.symbolic.worker.limits import is_worker
from symloss.symbolic.worker.process import Server, Worker, forked, may_fork


class Pool:
    """Idle workers, and the means to make more."""

    def __init__(self) -> None:
        """Start with none."""
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._server: Server | None = None
        self._places = threading.BoundedSemaphore(max(2, os.cpu_count() or 1))
        self._alone = is_worker()
        atexit.register(self.end)
        os.register_at_fork(after_in_child=self._forget)

    def warm(self) -> None:
        """Have the first worker made, or begin what is slow about it while this process does something else."""
        if self._alone or self._idle:
            return
        try:
            if may_fork():
                self._idle.append(forked())
            else:
                self._started_server()
        except NoProcessError:
            # whoever asks a question first is told
            return

    def take(self) -> Worker | None:
        """Return an idle worker, or a new one; None where no process can be had. Waits while too many are at work."""
        self._places.acquire()
        worker = None
        try:
            worker = self._found()
        finally:
            if worker is None:
                self._places.release()
        return worker

    def give_back(self, worker: Worker) -> None:
        """Take back a worker that waits for its next question."""
        with self._lock:
            self._idle.append(worker)
        self._places.release()

    def discard(self, worker: Worker) -> None:
        """End a worker."""
        try:
            worker.end()
        finally:
            self._places.release()

    def end(self) -> None:
        """End all idle workers and what makes them; the next question has new ones made."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()
        self._end_server()

    def _found(self) -> Worker | None:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        if self._alone:
            return None
        try:
            return self._new()
        except NoProcessError as error:
            self._alone = True
            warnings.warn(
                f"symloss can't start a process of its own ({error}); formulas are worked on in this one, "
                "where a hard one may take longer than the time limit",
                RuntimeWarning,
                stacklevel=2,
            )
            return None

    def _new(self) -> Worker:
        if may_fork():
            return forked()
        try:
            return self._started_server().worker()
        except NoProcessError:
            # somebody may have ended it: once more with a new one
            self._end_server()
            return self._started_server().worker()

    def _started_server(self) -> Server:
        with self._lock:
            if self._server is None:
                self._server = Server()
            return self._server

    def _end_server(self) -> None:
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.end()

    def _forget(self) -> None:
        """Let go of the workers in a copy of this process: they are the original's, and must see when that ends."""
        for worker in self._idle:
            worker.channel.close()
        self._idle = []
        if self._server is not None:
            self._server.forget()
            self._server = None


@cache
def _pool_of(process: int) -> Pool:
    return Pool()


def pool() -> Pool:
    """Return the pool of this process; a copy of a process has its own."""
    return _pool_of(os.getpid())
