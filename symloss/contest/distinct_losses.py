"""Which losses are the same where all are tried at several scales: equal gradients up to one factor, exactly."""

from __future__ import annotations

from dataclasses import dataclass

from symloss.loss import Loss
from symloss.signature import Domain
from symloss.symbolic.faults import say_fault
from symloss.symbolic.field.factor_text import factor_text
from symloss.symbolic.same.duplicate_index import DuplicateIndex
from symloss.symbolic.same.same_gradient import compare

SECONDS = 2.0
"""Time limit of one comparison."""


@dataclass(frozen=True, eq=False)
class Multiple:
    """A loss that was added before.

    Attributes:
        loss: that loss.
        factor: gradient of the new loss = factor * gradient of this one, as text.
    """

    loss: Loss
    factor: str


class DistinctLosses:
    """Losses, no two on one domain the same up to a factor.

    The index finds an earlier loss with the same gradient up to a factor for each label. Where the factors differ by
    label, as for MaxR and SumR, no scale turns one loss into the other: such losses are told apart among themselves.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._indices: dict[Domain, DuplicateIndex] = {}
        self._relatives: dict[tuple[Domain, int], list[Loss]] = {}

    def add(self, loss: Loss) -> Multiple | None:
        """Add a loss, or leave it out and return the earlier one that it is a multiple of."""
        domain = loss.domain
        index = self._indices.setdefault(domain, DuplicateIndex(domain, time_limit=SECONDS))
        try:
            match = index.add(loss)
        except Exception as error:
            # a loss that can't be compared counts as new: a doubtful copy costs trainings, not a search
            say_fault(error, f"the comparison of {loss}")
            return None
        if match is None:
            self._relatives[domain, len(index) - 1] = [loss]
            return None
        relatives = self._relatives[domain, match.entry]
        for relative in relatives:
            factor = _one_factor(loss, relative)
            if factor is not None:
                return Multiple(relative, factor)
        relatives.append(loss)
        return None


def _one_factor(loss: Loss, other: Loss) -> str | None:
    """Return the factor between two gradients as text, where it is the same for all labels."""
    try:
        factors = compare(loss, other, SECONDS).factors
    except Exception as error:
        say_fault(error, f"the comparison of {loss} and {other}")
        return None
    if factors is None or len(set(factors.values())) != 1:
        return None
    return factor_text(next(iter(factors.values())))
