"""Ctrl-C at the command line: as in Python (`symloss.interrupt`), and said so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from symloss import interrupt

from .output import standard_error


@contextmanager
def stop_on_interrupt() -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C sets; the handler before is restored at the end."""

    def told() -> None:
        standard_error().print(
            "\nstopping; what was found so far is kept (Ctrl-C again ends at once)", highlight=False
        )

    with interrupt.stop_on_interrupt(told=told, always=True) as stop:
        yield stop
