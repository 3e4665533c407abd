"""Digests of the rows of a task, by which runs and finished trainings are told apart."""

from __future__ import annotations

import hashlib
from typing import Any

from symloss.tasks.task import Task, parts_of


def digest(task: Task) -> str:
    """Return 64 hexadecimal digits of all rows of a task, its sizes and the kind of its labels."""
    found = hashlib.sha256(_head(task))
    for part in parts_of(task).values():
        for array in (*part.inputs, part.labels):
            found.update(f";{len(array)};{array.dtype.str};".encode())
            found.update(array.tobytes())
    return found.hexdigest()


def trained_digest(task: Task) -> str:
    """Return 16 hexadecimal digits of the rows that training and validation see.

    Two tasks that differ in their test parts only train alike, and share finished trainings.
    """
    found = hashlib.sha256(_head(task))
    for part in (task.train, task.validation):
        for array in (*part.inputs, part.labels):
            found.update(f"{len(array)};".encode())
            found.update(array.tobytes())
    return found.hexdigest()[:16]


def facts(task: Task) -> dict[str, Any]:
    """Return the sizes of a task, the rows of every part, and a hash of all its numbers, ready for JSON."""
    rows = {name: len(part) for name, part in parts_of(task).items()}
    return {**task.sizes, "rows": rows, "sha256": task.fingerprint()}


def _head(task: Task) -> bytes:
    return ",".join([*map(str, task.sizes.values()), str(task.signature.labels)]).encode()
