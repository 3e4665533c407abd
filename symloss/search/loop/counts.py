"""How many losses phase I sampled, dropped by reason, and trained."""

from __future__ import annotations

from collections.abc import Mapping

from symloss.search.candidates.outcome import Outcome


class Counts:
    """Counts by key: "sampled", "distinct", and one for each outcome.

    "trained" counts losses that were trained and holds the kept and diverged ones too;
    every other outcome counts sampled losses.
    """

    def __init__(self, numbers: Mapping[str, int] | None = None) -> None:
        """Start at zero, or from what `as_dict` gave."""
        self._numbers = dict.fromkeys(["sampled", "distinct", *(outcome.key for outcome in Outcome)], 0)
        self._numbers.update(numbers or {})

    def __getitem__(self, key: str | Outcome) -> int:
        """Return one count."""
        return self._numbers[key.key if isinstance(key, Outcome) else key]

    def add(self, key: str | Outcome, number: int = 1) -> None:
        """Count `number` more."""
        self._numbers[key.key if isinstance(key, Outcome) else key] += number

    def as_dict(self) -> dict[str, int]:
        """Return a copy of all counts."""
        return dict(self._numbers)
