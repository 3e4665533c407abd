"""What other packages add to symloss: their entry points, read only when a name is not one of symloss's own.

A package names what it adds in its pyproject.toml:

    [project.entry-points."symloss.operators"]
    softplus = "their_package.softplus:SoftplusOperator"

`GROUPS` holds the groups. The registries of symloss say what must be behind a name; all of them read through here,
so a package that can't be used is described in the same words everywhere.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symloss.errors import OptionError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUPS = {
    "operators": "operator",
    "models": "model",
    "metrics": "metric",
    "strategies": "strategy",
    "exports": "export target",
}
"""The groups, without the "symloss." that they begin with, and what one entry of each is called."""


def names(group: str) -> tuple[str, ...]:
    """Return what installed packages add to a group, by name, in order; nothing of theirs is imported.

    Args:
        group: what is added: one of `GROUPS`.
    """
    return tuple(sorted(_found(group)))


def load(group: str, name: str) -> Any:
    """Return what an installed package adds under a name, or None where none does.

    Raises:
        OptionError: the package can't be imported, or two packages add the same name.
    """
    found = _found(group).get(name, ())
    if not found:
        return None
    if len(found) > 1:
        places = " and ".join(sorted(entry.value for entry in found))
        raise OptionError(f"{name!r} is added to symloss.{group} by {places}; uninstall one of the packages")
    try:
        return found[0].load()
    except Exception as error:
        # whatever another package raises is its own fault, and a sentence here
        raise OptionError(
            f"the {GROUPS[group]} {name!r} can't be loaded from {found[0].value} ({in_words(error)}); "
            f"{_way_out(found[0])}"
        ) from error


def unfit(group: str, name: str, why: str) -> OptionError:
    """Return the error that says why what a package adds can't be used.

    Args:
        group, name: as `load` was asked for them.
        why: the end of a sentence that begins with "the model 'x' is package.module:NAME, which".
    """
    entry = _found(group)[name][0]
    return OptionError(f"the {GROUPS[group]} {name!r} is {entry.value}, which {why}; {_way_out(entry)}")


def in_words(error: Exception) -> str:
    """Return what another package raised in one line."""
    first = (str(error).strip() or "without a word").splitlines()[0]
    return f"{type(error).__name__}: {first}"


def _way_out(entry: EntryPoint) -> str:
    return (
        f"mend or uninstall the package {entry.dist.name}" if entry.dist else "mend or uninstall that package"
    )


def _found(group: str) -> dict[str, tuple[EntryPoint, ...]]:
    return _read(group, tuple((folder, _changed(folder)) for folder in sys.path))


def _changed(folder: str) -> int:
    """Return when something was last installed in a folder of the path, 0 where it is none."""
    try:
        return Path(folder).stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=2 * len(GROUPS))
def _read(group: str, path: tuple[tuple[str, int], ...]) -> dict[str, tuple[EntryPoint, ...]]:
    """Return the entry points of a group; reading them takes milliseconds, asking whether they changed none."""
    # Imported when it is needed: it takes as long as all else that a formula needs.
    from importlib.metadata import entry_points

    found: dict[str, tuple[EntryPoint, ...]] = {}
    for entry in entry_points(group=f"symloss.{group}"):
        # a folder that is on the path twice shows the same entry twice
        others = found.get(entry.name, ())
        if entry.value not in [other.value for other in others]:
            found[entry.name] = (*others, entry)
    return found
