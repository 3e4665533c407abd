"""A trial: one loss at one eps, scale and seed. Grids of trials, and the key that a finished one is stored under."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from symloss.compile.program import ProgramBatch
from symloss.compile.unit_gradient import rounded, unit_factors
from symloss.data.dataset import Dataset
from symloss.loss import Loss
from symloss.tasks.fingerprint import trained_digest
from symloss.tasks.rating_task import of
from symloss.tasks.task import Task
from symloss.training.member import Member
from symloss.training.settings import TrainingSettings

KEY_FORMAT = 1
"""Part of every key; raised when training changes its numbers, so that old ones are not taken for new ones."""

SETTINGS_IN_KEY = (
    "learning_rate",
    "l2",
    "batch_size",
    "gradient_clip",
    "max_epochs",
    "patience",
    "metric",
    "optimizer",
    "device",
)
"""What decides the numbers of a training; threads do not, and the seed is the trial's own."""


@dataclass(frozen=True, eq=False)
class Trial:
    """One loss at one eps, scale and seed; eps is None where the loss has none."""

    loss: Loss
    eps: float | None
    scale: float
    seed: int

    def member(self) -> Member:
        """Return the member of a population that trains it."""
        return Member(
            program=self.loss.program(),
            eps=self.loss.eps_value if self.eps is None else self.eps,
            scale=self.scale,
            seed=self.seed,
            takes_score=self.loss.takes_score,
            label=self.loss.title,
        )

    def with_seed(self, seed: int) -> Trial:
        """Return the same loss, eps and scale with another seed."""
        return Trial(self.loss, self.eps, self.scale, seed)

    @property
    def title(self) -> str:
        """The loss in words, with its eps and its scale where that is not 1."""
        eps = "" if self.eps is None else f" at eps {self.eps:g}"
        return self.loss.title + eps + ("" if self.scale == 1 else f", times {self.scale:g}")


def grid(
    loss: Loss, eps_grid: Sequence[float], scale_grid: Sequence[float], seeds: Sequence[int]
) -> list[Trial]:
    """Return the trials of a loss: a loss with a fixed eps, or without one, has the scales only.

    The scales are relative to that of the loss; a trial holds the formula with scale 1, and the product as its scale.
    """
    own = loss.scale
    loss = loss if own == 1 else loss.with_scale(1)
    values: Sequence[float | None] = [loss.eps]
    if loss.has_eps and loss.eps is None:
        # with_eps refuses values that the loss's protected operators do not allow
        values = [loss.with_eps(value).eps for value in eps_grid]
    return [Trial(loss, eps, own * scale, seed) for seed in seeds for eps in values for scale in scale_grid]


def unit_grid(
    loss: Loss, eps_grid: Sequence[float], unit_scales: Sequence[float], seeds: Sequence[int]
) -> list[Trial]:
    """Return trials whose scales are relative to a unit gradient (see `unit_gradient`), and those at the loss's own.

    Scales are rounded to three digits, so that a report can be repeated by hand.
    """
    trials = []
    for plain in grid(loss, eps_grid, [1.0], seeds):
        member = plain.member()
        programs = ProgramBatch.pack([member.program], [member.eps], takes_score=[member.takes_score])
        unit = float(unit_factors(programs, loss.domain)[0])
        scales = dict.fromkeys(rounded(scale * unit) for scale in unit_scales)
        own = plain.scale
        trials += [replace(plain, scale=scale) for scale in [*scales, *({} if own in scales else [own])]]
    return trials


def finer_scales(scale_grid: Sequence[float], count: int) -> tuple[float, ...]:
    """Return the grid with equal ratios inserted between neighbours, until it has at least `count` values.

    The range and the given values stay. A grid of one value can't be made finer.
    """
    ordered = sorted(scale_grid)
    gaps = len(ordered) - 1
    if gaps < 1 or count <= len(ordered):
        return tuple(scale_grid)
    steps = -(-(count - 1) // gaps)
    inserted = [low * (high / low) ** (k / steps) for low, high in pairwise(ordered) for k in range(steps)]
    # a value of the grid itself is taken as it is given
    exact = {place * steps: value for place, value in enumerate(ordered)}
    return tuple(exact.get(place, value) for place, value in enumerate([*inserted, ordered[-1]]))


def dataset_fingerprint(dataset: Task | Dataset) -> str:
    """Return a number of the rows that training and validation see, as 16 hexadecimal digits."""
    return trained_digest(of(dataset))


def describe(trial: Trial, settings: TrainingSettings, model: str, fingerprint: str) -> dict[str, Any]:
    """Return everything that the outcome of a trial depends on, ready for JSON."""
    return {
        "format": KEY_FORMAT,
        "formula": trial.loss.plain_formula,
        "labels": str(trial.loss.domain.labels),
        "input": str(trial.loss.domain.input),
        "eps": trial.loss.eps_value if trial.eps is None else trial.eps,
        "scale": trial.scale,
        "seed": trial.seed,
        "model": model,
        "dataset": fingerprint,
        **{name: _plain(getattr(settings, name)) for name in SETTINGS_IN_KEY},
    }


def trial_key(description: dict[str, Any]) -> str:
    """Return the key of what `describe` gives: equal keys mean equal trainings."""
    text = json.dumps(description, sort_keys=True)
    return "trial-" + hashlib.sha256(text.encode()).hexdigest()[:32]


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float) else str(value)
