"""What became of a sampled loss, as sentences that logs, reports and errors share."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """The outcomes of phase I; counts and the archive use the names, people read the sentences."""

    ZERO_GRADIENT = "zero gradient: no sampled prediction changes the loss"
    NOT_FINITE = "not finite: the gradient overflows or is not a number at a sampled prediction"
    TOO_COMPLEX = "too complex: it has more operators than --max-complexity allows"
    DUPLICATE = "duplicate: a known loss has the same gradient, and its reward is used"
    WRONG_DIRECTION = (
        "wrong direction: at a sampled prediction it pushes away from the label, or one label has no pull"
    )
    DIVERGED = "diverged: training gave NaN or infinite numbers"
    TRAINED = "trained: its reward was measured, and its copy did not take the recommender's place"
    KEPT = "kept: its copy was the best of its loop, and took the recommender's place"

    @property
    def key(self) -> str:
        """The name in lower case: "zero_gradient" and so on."""
        return self.name.lower()

    @classmethod
    def of_key(cls, key: str) -> Outcome:
        """Return the outcome that `key` names."""
        return cls[key.upper()]
