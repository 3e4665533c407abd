"""What goes wrong with a process that works, as the one who asked sees it."""

from __future__ import annotations


class NoProcessError(Exception):
    """No process can be had here: the work has to be done in this one."""


class RemoteError(Exception):
    """An error in a worker that is neither an answer nor one of Python's own; or the traceback of one."""
