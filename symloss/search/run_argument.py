"""RUN and RUN:3 as the name of a loss: told apart from names and formulas without loading a search."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from symloss.errors import OptionError

_RANKED = re.compile(r"^(?P<folder>.+):(?P<rank>[0-9]{1,6})$", re.DOTALL)


def run_and_rank(text: str) -> tuple[Path, int] | None:
    """Return the folder of a search and the rank of a loss in it, or None where a text is a name or a formula.

    Args:
        text: "runs/monday" for the best loss of a search, "runs/monday:3" for its third.

    Raises:
        OptionError: a rank is given, but there is no such folder, or the rank is 0.
    """
    stripped = text.strip()
    ranked = _RANKED.match(stripped)
    folder = ranked["folder"] if ranked else stripped
    if not _exists(Path(folder).is_dir):
        if ranked and not set(folder) & set("()*+ "):
            raise OptionError(
                f"there is no run folder {folder[:80]!r}; RUN:3 is the third loss of the search in the folder RUN"
            )
        return None
    if ranked is None and "yhat" in folder and not (Path(folder) / "config.json").is_file():
        return None
    rank = int(ranked["rank"]) if ranked else 1
    if rank < 1:
        raise OptionError(
            f"the rank in {stripped[-80:]!r} is 0; losses of a run are counted from 1, its best"
        )
    return Path(folder), rank


def _exists(question: Callable[[], bool]) -> bool:
    """Ask about a path; a text that can be none, such as a long formula, does not exist."""
    try:
        return question()
    except (OSError, ValueError):
        return False
