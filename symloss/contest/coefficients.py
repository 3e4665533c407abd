"""Numbers inside a loss, fitted by a search over the validation metric (the paper's first item of future work).

A *slot* is a place where a factor changes the shape of a loss and not only its
scale: a term of a sum, an operand of max or min. The fit goes by coordinates: every
slot is tried with every factor of a grid, as one population of fast trainings; the best
change is taken, and the next round starts from it. Factors on the whole loss are tried
too, with the old numbers as well as with new ones, so that scale is never taken for shape.

Two guards: a change must keep the proof that the gradient points towards the label,
and its gain on validation must hold with every one of several seeds, since hundreds of
tries against one validation part find something by chance.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sympy import Expr

from symloss.contest.coefficient_slots import Slot, put_coefficient, with_coefficients
from symloss.contest.options import ContestOptions
from symloss.contest.trial import Trial
from symloss.contest.trial_runner import TrialRecord, TrialRunner
from symloss.contest.trial_store import Store
from symloss.engine.engine import Engine
from symloss.errors import OptionError
from symloss.loss import Loss
from symloss.ops.construct import NumberLimitError
from symloss.options.kinds import check_grid
from symloss.progress import PhaseStarted, SearchEvent, silent
from symloss.symbolic.faults import say_fault
from symloss.training.settings import TrainingSettings

__all__ = ["FittedLoss", "Slot", "fit_coefficients", "put_coefficient", "with_coefficients"]

COEFFICIENT_GRID = (0.25, 0.5, 1.0, 2.0, 4.0)
SCALE_STEPS = (0.5, 1.0, 2.0)
"""Factors on the whole loss that are tried with every change, relative to its best scale."""

MOST_CHECKS = 5
"""Changes of a round that are proved and trained with all seeds, best first, until one holds."""


@dataclass(frozen=True)
class Change:
    """A factor that was put into a slot, and its mean gain on validation over the seeds (positive is better)."""

    slot: Slot
    factor: float
    gain: float


@dataclass(frozen=True, eq=False)
class FittedLoss:
    """What the fit of one loss gave.

    Attributes:
        loss: with plain numbers in its formula; the given one where nothing held.
        eps: None where it has none.
        scale: the best factor on it in the fast trainings.
        changes: those that were accepted, in order; empty where nothing held.
        valid_before, valid_after: mean validation metric over the seeds, each at its best scale.
        gain: how much better the second is; positive is better, also for the RMSE.
        gains: the same for each seed.
        tried: trainings.
        invalid: changes left out because the proof of their direction failed.
        not_held: changes that were better with one seed and not with all.
    """

    loss: Loss
    eps: float | None
    scale: float
    changes: tuple[Change, ...]
    valid_before: float
    valid_after: float
    gain: float
    gains: tuple[float, ...]
    tried: int
    invalid: int
    not_held: int

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        names = ("eps", "scale", "valid_before", "valid_after", "gain", "tried", "invalid", "not_held")
        return {
            "formula": self.loss.formula,
            **{name: getattr(self, name) for name in names},
            "gains": list(self.gains),
            "changes": [
                {
                    "operand": one.slot.operand,
                    "inside": one.slot.inside,
                    "factor": one.factor,
                    "gain": one.gain,
                }
                for one in self.changes
            ],
        }


EPOCHS = 50
"""Of each training: from so many on losses can be told apart on MovieLens-100K (docs/effectiveness.md)."""


def fit_coefficients(
    loss: Loss,
    engine: Engine,
    *,
    eps: float | None = None,
    scale: float = 1.0,
    grid: Sequence[float] = COEFFICIENT_GRID,
    rounds: int = 2,
    seeds: Sequence[int] = (42, 43, 44),
    epochs: int = EPOCHS,
    least_gain: float = 5e-4,
    store: Store | None = None,
    progress: Callable[[SearchEvent], None] = silent,
    stop: threading.Event | None = None,
) -> FittedLoss:
    """Fit factors inside a loss by its validation metric in fast trainings.

    Args:
        loss: a valid loss.
        engine: of the model, the data and the settings; the test part is not read.
        eps: where the loss leaves it open.
        scale: its best factor so far.
        grid: factors to try in a slot; 1 is left out, as it changes nothing.
        rounds: changes at most, >= 1.
        seeds: a gain must hold with each of them; the first one is used to look for changes.
        epochs: of each training, at the fast rate of `ContestOptions.rung_settings`.
        least_gain: of the mean over seeds, in units of the metric, >= 0.
        store: remembers finished trainings.
        progress: receives `PhaseStarted` and `EvaluationStep`.
        stop: ends the fit; changes that were accepted by then are kept.

    Returns:
        The fitted loss, or the given one.

    Raises:
        OptionError: a grid or number is not allowed.
    """
    check_grid("coefficient", grid, None, None)
    if rounds < 1 or not seeds or epochs < 1 or not least_gain >= 0 or not 0 < scale < math.inf:
        raise OptionError(
            f"rounds {rounds}, seeds {list(seeds)}, epochs {epochs}, least_gain {least_gain:g} and scale {scale:g}: "
            "rounds and epochs must be at least 1, seeds one or more, least_gain at least 0, scale positive"
        )
    runner = TrialRunner(engine, store, progress, stop)
    (short,) = ContestOptions(rungs=(epochs,)).rung_settings(engine.settings)
    factors = [factor for factor in grid if factor != 1]
    return _Fit(runner, short, tuple(seeds), factors, least_gain).go(loss, eps, scale, rounds)


@dataclass(frozen=True, eq=False)
class _Level:
    """A loss at its best scale, with its validation metric for each seed."""

    loss: Loss
    scale: float
    ranks: tuple[float, ...]

    def gains(self, better: _Level) -> tuple[float, ...]:
        return tuple(old - new for old, new in zip(self.ranks, better.ranks, strict=True))


class _Fit:
    def __init__(
        self,
        runner: TrialRunner,
        settings: TrainingSettings,
        seeds: tuple[int, ...],
        factors: Sequence[float],
        least_gain: float,
    ) -> None:
        self.runner, self.settings, self.seeds = runner, settings, seeds
        self.factors, self.least_gain = factors, least_gain
        self.tried = self.invalid = self.not_held = 0
        self.seen: set[Expr] = set()

    def go(self, loss: Loss, eps: float | None, scale: float, rounds: int) -> FittedLoss:
        if loss.scale != 1:
            loss, scale = loss.with_scale(1), loss.scale * scale
        self.seen.add(loss.expression)
        eps = loss.eps if loss.eps is not None else eps
        if loss.has_eps and eps is None:
            raise OptionError(f"{loss.title} leaves eps open; give the value to fit its coefficients at")
        start = self._level(loss, eps, scale)
        now, changes = start, []
        for _ in range(rounds):
            step = self._round(now, eps)
            if step is None:
                break
            now, change = step
            changes.append(change)
        sign = -self.settings.validation_metric.sign
        gains = start.gains(now)
        return FittedLoss(
            loss=now.loss,
            eps=eps,
            scale=now.scale,
            changes=tuple(changes),
            valid_before=sign * _mean(start.ranks),
            valid_after=sign * _mean(now.ranks),
            gain=_mean(gains) if changes else 0.0,
            gains=gains if changes else tuple(0.0 for _ in gains),
            tried=self.tried,
            invalid=self.invalid,
            not_held=self.not_held,
        )

    def _round(self, now: _Level, eps: float | None) -> tuple[_Level, Change] | None:
        """Return the best change that is valid and holds, or None."""
        changed = [
            (slot, factor, loss)
            for slot in with_coefficients(now.loss)
            for factor in self.factors
            if (loss := self._new(now.loss, slot, factor)) is not None
        ]
        if not changed or self.runner.stop.is_set():
            return None
        scales = [now.scale * step for step in SCALE_STEPS]
        trials = [Trial(loss, eps, scale, self.seeds[0]) for *_, loss in changed for scale in scales]
        found = iter(self._train(trials))
        best = [min((next(found) for _ in scales), key=lambda record: record.rank) for _ in changed]
        order = sorted(range(len(changed)), key=lambda k: best[k].rank)
        for k in order[:MOST_CHECKS]:
            slot, factor, loss = changed[k]
            if self.runner.stop.is_set() or not best[k].rank < now.ranks[0] - self.least_gain:
                return None
            if not _valid(loss, eps):
                self.invalid += 1
                continue
            level = self._level(loss, eps, best[k].trial.scale)
            gains = now.gains(level)
            if min(gains) > 0 and _mean(gains) >= self.least_gain:
                return level, Change(slot, factor, _mean(gains))
            self.not_held += 1
        return None

    def _new(self, loss: Loss, slot: Slot, factor: float) -> Loss | None:
        """Return a changed loss that was not seen before."""
        try:
            changed = put_coefficient(loss, slot, factor)
        except NumberLimitError:
            return None
        if changed.expression in self.seen:
            return None
        self.seen.add(changed.expression)
        return changed

    def _level(self, loss: Loss, eps: float | None, scale: float) -> _Level:
        """Train a loss with all seeds at the neighbouring scales; the best scale by the mean counts."""
        scales = [scale * step for step in SCALE_STEPS]
        trials = [Trial(loss, eps, factor, seed) for factor in scales for seed in self.seeds]
        found = iter(self._train(trials))
        levels = [_Level(loss, factor, tuple(next(found).rank for _ in self.seeds)) for factor in scales]
        return min(levels, key=lambda level: _mean(level.ranks))

    def _train(self, trials: list[Trial]) -> list[TrialRecord]:
        self.tried += len(trials)
        self.runner.progress(PhaseStarted(3, len(trials), None, screening=True))
        records = self.runner.run(trials, self.settings)
        # what was cut short can't be compared with what was not
        return [replace(one, valid_metric=math.nan) if one.interrupted else one for one in records]


def _valid(loss: Loss, eps: float | None) -> bool:
    """Return whether the direction is proved at this eps; a check that fails counts as no proof."""
    try:
        return (loss if eps is None else loss.with_eps(eps)).check().verdict == "valid"
    except Exception as error:
        say_fault(error, f"the check of {loss}")
        return False


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
