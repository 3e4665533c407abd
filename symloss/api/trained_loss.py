"""A loss with what a model reached by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from symloss.contest.evaluation import EvaluationResult
from symloss.loss import Loss
from symloss.tasks.references import Reference

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class TrainedLoss:
    """A loss at its best eps and scale by validation, and what it reached.

    Attributes:
        loss: with its eps, its scale and its domain.
        metrics: of the test part by name, means over the seeds.
        valid_metric: likewise, the validation metric.
        results: one a seed.
    """

    loss: Loss
    metrics: Mapping[str, float]
    valid_metric: float
    results: tuple[EvaluationResult, ...]

    @classmethod
    def of(cls, results: Sequence[EvaluationResult]) -> TrainedLoss:
        """Summarise the results of one loss, at least one.

        Each seed has chosen an eps and a scale of its own; those of the first seed stand for all.
        """
        first = results[0]
        metrics = {name: float(np.mean([one.metrics[name] for one in results])) for name in first.metrics}
        valid = float(np.mean([one.valid_metric for one in results]))
        return cls(first.fitted, metrics, valid, tuple(results))


def frame_of(
    rows: Iterable[tuple[str, EvaluationResult]], references: Iterable[Reference] = ()
) -> pd.DataFrame:
    """Return results as a table.

    Args:
        rows: what each is ("found", "baseline", ""), and the result.
        references: the trivial baselines, which come last with the role "reference".

    Returns:
        Columns role, loss, formula, eps, scale, seed, each test metric by its name, valid_metric, best_epoch, epochs,
        seconds and outcome; what a reference does not have is missing.
    """
    import pandas as pd

    names = ("loss", "formula", "eps", "scale", "seed")
    after = ("valid_metric", "best_epoch", "epochs", "seconds", "outcome")
    table: list[dict[str, Any]] = [
        {
            "role": role,
            **{name: getattr(one, name) for name in names},
            **one.metrics,
            **{name: getattr(one, name) for name in after},
        }
        for role, one in rows
    ]
    table += [
        {"role": "reference", "loss": one.name, **one.metrics, "valid_metric": one.valid_metric}
        for one in references
    ]
    return pd.DataFrame(table)
