"""When phase I is over: by loops, by time, by losses trained."""

from __future__ import annotations

from symloss.search.counts import Counts
from symloss.search.options import SearchOptions

PATIENCE = 10_000
"""Where losses trained are the only budget, so many loops without one end phase I: there may be none left."""


def budget_over(options: SearchOptions, loops: int, seconds: float, counts: Counts) -> bool:
    """Return whether a budget is used up; the loop that uses up one of losses trained is done to its end."""
    return (
        (options.loops is not None and loops >= options.loops)
        or (options.time_limit is not None and seconds >= options.time_limit)
        or (options.max_trained is not None and counts["trained"] >= options.max_trained)
    )
