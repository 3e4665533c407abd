"""How training results are shown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from .output import table

if TYPE_CHECKING:
    from symloss.contest.cautions import Caution
    from symloss.contest.evaluation import EvaluationResult
    from symloss.contest.significance import Comparison
    from symloss.data import Dataset
    from symloss.tasks.metric import Metric
    from symloss.tasks.references import Reference
    from symloss.tasks.task import Task
    from symloss.training.clock import Size
    from symloss.training.settings import TrainingSettings


def dataset_line(dataset: Task | Dataset, model: str) -> str:
    """Say in one line what was trained on what."""
    from symloss.tasks.rating_task import of
    from symloss.tasks.task import parts_of

    task = of(dataset)
    rows = ", ".join(f"{len(part):,} {name}" for name, part in parts_of(task).items())
    sizes = ", ".join(f"{count:,} {name}" for name, count in task.sizes.items())
    return f"{model} on {task.name}: {sizes}, {rows}"


def results_table(
    title: str, results: Sequence[EvaluationResult], metric: Metric, references: Sequence[Reference] = ()
) -> Table:
    """Build the table of results.

    Args:
        title: above it.
        results: a row each.
        metric: the validation metric; its column is the first.
        references: the trivial baselines, a row each below. Metrics that no row has are left out.
    """
    from symloss.tasks.metrics.registry import title_of

    measured = [*(result.metrics for result in results), *(one.metrics for one in references)]
    known = list(dict.fromkeys([metric.name, *(name for one in measured for name in one)]))
    names = [
        name for name in known if any(math.isfinite(one.get(name, math.nan)) for one in measured)
    ] or known
    rows: list[list[object]] = [
        [
            result.loss,
            "" if result.eps is None else f"{result.eps:g}",
            f"{result.scale:g}",
            result.seed,
            *[result.metrics.get(name, math.nan) for name in names],
            result.valid_metric,
            result.best_epoch,
            result.epochs,
            f"{result.seconds:.1f}",
        ]
        for result in results
    ]
    rows += [
        [
            one.name,
            "",
            "",
            "",
            *[one.metrics.get(name, math.nan) for name in names],
            one.valid_metric,
            "",
            "",
            "",
        ]
        for one in references
    ]
    titles = [metric.title if name == metric.name else title_of(name) for name in names]
    columns = ["loss", "eps", "scale", "seed", *titles]
    columns += [f"valid {metric}", "epoch", "epochs", "seconds"]
    return table(title, columns, rows, right=columns[1:])


def reached_line(metrics: Mapping[str, float], watched: Metric, others: Sequence[Metric]) -> str:
    """Say what a loss reached on the test part: in what was watched, and in a metric of the other kind.

    Args:
        metrics: by name; NaN where one is undefined.
        watched: the validation metric.
        others: the metrics of the task. Where `watched` ranks scores, the first of those that look at predictions is
            shown too, and the other way round.
    """
    known = [one for one in others if math.isfinite(metrics.get(one.name, math.nan))]
    second = next((one for one in known if one.ranks != watched.ranks), None)
    shown = [watched] if math.isfinite(metrics.get(watched.name, math.nan)) else []
    shown += [] if second is None else [second]
    text = ", ".join(f"{one.title} {metrics[one.name]:.4f}" for one in shown)
    return f"test {text}" if text else "not tested"


def show_warnings(console: Console, warnings: Sequence[Caution]) -> None:
    """Print warnings, a line each."""
    for one in warnings:
        console.print(f"Warning: {one.text}.", highlight=False, markup=False, style="yellow")


def training_line(settings: TrainingSettings) -> str:
    """Say how models were trained."""
    return (
        f"trained by {settings.optimizer} at rate {settings.learning_rate:.3g}, L2 {settings.l2:g}, batches of "
        f"{settings.batch_size:,}: at most {settings.max_epochs:,} epochs, patience {settings.patience:,}"
    )


def training_document(settings: TrainingSettings, size: Size) -> dict[str, Any]:
    """Return how models were trained, ready for JSON; `clock` is rate x L2 x steps of the longest training."""
    from symloss.training.clock import clock

    names = ("optimizer", "learning_rate", "l2", "batch_size", "max_epochs", "patience")
    found = {name: getattr(settings, name) for name in names}
    return {
        **found,
        "optimizer": str(settings.optimizer),
        "metric": str(settings.metric),
        "clock": clock(settings, size),
    }


def show_comparison(console: Console, comparison: Comparison | None) -> None:
    """Print the tests between the best loss by validation and the others, a paragraph each."""
    if comparison is None:
        return
    console.print(f"Best by mean validation metric: {comparison.best}", highlight=False, markup=False)
    for test in comparison.tests:
        console.print(test.sentence, highlight=False, markup=False)


def show_contest(console: Console, contest: Mapping[str, Any]) -> None:
    """Print a contest (`ContestResult.to_json`): the best and the baselines, how they were found, all in words."""
    from symloss.tasks.metrics.registry import title_of

    metric = contest["metric"]
    called = called_in(contest)
    rows = [_standing_row(who, one, metric) for who, one in _standings(contest, called)]
    rows += [
        [
            REFERENCE,
            one["name"],
            "",
            "",
            _known(one["metrics"].get(metric)),
            None,
            _known(one["valid_metric"]),
            "",
            "",
        ]
        for one in contest.get("references", ())
    ]
    columns = [
        "",
        "loss",
        "eps",
        "scale",
        f"test {title_of(metric)}",
        "±",
        f"valid {metric}",
        "seeds",
        "tried",
    ]
    console.print(
        table(f"The {called} and the baselines, each tuned alike", columns, rows, right=columns[2:])
    )
    names = ("epochs", "learning_rate", "losses", "trials", "losses_kept", "best_metric")
    rungs = [[rung[name] for name in names] for rung in contest["rungs"]]
    columns = ["epochs", "rate", "losses", "trainings", "kept", f"best valid {metric}"]
    console.print(table("Successive halving", columns, rungs, right=columns))
    for same in contest["same"]:
        text = f"{same['formula']} is {same['same_as']} times {same['factor']}"
        console.print(text, highlight=False, markup=False)
    console.print(contest["sentence"], highlight=False, markup=False)


REFERENCE = "no model"
"""What a trivial baseline is called beside the losses."""


def called_in(contest: Mapping[str, Any]) -> str:
    """Return what the best candidate of a contest may be called: "winner" only where it beats what was there before."""
    verdict = contest.get("verdict")
    return "winner" if verdict is None or verdict["code"] == "found_loss_beats" else "best found"


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _standings(contest: Mapping[str, Any], called: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Name each tested loss, the best candidate first; those at scale 1 only where another scale was better."""
    named = [(called, contest["winner"]), *(("baseline", one) for one in contest["baselines"])]
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
