"""The errors a user can meet: what was wrong, what is allowed, what to do next.

Everything that symloss raises on purpose is a `SymlossError`; the command line
prints its message and exits with its `exit_code`, never with a traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SymlossError(Exception):
    """Base of all errors that the user can act on."""

    exit_code = 2


class FormulaError(SymlossError):
    """A formula can't be read; `position` is the offset of the first bad character."""

    def __init__(self, reason: str, text: str, position: int = 0) -> None:
        """Build the message from the reason and the text around the position."""
        self.reason = reason
        self.text = text
        self.position = max(0, min(position, len(text)))
        super().__init__(f"{reason}\n{_excerpt(text, self.position)}")


class OptionError(SymlossError):
    """An argument or option has a value that is not allowed."""


class DomainError(SymlossError, ValueError):
    """A prediction or a label lies outside of what a loss is made for."""


class DataError(SymlossError):
    """A data set can't be read, found or used."""


class FetchError(DataError):
    """A data set could not be fetched."""


class ModelError(SymlossError):
    """A model can't be found, made or trained."""


class RunError(SymlossError):
    """A run folder can't be written, read or continued."""


def _excerpt(text: str, position: int, width: int = 70) -> str:
    """Show the line around `position` with a caret under it."""
    start = max(0, min(position - width // 2, len(text) - width))
    end = min(len(text), start + width)
    visible = "".join(c if c.isprintable() else " " for c in text[start:end])
    before, after = ("..." if start else ""), ("..." if end < len(text) else "")
    return f"  {before}{visible}{after}\n  {' ' * (len(before) + position - start)}^"


def nearest(name: str, allowed: Iterable[str]) -> str | None:
    """Return the allowed name that resembles `name` most, or None."""
    candidates = {candidate.lower(): candidate for candidate in allowed}
    folded = name.lower()
    squeezed = {key.replace("-", "").replace("_", ""): value for key, value in candidates.items()}
    exact = squeezed.get(folded.replace("-", "").replace("_", ""))
    if exact is not None:
        return exact
    matches = difflib.get_close_matches(folded, candidates, n=1, cutoff=0.6)
    return candidates[matches[0]] if matches else None


def unknown_name(kind: str, name: str, allowed: Iterable[str], next_step: str) -> str:
    """Build the sentence for an unknown name: `unknown dataset 'x'; did you mean 'y'? (next step)`."""
    allowed = list(allowed)
    guess = nearest(name, allowed)
    shown = name if len(name) <= 60 else name[:57] + "..."
    if guess is not None:
        return f"unknown {kind} {shown!r}; did you mean {guess!r}? ({next_step})"
    return f"unknown {kind} {shown!r}; allowed are {', '.join(allowed)} ({next_step})"
