"""Who takes part in a contest: each gradient once, with the same tuning budget.

Losses that are proportional count as one, since all are tried at several scales.
Baselines come first, so a candidate that is a baseline times a factor is dropped
under that baseline's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from symloss.contest.distinct_losses import DistinctLosses
from symloss.contest.options import ContestOptions
from symloss.contest.trial import Trial, finer_scales, grid, unit_grid
from symloss.loss import Loss


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
    known = DistinctLosses()
    same: list[SameLoss] = []
    kept: list[tuple[Contender, bool]] = []
    everyone = [(Contender(loss), True) for loss in baselines] + [(one, False) for one in candidates]
    for contender, baseline in everyone:
        loss, earlier = contender.loss, known.add(contender.loss)
        if earlier is None:
            kept.append((contender, baseline))
        else:
            known_baseline = any(one is earlier.loss for one in baselines)
            same.append(SameLoss(loss.plain_formula, earlier.loss.title, known_baseline, earlier.factor))
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
