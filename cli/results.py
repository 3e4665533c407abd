"""How training results are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from .output import table

if TYPE_CHECKING:
    from symloss.data import Dataset
    from symloss.search.effectiveness import EvaluationResult

COLUMNS = (
    "loss",
    "eps",
    "scale",
    "seed",
    "AUC",
    "F1",
    "accuracy",
    "RMSE",
    "MAE",
    "valid",
    "epoch",
    "epochs",
    "seconds",
)


def dataset_line(dataset: Dataset, model: str) -> str:
    """Say in one line what was trained on what."""
    rows = ", ".join(f"{len(part):,} {name}" for name, part in dataset.parts().items())
    return f"{model} on {dataset.name}: {dataset.n_users:,} users, {dataset.n_items:,} items, {rows}"


def results_table(title: str, results: Sequence[EvaluationResult], metric: str) -> Table:
    """Build the table of results; `metric` names the validation metric."""
    rows = []
    for result in results:
        metrics = result.metrics
        rows.append(
            [
                result.loss,
                "" if result.eps is None else f"{result.eps:g}",
                f"{result.scale:g}",
                result.seed,
                *[metrics[name] for name in ("auc", "f1", "accuracy", "rmse", "mae")],
                result.valid_metric,
                result.best_epoch,
                result.epochs,
                f"{result.seconds:.1f}",
            ]
        )
    columns = [f"valid {metric}" if column == "valid" else column for column in COLUMNS]
    return table(title, columns, rows, right=columns[1:])
