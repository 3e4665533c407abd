"""What other packages add to symloss: their entry points, read only when a name is not one of symloss's own.

A package names what it adds in its pyproject.toml:

    [project.entry-points."symloss.operators"]
    softplus = "their_package.softplus:SoftplusOperator"

The groups are symloss.operators, symloss.models, symloss.metrics and symloss.strategies.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from symloss.errors import OptionError


def names(group: str) -> tuple[str, ...]:
    """Return what installed packages add to a group, by name, in order.

    Args:
        group: what is added: "operators", "models", "metrics" or "strategies".
    """
    return tuple(sorted(_found(group)))


def load(group: str, name: str) -> Any:
    """Return what an installed package adds under a name, or None where none does.

    Raises:
        OptionError: the package can't be imported, or two packages add the same name.
    """
    found = _found(group).get(name, [])
    if not found:
        return None
    if len(found) > 1:
        places = " and ".join(sorted(entry.value for entry in found))
        raise OptionError(f"{name!r} is added to symloss.{group} by {places}; uninstall one of the packages")
    try:
        return found[0].load()
    except Exception as error:
        # whatever another package raises is its own fault, and a sentence here
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise OptionError(
            f"{name!r} of symloss.{group} is {found[0].value}, which can't be imported "
            f"({type(error).__name__}: {first}); mend or uninstall that package"
        ) from error


def _found(group: str) -> dict[str, list[EntryPoint]]:
    found: dict[str, list[EntryPoint]] = {}
    for entry in entry_points(group=f"symloss.{group}"):
        # a folder that is on the path twice shows the same entry twice
        if entry.value not in [other.value for other in found.get(entry.name, [])]:
            found.setdefault(entry.name, []).append(entry)
    return found
