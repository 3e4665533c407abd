"""How training results are shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from .output import table

if TYPE_CHECKING:
    from symloss.data import Dataset
    from symloss.search.contest_result import ContestResult, Standing
    from symloss.search.effectiveness import EvaluationResult
    from symloss.search.significance import Comparison

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


def show_comparison(console: Console, comparison: Comparison | None) -> None:
    """Print the tests between the best loss by validation and the others, a paragraph each."""
    if comparison is None:
        return
    console.print(f"Best by mean validation metric: {comparison.best}", highlight=False, markup=False)
    for test in comparison.tests:
        console.print(test.sentence, highlight=False, markup=False)


def show_contest(console: Console, result: ContestResult) -> None:
    """Print a contest: the winner beside the baselines, how they were found, and the result in words."""
    name = result.metric.upper()
    scored = f"test {name}"
    rows = [_standing_row(who, one, result.metric) for who, one in _standings(result)]
    columns = ["", "loss", "eps", "scale", scored, "±", f"valid {result.metric}", "seeds", "tried"]
    console.print(table("The winner and the baselines, each tuned alike", columns, rows, right=columns[2:]))
    rungs = [
        [rung.epochs, f"{rung.learning_rate:g}", rung.losses, rung.trials, rung.losses_kept, rung.best_metric]
        for rung in result.rungs
    ]
    columns = ["epochs", "rate", "losses", "trainings", "kept", f"best valid {result.metric}"]
    console.print(table("Successive halving", columns, rungs, right=columns))
    for same in result.same:
        console.print(f"{same.formula} is {same.same_as} times {same.factor}", highlight=False, markup=False)
    console.print(result.sentence, highlight=False, markup=False)


def _standings(result: ContestResult) -> list[tuple[str, Standing]]:
    """Name each tested loss, the winner first; those at scale 1 only where another scale was better."""
    named = [("winner", result.winner)]
    named += [("baseline", one) for one in result.baselines]
    for tuned, at_one in (
        (result.winner, result.winner_unscaled),
        (next(iter(result.baselines), None), result.baseline_unscaled),
    ):
        if at_one is not None and at_one is not tuned:
            named.append(("at scale 1", at_one))
    return [(who, one) for who, one in named if one is not None]


def _standing_row(who: str, one: Standing, metric: str) -> list[object]:
    test = one.test[metric]
    return [
        who,
        one.loss,
        "" if one.eps is None else f"{one.eps:g}",
        f"{one.scale:g}",
        test.mean,
        None if math.isnan(test.deviation) else test.deviation,
        one.valid.mean,
        len(one.results),
        one.trials,
    ]
