"""How training results are shown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from .output import table

if TYPE_CHECKING:
    from symloss.data import Dataset
    from symloss.search.contest.effectiveness import EvaluationResult
    from symloss.search.contest.significance import Comparison

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


def show_contest(console: Console, contest: Mapping[str, Any]) -> None:
    """Print a contest (`ContestResult.to_json`): winner and baselines, how they were found, the result in words."""
    metric = contest["metric"]
    rows = [_standing_row(who, one, metric) for who, one in _standings(contest)]
    columns = ["", "loss", "eps", "scale", f"test {metric.upper()}", "±", f"valid {metric}", "seeds", "tried"]
    console.print(table("The winner and the baselines, each tuned alike", columns, rows, right=columns[2:]))
    names = ("epochs", "learning_rate", "losses", "trials", "losses_kept", "best_metric")
    rungs = [[rung[name] for name in names] for rung in contest["rungs"]]
    columns = ["epochs", "rate", "losses", "trainings", "kept", f"best valid {metric}"]
    console.print(table("Successive halving", columns, rungs, right=columns))
    for same in contest["same"]:
        text = f"{same['formula']} is {same['same_as']} times {same['factor']}"
        console.print(text, highlight=False, markup=False)
    console.print(contest["sentence"], highlight=False, markup=False)


def _standings(contest: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Name each tested loss, the winner first; those at scale 1 only where another scale was better."""
    named = [("winner", contest["winner"]), *(("baseline", one) for one in contest["baselines"])]
    tuned = (contest["winner"], next(iter(contest["baselines"]), None))
    for best, at_one in zip(tuned, (contest["winner_unscaled"], contest["baseline_unscaled"]), strict=True):
        if at_one is not None and best is not None and at_one["scale"] != best["scale"]:
            named.append(("at scale 1", at_one))
    return [(who, one) for who, one in named if one is not None]


def _standing_row(who: str, one: Mapping[str, Any], metric: str) -> list[object]:
    deviation = one["deviations"][metric]
    return [
        who,
        one["loss"],
        "" if one["eps"] is None else f"{one['eps']:g}",
        f"{one['scale']:g}",
        one["metrics"][metric],
        None if deviation is None or math.isnan(deviation) else deviation,
        one["valid_metric"],
        len(one["seeds"]),
        one["trials"],
    ]
