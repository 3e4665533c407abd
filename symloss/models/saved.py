"""States as plain data: what trainers write into an archive, and how it is looked at before it is used again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from symloss.errors import RunError

if TYPE_CHECKING:
    from symloss.models.adam import Moments

Saved = dict[str, Any]
Shapes = Sequence[tuple[int, ...]]


def copies(arrays: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """Return independent copies."""
    return [np.array(array) for array in arrays]


def check_kind(saved: Saved, kind: str, whose: str) -> None:
    """Check that a state was saved by the kind of trainer that reads it.

    Args:
        saved: what was read.
        kind: what the trainer writes.
        whose: the model and the task, for the error: "mf on ml-100k".

    Raises:
        RunError: it was not.
    """
    found = saved.get("kind") if isinstance(saved, dict) else None
    if found != kind:
        raise RunError(
            f"the saved state is one of kind {found!r}, and {whose} reads those of kind {kind!r}; "
            "go on with the model and the device that it was saved with"
        )


def arrays_of(found: Any, shapes: Shapes, what: str, whose: str) -> list[NDArray[np.float32]]:
    """Return saved arrays, after a look at their number, types and shapes.

    Args:
        found: what was read.
        shapes: what there must be.
        what: what they are: "parameters".
        whose: the model and the task.

    Raises:
        RunError: something else was saved.
    """
    if not isinstance(found, list) or len(found) != len(shapes):
        count = len(found) if isinstance(found, list) else "no"
        raise _other(f"it has {count} {what}, not {len(shapes)}", whose)
    for number, (array, shape) in enumerate(zip(found, shapes, strict=True)):
        if not isinstance(array, np.ndarray) or array.dtype != np.float32 or array.shape != shape:
            seen = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
            raise _other(f"number {number} of its {what} is {seen}, not float32 {shape}", whose)
    return found


def save_moments(moments: Moments) -> Saved:
    """Return what Adam remembers on the CPU as plain data."""
    return {"steps": moments.steps, "first": copies(moments.first), "second": copies(moments.second)}


def load_moments(found: Any, shapes: Shapes, whose: str) -> Moments:
    """Return what `save_moments` was given; it is empty before Adam's first step, and always with SGD.

    Raises:
        RunError: something else was saved.
    """
    from symloss.models.adam import Moments

    if not isinstance(found, dict) or not isinstance(found.get("steps"), int) or found["steps"] < 0:
        raise _other("what Adam remembers is missing", whose)
    if found.get("first") == [] and found.get("second") == []:
        return Moments(found["steps"])
    first, second = (
        arrays_of(found.get(name), shapes, f"{name} moments", whose) for name in ("first", "second")
    )
    return Moments(found["steps"], first, second)


def _other(why: str, whose: str) -> RunError:
    return RunError(
        f"the saved state does not fit {whose}: {why}; go on with the model and the data it was saved with"
    )
