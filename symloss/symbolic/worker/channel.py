"""Messages over a socket between two processes of symloss, each a length and its bytes."""

from __future__ import annotations

import select
import socket
import struct
import time
from typing import Any

from symloss.symbolic.worker.wire import pack, unpack

_LENGTH = struct.Struct("!Q")


class Channel:
    """One end of a connection."""

    def __init__(self, end: socket.socket) -> None:
        """Take over a connected socket."""
        self.socket = end

    def fileno(self) -> int:
        """Return the descriptor, for `select`."""
        return self.socket.fileno()

    def send(self, message: Any) -> None:
        """Send one message.

        Raises:
            OSError: nobody listens any more.
            TypeError: the message holds something that does not travel.
        """
        data = pack(message)
        self.socket.sendall(_LENGTH.pack(len(data)) + data)

    def receive(self, until: float | None = None) -> Any:
        """Return the next message.

        Args:
            until: a value of `time.monotonic()`; None waits for ever.

        Raises:
            EOFError: the other end is gone.
            TimeoutError: no message was there in time.
        """
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size, until))
        return unpack(self._read(length, until))

    def _read(self, size: int, until: float | None) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            if until is not None:
                poll = select.poll()
                poll.register(self.socket, select.POLLIN)
                if not poll.poll(max(0.0, until - time.monotonic()) * 1e3):
                    raise TimeoutError
            try:
                part = self.socket.recv(min(size - len(parts), 1 << 20))
            except ConnectionError:
                part = b""
            if not part:
                raise EOFError
            parts += part
        return bytes(parts)

    def close(self) -> None:
        """Close this end; the other one sees that."""
        self.socket.close()
