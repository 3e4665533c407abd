"""Ask a worker a question, and get what it found within the time limit, even if it had to be ended."""

from __future__ import annotations

import builtins
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from symloss.symbolic.undecided import OUT_OF_REACH, UndecidedError
from symloss.symbolic.worker.errors import RemoteError
from symloss.symbolic.worker.pool import pool
from symloss.symbolic.worker.process import Worker
from symloss.symbolic.worker.serve import TOLD

GRACE = 0.35
"""Seconds after the time limit in which work may still stop by itself; then its process is killed."""

LONGEST = 1e7
"""A time limit beyond this many seconds is none."""

TIME_IS_UP = "the time limit was reached"

WORDS = {
    "MemoryError": "it needs more memory than a formula may have (1 GiB)",
    "OverflowError": "numbers in it are too large",
    "RecursionError": "it is nested too deep",
}

Question = Callable[..., Iterable[Any]]
"""What can be asked: a function of a module of symloss that yields the parts of its answer as it finds them."""


@dataclass
class Answer:
    """What came back.

    Attributes:
        parts: what the function yielded, in order, as far as it got.
        ended: why it did not get to its end, in words for a report; "" where it did.
    """

    parts: list[Any] = field(default_factory=list)
    ended: str = ""


class _Lost(Exception):
    """A worker ended, and neither its work nor its time limit was the reason."""


def ask(question: Question, *arguments: Any, seconds: float) -> Answer:
    """Have a worker do `question(*arguments)` and return the parts of its answer.

    Args:
        question: yields parts; it should stop by itself at its time limit.
        arguments: what travels (see `symloss.symbolic.worker.wire`).
        seconds: the time limit. A little after it the worker is killed, and what it had found is the answer.

    Raises:
        UndecidedError, OptionError: the question raised it.
        Exception: another error of the question, which is a fault of symloss; its type if it is one of Python's.
    """
    limit = seconds + GRACE if seconds < LONGEST else 0.0
    begun: float | None = None
    for attempt in range(2):
        worker = pool().take()
        if worker is None:
            return _here(question, arguments)
        now = time.monotonic()
        # a second attempt has what is left of the first one's time; waiting for a new process does not count
        left = limit if begun is None or not limit else limit - (now - begun)
        begun = begun or now
        try:
            return _answer(worker, question, arguments, left)
        except _Lost:
            if attempt or (limit and time.monotonic() - begun > limit / 4):
                break
    return Answer(ended="the process that worked on it ended unexpectedly")


def first(question: Question, *arguments: Any, seconds: float) -> Any:
    """Return the one part of an answer.

    Raises:
        UndecidedError: there is none in time; or the question raised it.
    """
    answer = ask(question, *arguments, seconds=seconds)
    if not answer.parts:
        raise UndecidedError(answer.ended)
    return answer.parts[0]


def warm_up() -> None:
    """Have the first worker made, or what makes it started in the background, before there is a question."""
    pool().warm()


def _here(question: Question, arguments: tuple[Any, ...]) -> Answer:
    """Do the work in this process."""
    answer = Answer()
    try:
        for part in question(*arguments):
            answer.parts.append(part)
    except OUT_OF_REACH as error:
        answer.ended = WORDS[_kind(error)]
    return answer


def _kind(error: BaseException) -> str:
    return next(kind.__name__ for kind in OUT_OF_REACH if isinstance(error, kind))


def _answer(worker: Worker, question: Question, arguments: tuple[Any, ...], limit: float) -> Answer:
    """Ask one worker.

    Raises:
        _Lost: it ended before its time.
    """
    answer, stays = Answer(), False
    start = time.monotonic()
    # the worker's own alarm comes first; this one is for a worker that was stopped
    until = start + limit + 1.0 if limit else None
    try:
        worker.channel.send((question, arguments, max(limit, 0.001) if limit else 0.0))
        while True:
            kind, *rest = worker.channel.receive(until)
            if kind == "part":
                answer.parts.append(rest[0])
                continue
            name, message, stays = rest
            break
    except TimeoutError:
        answer.ended = TIME_IS_UP
        return answer
    except (EOFError, OSError):
        if limit and time.monotonic() - start >= 0.9 * limit:
            answer.ended = TIME_IS_UP
            return answer
        raise _Lost from None
    finally:
        if stays:
            pool().give_back(worker)
        else:
            pool().discard(worker)
    if kind == "out of reach":
        answer.ended = WORDS[name]
    elif kind == "told":
        raise TOLD[name](message)
    elif kind == "failed":
        short, _, trace = message.partition("\n\n")
        builtin = getattr(builtins, name, None)
        if isinstance(builtin, type) and issubclass(builtin, Exception):
            raise builtin(short) from RemoteError(trace)
        raise RemoteError(f"{name}: {short}") from RemoteError(trace)
    return answer
