"""How far a command is that works through many losses, on standard error; and what Ctrl-C says."""

from __future__ import annotations

import sys
import time
from types import TracebackType

import click

SECONDS_BETWEEN_LINES = 10.0
"""Where standard error is no terminal, a line at most so often."""


class Counter:
    """Counts what is done; a context manager.

    It draws by itself, without a thread: a command that has no other thread starts its workers faster.
    """

    def __init__(self, verb: str, total: int, *, shown: bool) -> None:
        """Count up to `total`.

        Args:
            verb: what was done to each, such as "checked".
            total: how many there are.
            shown: whether to draw anything but the last line of an interrupted command.
        """
        self.verb, self.total, self.shown = verb, total, shown
        self.done = 0
        self._lively = sys.stderr.isatty()
        self._last = self._start = time.monotonic()

    def __enter__(self) -> Counter:
        """Begin to count."""
        return self

    def step(self) -> None:
        """Count one more."""
        self.done += 1
        now = time.monotonic()
        if not self.shown or now - self._last < (0.1 if self._lively else SECONDS_BETWEEN_LINES):
            return
        self._last = now
        text = f"{self.done:,} of {self.total:,} {self.verb}, {now - self._start:.0f} s"
        click.echo(f"\r{text}\033[K" if self._lively else text, err=True, nl=not self._lively)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wipe the line; after Ctrl-C say how far it came, and end with the exit code that shells expect."""
        if self._lively and self.shown:
            click.echo("\r\033[K", err=True, nl=False)
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            click.echo(f"interrupted; {self.done:,} of {self.total:,} {self.verb}", err=True)
            raise SystemExit(INTERRUPTED)


INTERRUPTED = 130
"""Exit code of a command that Ctrl-C ended."""
