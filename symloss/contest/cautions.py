"""What a reader of results should be warned of: trainings cut short, nothing learned, senseless scales."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symloss.contest.evaluation import EvaluationResult
from symloss.data.dataset import Dataset
from symloss.errors import SymlossError
from symloss.symbolic.check import quick_verdict
from symloss.tasks.metric import Metric
from symloss.tasks.rating_task import of
from symloss.tasks.references import Reference, best_reference
from symloss.tasks.task import Task, warnings_of
from symloss.training.outcome import Outcome

LARGEST_SCALE = 1000.0
"""Scales above it, and below its reciprocal, say that a formula's gradient is out of all proportion."""

MOST_NAMED = 3

MOST_CHECK_SECONDS = 2.0
"""For one loss at most; nearly all take a tenth of it."""


@dataclass(frozen=True)
class Caution:
    """A warning about results.

    Attributes:
        code: "not_converged", "nothing_learned", "below_means", "extreme_scale", "extreme_share" or "invalid_loss".
        text: a sentence without its full stop.
    """

    code: str
    text: str

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {"code": self.code, "text": self.text}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Caution:
        """Return the warning that `to_json` wrote."""
        return cls(str(document["code"]), str(document["text"]))


def cautions(
    results: Sequence[EvaluationResult],
    references: Sequence[Reference],
    dataset: Task | Dataset,
    metric: Metric,
) -> tuple[Caution, ...]:
    """Return what the results of trainings to convergence call for.

    Args:
        results: one a loss and seed.
        references: the trivial baselines on the same data, the first one the same prediction for all rows.
        dataset: the task that was trained on, or its data set of ratings.
        metric: the validation metric.
    """
    task = of(dataset)
    found = [
        _not_converged(results),
        _nothing_learned(results, references, task, metric),
        _below_means(results, references, metric),
        _extreme_scale(results),
    ]
    texts = [one for one in found if one is not None]
    return (*texts, *(Caution("extreme_share", text) for text in warnings_of(task)))


def _not_converged(results: Sequence[EvaluationResult]) -> Caution | None:
    cut = [one for one in results if one.outcome == Outcome.MAX_EPOCHS and one.best_epoch == one.epochs]
    if not cut:
        return None
    of = max(one.epochs for one in cut)
    text = f"not converged: the best epoch is the last one ({of:,} of {of:,}) for {_named(cut)}"
    return Caution("not_converged", f"{text}; raise --max-epochs or --learning-rate")


def _nothing_learned(
    results: Sequence[EvaluationResult], references: Sequence[Reference], task: Task, metric: Metric
) -> Caution | None:
    values = _finite(results, metric)
    if not values:
        return None
    constant = (
        None if not references else (references[0].name, references[0].metrics.get(metric.name, math.nan))
    )
    clause = metric.nothing_learned(values, task.test.labels, constant)
    if clause is None:
        return None
    advice = "look at the model or the settings (epochs, learning rate), not at the loss"
    return Caution("nothing_learned", f"nothing was learned: {clause}; {advice}")


def _below_means(
    results: Sequence[EvaluationResult], references: Sequence[Reference], metric: Metric
) -> Caution | None:
    values = _finite(results, metric)
    best = best_reference(references, metric)
    if not values or best is None:
        return None
    if max(metric.sign * value for value in values) > metric.sign * best[1]:
        return None
    return Caution(
        "below_means",
        f"no loss is better than {best[0]} (test {metric.title} {best[1]:.4f}), which need no training: "
        "model or settings, not the loss",
    )


def _extreme_scale(results: Sequence[EvaluationResult]) -> Caution | None:
    far = [one for one in results if not 1 / LARGEST_SCALE <= one.scale <= LARGEST_SCALE]
    if not far:
        return None
    worst = max(far, key=lambda one: abs(math.log10(one.scale)))
    single = np.finfo(np.float32)
    beyond = not float(single.tiny) <= worst.scale <= float(single.max)
    kind = "beyond what a float32 holds" if beyond else "beyond sense"
    return Caution(
        "extreme_scale",
        f"a scale {kind}: {_named(far)}, times {worst.scale:g}; the gradient of the formula itself is then hardly "
        "more than rounding, or overflows",
    )


def _finite(results: Sequence[EvaluationResult], metric: Metric) -> list[float]:
    values = [one.metrics.get(metric.name, math.nan) for one in results]
    return [value for value in values if math.isfinite(value)]


def _named(results: Sequence[EvaluationResult]) -> str:
    names = list(dict.fromkeys(one.loss for one in results))
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def invalid_losses(results: Sequence[EvaluationResult], seconds: float = 6.0) -> tuple[Caution, ...]:
    """Return a warning where losses were trained whose gradient is proved to point the wrong way.

    Args:
        results: each loss is checked at its best eps, once.
        seconds: for all checks; what is not checked by then is not warned of.
    """
    left = seconds
    wrong: list[EvaluationResult] = []
    seen: set[tuple[str, float | None, str, str]] = set()
    for one in results:
        key = (one.formula, one.eps, one.labels, one.input)
        if key in seen or left <= 0:
            continue
        seen.add(key)
        began, limit = time.monotonic(), min(left, MOST_CHECK_SECONDS)
        if _is_invalid(one, limit):
            wrong.append(one)
        # that the first check may wait for its worker to start costs no other its time
        left -= min(limit, time.monotonic() - began)
    if not wrong:
        return ()
    text = f"check: invalid, trained all the same: {_named(wrong)}"
    return (Caution("invalid_loss", f"{text}; symloss check says where the gradient points the wrong way"),)


def _is_invalid(result: EvaluationResult, seconds: float) -> bool:
    try:
        return quick_verdict(result.fitted, time_limit=seconds) == "invalid"
    except SymlossError:
        # a loss that trains but can't be checked is no reason to lose its results
        return False
