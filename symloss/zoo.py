"""Named losses, each with its formula, its input and where it comes from.

`zoo.maxr` or `zoo.get("maxr")` is a `Loss`. All are written for labels 0 and 1;
`ZooEntry.labels` says up to which label domain the formula keeps its meaning.
"""

from __future__ import annotations

from functools import cache

from symloss.errors import OptionError
from symloss.formula.known import ENTRIES, ZooEntry, entry, is_name, names
from symloss.loss import Loss

__all__ = ["ENTRIES", "ZooEntry", "entry", "get", "is_name", "names"]


@cache
def get(name: str) -> Loss:
    """Return the loss of a name, with eps left open.

    Raises:
        OptionError: no loss has that name.
    """
    found = entry(name)
    return Loss(found.formula, labels="binary", input=found.input, name=found.name)


def __getattr__(name: str) -> Loss:
    if name.startswith("_"):
        raise AttributeError(name)
    try:
        return get(name)
    except OptionError as error:
        raise AttributeError(str(error)) from None


def __dir__() -> list[str]:
    return [
        "ENTRIES",
        "ZooEntry",
        "entry",
        "get",
        "is_name",
        "names",
        *(name.replace("-", "_") for name in names()),
    ]
