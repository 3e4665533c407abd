"""Losses of which none is another one times a factor, decided exactly: what phase II and a contest count once."""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr

from symloss.formula.spec import LossSpec
from symloss.signature import Domain
from symloss.symbolic.same.duplicate_index import DuplicateIndex
from symloss.symbolic.same.same_gradient import compare

SECONDS = 2.0
"""Time limit of one comparison."""


@dataclass(frozen=True)
class Multiple:
    """What a loss is a multiple of.

    Attributes:
        of: the number of the earlier loss, in the order in which losses were taken up.
        factor: gradient of the new loss = factor * gradient of the earlier one.
    """

    of: int
    factor: Expr


class DistinctLosses:
    """Losses of any domain, no two of them the same up to a factor; a grid of scales makes up for that.

    The index finds an earlier loss with the same gradient up to a factor for each label. Where the factors differ by
    label, as for MaxR and SumR, no scale turns one loss into the other: such losses are told apart among themselves.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._losses: list[LossSpec] = []
        self._indices: dict[Domain, DuplicateIndex] = {}
        self._relatives: dict[tuple[Domain, int], list[int]] = {}

    def __len__(self) -> int:
        """Return how many losses were taken up."""
        return len(self._losses)

    def add(self, loss: LossSpec) -> Multiple | None:
        """Take up a loss and return None; return what it is a multiple of, and leave it out, if it is one.

        One that can't be compared counts as new: a doubtful copy costs trainings, not the run.
        """
        number = len(self._losses)
        try:
            domain = loss.domain
            index = self._indices.setdefault(domain, DuplicateIndex(domain, time_limit=SECONDS))
            match = index.add(loss)
        except Exception:
            self._losses.append(loss)
            return None
        relatives = self._relatives.setdefault((domain, len(index) - 1 if match is None else match.entry), [])
        for earlier in relatives:
            factor = _one_factor(loss, self._losses[earlier])
            if factor is not None:
                return Multiple(earlier, factor)
        self._losses.append(loss)
        relatives.append(number)
        return None


def _one_factor(loss: LossSpec, other: LossSpec) -> Expr | None:
    """Return the factor between two gradients, where it is the same for all labels."""
    try:
        factors = compare(loss, other, SECONDS).factors
    except Exception:
        return None
    return next(iter(factors.values())) if factors and len(set(factors.values())) == 1 else None
