"""Errors in the middle of long work: what belongs to a question is its answer, anything else is a fault, and said."""

from __future__ import annotations

import warnings

from symloss.errors import SymlossError
from symloss.symbolic.undecided import OUT_OF_REACH, UndecidedError

ANSWERS = (UndecidedError, SymlossError, *OUT_OF_REACH)
"""What a question about a loss raises where it has no answer."""


class FaultWarning(RuntimeWarning):
    """A fault of symloss, which cost one loss its proof or comparison but did not end the work."""


def say_fault(error: Exception, doing: str) -> None:
    """Warn of an error that no question raises on purpose: one loss must not end a search of hours, nor hide a fault.

    Args:
        error: what was raised.
        doing: what was tried, such as "the check of (yhat - y)**2".
    """
    if not isinstance(error, ANSWERS):
        warnings.warn(
            f"{doing} failed ({type(error).__name__}: {error}), and counts as undecided; please report it",
            FaultWarning,
            stacklevel=3,
        )
