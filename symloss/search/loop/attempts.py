"""The ways a loss is tried in phase I: every eps that it may have, at every scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symloss.compile.program import EPS, Program, ProgramBatch
from symloss.compile.unit_gradient import rounded, unit_factors
from symloss.search.candidates.candidate import Attempt
from symloss.signature import Domain
from symloss.tasks.metric import Metric
from symloss.training.member import Member


@dataclass(frozen=True)
class AttemptGrid:
    """Which members a loss is tried as.

    Attributes:
        eps: the values of eps; a loss without eps takes the first only.
        scales: the factors on each loss.
        takes_score: whether losses see the raw score.
        unit_domain: where given, scales are relative to a unit gradient on this domain (see `unit_gradient`).
    """

    eps: tuple[float, ...]
    scales: tuple[float, ...]
    takes_score: bool
    unit_domain: Domain | None = None

    def members(self, programs: Sequence[Program], seed: int) -> tuple[list[Member], list[int]]:
        """Return the members of all losses, in order, and for each the number of its loss."""
        members: list[Member] = []
        owners: list[int] = []
        units = {eps: self._units(programs, eps) for eps in self.eps}
        for number, program in enumerate(programs):
            for eps in self.eps if program.uses(EPS) else self.eps[:1]:
                for scale in self.scales:
                    factor = scale if self.unit_domain is None else rounded(scale * units[eps][number])
                    members.append(Member(program, eps, factor, seed, self.takes_score))
                    owners.append(number)
        return members, owners

    def _units(self, programs: Sequence[Program], eps: float) -> list[float]:
        """Return for each program what a scale of 1 stands for."""
        if self.unit_domain is None or not programs:
            return [1.0] * len(programs)
        takes_score = [self.takes_score] * len(programs)
        batch = ProgramBatch.pack(programs, [eps] * len(programs), takes_score=takes_score)
        return [float(factor) for factor in unit_factors(batch, self.unit_domain)]


def best_attempts(
    metrics: Sequence[float | None], members: Sequence[Member], owners: Sequence[int], metric: Metric
) -> list[Attempt]:
    """Return each loss's best attempt, the first of equal ones.

    Args:
        metrics: of each member; None where it diverged.
        members, owners: as `AttemptGrid.members` gives them.
        metric: says what is better.
    """
    best: list[Attempt] = []
    for value, member, owner in zip(metrics, members, owners, strict=True):
        attempt = Attempt(value, member.eps, member.scale)
        if owner == len(best):
            best.append(attempt)
            continue
        known = best[owner].metric
        if value is not None and (known is None or metric.improves(value, known)):
            best[owner] = attempt
    return best
