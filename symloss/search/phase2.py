"""Phase II of a search: check candidates, and keep each report in the archive as it is made."""

from __future__ import annotations

import time

from symloss.progress import Note
from symloss.search.archive.archive_store import CheckStore
from symloss.search.context import SearchContext
from symloss.search.loop.loop import LossSearch
from symloss.search.validation import ValidationResult, validate


def run_phase2(context: SearchContext, phase1: LossSearch) -> ValidationResult:
    """Run phase II; reports that are in the archive are not made again.

    Raises:
        RunError: the archive can't be read or written.
    """
    began = time.monotonic()
    if context.stop.is_set():
        context.progress(Note("phase II (validation check) was skipped: the search was stopped"))
        validated = ValidationResult((), (), 0, 0, 0)
    else:
        store = None if context.run is None else CheckStore(context.run.archive)
        validated = validate(
            list(phase1.candidates.values()),
            context.proxy,
            context.options,
            context.progress,
            context.stop,
            store,
        )
    context.seconds["2"] = time.monotonic() - began
    return validated
