"""Which losses are the same to a search: equal gradients up to one factor, decided exactly."""

from __future__ import annotations

from symloss.loss import Loss
from symloss.signature import Domain
from symloss.symbolic.same.duplicate_index import DuplicateIndex
from symloss.symbolic.same.same_gradient import compare

SECONDS = 2.0
"""Time limit of one comparison."""


class DistinctLosses:
    """Losses on one domain, no two of them the same up to a factor that phase III tries anyway.

    The index finds an earlier loss with the same gradient up to a factor for each label. Where the factors differ by
    label, as for MaxR and SumR, no scale turns one loss into the other: such losses are told apart among themselves.
    """

    def __init__(self, domain: Domain) -> None:
        """Start empty."""
        self._index = DuplicateIndex(domain, time_limit=SECONDS)
        self._relatives: dict[int, list[Loss]] = {}

    def add(self, loss: Loss) -> bool:
        """Add a loss; return False, and leave it out, if it is an earlier one times a factor."""
        match = self._index.add(loss)
        if match is None:
            self._relatives[len(self._index) - 1] = [loss]
            return True
        relatives = self._relatives[match.entry]
        if any(_same_up_to_scale(loss, relative) for relative in relatives):
            return False
        relatives.append(loss)
        return True


def _same_up_to_scale(loss: Loss, other: Loss) -> bool:
    factors = compare(loss, other, SECONDS).factors
    return factors is not None and len(set(factors.values())) == 1
