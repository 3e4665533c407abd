"""How many losses phase I sampled, dropped by reason, and trained."""

from __future__ import annotations

from symloss.search.outcome import Outcome


class Counts:
    """Counts by key: "sampled", "distinct", and one for each outcome.

    "trained" counts epochs of training and holds the kept and diverged ones too;
    every other outcome counts sampled losses.
    """

    def __init__(self) -> None:
        """Start at zero."""
        self._numbers = dict.fromkeys(["sampled", "distinct", *(outcome.key for outcome in Outcome)], 0)

    def add(self, key: str | Outcome, number: int = 1) -> None:
        """Count `number` more."""
        self._numbers[key.key if isinstance(key, Outcome) else key] += number

    def as_dict(self) -> dict[str, int]:
        """Return a copy of all counts."""
        return dict(self._numbers)
