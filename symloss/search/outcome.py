"""What became of a sampled loss, as sentences that logs, reports and errors share."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """The outcomes of phase I; `counts` and `candidates.jsonl` use the names, people read the sentences."""

    ZERO_GRADIENT = "zero gradient: no sampled prediction changes the loss"
    NOT_FINITE = "not finite: the gradient overflows or is not a number at a sampled prediction"
    DUPLICATE = "duplicate: a known loss has the same gradient, and its reward is used"
    WRONG_DIRECTION = (
        "wrong direction: at a sampled prediction it pushes away from the label, or one label has no pull"
    )
    DIVERGED = "diverged: training for one epoch gave NaN or infinite numbers"
    TRAINED = "trained: one epoch on a copy of the recommender, which then was no better than before"
    KEPT = "kept: one epoch made the recommender better, and the trained copy took its place"

    @property
    def key(self) -> str:
        """The name in lower case: "zero_gradient" and so on."""
        return self.name.lower()
