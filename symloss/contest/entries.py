"""Who takes part in a contest: each gradient once, with the same tuning budget.

Losses that are proportional count as one, since all are tried at several scales.
Baselines come first, so a candidate that is a baseline times a factor is dropped
under that baseline's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from symloss.contest.options import ContestOptions
from symloss.contest.trial import Trial, finer_scales, grid, unit_grid
from symloss.loss import Loss
from symloss.symbolic.field.factor_text import factor_text
from symloss.symbolic.same.duplicate_index import DuplicateIndex
from symloss.symbolic.same.same_gradient import compare

SECONDS = 2.0
"""Time limit of one comparison."""


@dataclass(frozen=True, eq=False)
class Contender:
    """A candidate.

    Attributes:
        loss: the loss; its eps may be open.
        eps_values: where eps is open, the values that it is valid for; empty for the whole grid.
    """

    loss: Loss
    eps_values: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Entry:
    """A loss in a contest, with the configurations it is tried at.

    Attributes:
        number: its place among the entries; baselines come first.
        loss: the loss.
        baseline: whether it is a handcrafted one.
        trials: its configurations, at the seed of the rungs.
    """

    number: int
    loss: Loss
    baseline: bool
    trials: tuple[Trial, ...]


@dataclass(frozen=True)
class SameLoss:
    """A loss that is another one times a factor.

    Attributes:
        formula: what was left out.
        same_as: the loss that stands for both.
        baseline: whether that one is a baseline.
        factor: gradient of the first = factor * gradient of the second, as text.
    """

    formula: str
    same_as: str
    baseline: bool
    factor: str

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def contest_entries(
    candidates: Sequence[Contender], baselines: Sequence[Loss], options: ContestOptions
) -> tuple[list[Entry], list[SameLoss]]:
    """Return the losses that take part, baselines first, and those left out as proportional to one of them."""
    known = _Gradients()
    same: list[SameLoss] = []
    kept: list[tuple[Contender, bool]] = []
    everyone = [(Contender(loss), True) for loss in baselines] + [(one, False) for one in candidates]
    for contender, baseline in everyone:
        match = known.add(contender.loss, baseline)
        if match is None:
            kept.append((contender, baseline))
        else:
            same.append(match)
    grids = [_grid(one, options.scale_grid, options) for one, _ in kept]
    budget = max((len(trials) for trials in grids), default=0)
    entries = []
    for number, ((one, baseline), trials) in enumerate(zip(kept, grids, strict=True)):
        values = len({trial.eps for trial in trials})
        if options.match_budget and len(trials) < budget:
            trials = _grid(one, finer_scales(options.scale_grid, -(-budget // values)), options)
        entries.append(Entry(number, one.loss, baseline, tuple(trials)))
    return entries, same


def _grid(one: Contender, scales: Sequence[float], options: ContestOptions) -> list[Trial]:
    make = unit_grid if options.unit_scale else grid
    return make(one.loss, one.eps_values or options.eps_grid, scales, [options.seed])


class _Gradients:
    """Losses of any domain, no two of them proportional."""

    def __init__(self) -> None:
        self._indices: dict[Any, DuplicateIndex] = {}
        self._relatives: dict[tuple[Any, int], list[tuple[Loss, bool]]] = {}

    def add(self, loss: Loss, baseline: bool) -> SameLoss | None:
        """Add a loss, or return the earlier one that it is a multiple of."""
        domain = loss.domain
        index = self._indices.setdefault(domain, DuplicateIndex(domain, time_limit=SECONDS))
        try:
            match = index.add(loss)
        except Exception:
            # a loss that can't be compared counts as new: a doubtful copy costs trainings, not the contest
            return None
        if match is None:
            self._relatives[domain, len(index) - 1] = [(loss, baseline)]
            return None
        # MaxR and SumR have one factor for each label: no scale turns one into the other, so both take part
        relatives = self._relatives[domain, match.entry]
        for other, other_baseline in relatives:
            factor = _one_factor(loss, other)
            if factor is not None:
                return SameLoss(loss.plain_formula, other.title, other_baseline, factor)
        relatives.append((loss, baseline))
        return None


def _one_factor(loss: Loss, other: Loss) -> str | None:
    """Return the factor between two gradients as text, where it is the same for all labels."""
    try:
        factors = compare(loss, other, SECONDS).factors
    except Exception:
        return None
    if factors is None or len(set(factors.values())) != 1:
        return None
    return factor_text(next(iter(factors.values())))
