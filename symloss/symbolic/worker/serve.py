"""What a worker does: take a question, send what it finds part by part, say that it is done, wait for the next."""

from __future__ import annotations

import gc
import os
import socket
import traceback
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from symloss.errors import OptionError
from symloss.ops.construct import NumberLimitError
from symloss.symbolic.undecided import OUT_OF_REACH, UndecidedError
from symloss.symbolic.worker.channel import Channel
from symloss.symbolic.worker.limits import (
    become_worker,
    end_with_parent,
    keep_only,
    leave_terminal,
    limit_memory,
    memory_in_use,
    set_alarm,
)

LARGEST_WORKER = 400 << 20
"""A worker that holds more bytes than this after an answer is replaced: what one formula left behind must not count
against the next."""

END_ONE = 4
"""Bytes of a process number in a request to end a worker; a request of 0 asks for a new one."""

TOLD = {"OptionError": OptionError, "NumberLimitError": NumberLimitError}
"""Errors that are answers: they are raised again, with their message, where the question was asked."""


def begin(end: socket.socket, parent: int) -> NoReturn:
    """Turn a process that was just forked into a worker; it never comes back."""
    try:
        # what was there before is shared with the other process as long as nobody touches it
        gc.freeze()
        become_worker()
        leave_terminal()
        keep_only(end.fileno())
        end_with_parent(parent)
        limit_memory()
        serve(Channel(end))
    finally:
        os._exit(0)


def serve(channel: Channel) -> None:
    """Answer questions until nobody asks any more."""
    while True:
        try:
            function, arguments, seconds = channel.receive()
        except EOFError:
            return
        set_alarm(seconds)
        try:
            last = answer(channel, function, arguments)
        except OSError:
            return
        set_alarm(0.0)
        stays = last[0] != "out of reach" and memory_in_use()[0] < LARGEST_WORKER
        channel.send((*last, stays))
        if not stays:
            return


def answer(channel: Channel, function: Callable[..., Iterable[Any]], arguments: tuple[Any, ...]) -> Any:
    """Send the parts of an answer as they come; return how it ended: a word and what goes with it."""
    try:
        for part in function(*arguments):
            channel.send(("part", part))
    except UndecidedError as error:
        return ("undecided", "", str(error))
    except tuple(TOLD.values()) as error:
        return ("told", type(error).__name__, str(error))
    except OUT_OF_REACH as error:
        return ("out of reach", next(k.__name__ for k in OUT_OF_REACH if isinstance(error, k)), "")
    except OSError:
        raise
    except Exception as error:
        return ("failed", type(error).__name__, f"{error}\n\n{''.join(traceback.format_exception(error))}")
    return ("done", "", "")
