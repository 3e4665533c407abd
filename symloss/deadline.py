"""A stop event that also ends at a time, so that what listens to Ctrl-C obeys a time limit too."""

from __future__ import annotations

import threading
import time

from symloss.deprecated import old_names


class TimedStop(threading.Event):
    """Set when `parent` is set, when `seconds` have passed since it was made, or by `set`."""

    def __init__(self, parent: threading.Event, seconds: float | None) -> None:
        """Start the clock; no limit if `seconds` is None."""
        super().__init__()
        self._parent = parent
        self._end = None if seconds is None else time.monotonic() + seconds

    @property
    def late(self) -> bool:
        """Whether the time has passed."""
        return self._end is not None and time.monotonic() >= self._end

    @property
    def asked(self) -> bool:
        """Whether somebody asked to stop, whatever the time."""
        return super().is_set() or self._parent.is_set()

    def is_set(self) -> bool:
        """Return whether to stop."""
        return self.asked or self.late


__getattr__ = old_names(__name__)
