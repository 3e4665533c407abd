"""Ctrl-C as a request: the first one asks the work to end and keep what it has, the second one ends it at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stop_on_interrupt(
    stop: threading.Event | None = None, told: Callable[[], None] | None = None, *, always: bool = False
) -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C sets, or the stop button of a notebook; the handler before is restored at the end.

    Signals reach the main thread alone: in another one the event is what the caller sets. Where the program has a
    handler of its own for Ctrl-C, or ignores it, that stays.

    Args:
        stop: the event; a new one if None.
        told: called at the first Ctrl-C, to say what happens.
        always: whether to take the place of another handler too, as a program of its own may.
    """
    event = threading.Event() if stop is None else stop
    asked = False

    def request(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        event.set()
        if told is not None:
            told()

    here = threading.current_thread() is threading.main_thread()
    if not here or not (always or signal.getsignal(signal.SIGINT) is signal.default_int_handler):
        yield event
        return
    previous = signal.signal(signal.SIGINT, request)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, previous)
