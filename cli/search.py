"""`symloss search`: find a loss for a model and a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symloss.errors import OptionError

from .interrupt import stop_on_interrupt
from .options import (
    data_options,
    grid,
    json_option,
    labels_option,
    load_dataset,
    number,
    seed_option,
    training_options,
    training_settings,
)
from .output import print_json, standard_error, standard_output, table
from .results import dataset_line, results_table

if TYPE_CHECKING:
    from symloss.data import Dataset
    from symloss.search.search import SearchResult

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@click.command("search")
@data_options
@training_options
@click.option(
    "--strategy", default="reinforce", show_default=True, metavar="NAME", help="reinforce or random."
)
@click.option(
    "--operators",
    default="paper",
    show_default=True,
    metavar="LIST",
    help="paper, extended, or names by commas.",
)
@click.option(
    "--variables",
    default=10,
    show_default=True,
    type=int,
    help="Most variables of a loss, yhat, y and 1 among them.",
)
@click.option(
    "--time", "time_text", default=None, metavar="10m", help="Longest phase I: 90s, 10m, 2h. Default: 10m."
)
@click.option("--loops", default=None, type=int, help="Most loops of phase I.")
@click.option("--batch", default=100, show_default=True, type=int, help="Losses a loop.")
@click.option(
    "--check-first", is_flag=True, help="Do not train losses whose gradient is seen to point the wrong way."
)
@click.option("--eta", default=1e-5, show_default=True, type=float, help="A reward below -eta is rejected.")
@click.option(
    "--delta", default=1e-4, show_default=True, type=float, help="Gradients closer than this are the same."
)
@click.option(
    "--survivors", default=10, show_default=True, type=int, help="Most losses that go to phase III."
)
@click.option(
    "--screen-epochs",
    default=None,
    type=int,
    help="Find the survivors by training more losses for so many epochs. Default: by reward, as in the paper.",
)
@click.option("--screen", default=60, show_default=True, type=int, help="How many losses that is, at most.")
@click.option("--evaluation-time", default=None, metavar="10m", help="Longest phase III. Default: no limit.")
@click.option(
    "--eps", default=None, metavar="GRID", help="Values of eps in phase III. Default: the paper's seven."
)
@click.option("--scale", default=None, metavar="GRID", help="Factors on each loss in phase III. Default: 1.")
@click.option(
    "--out",
    default=None,
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="Run folder. Default: runs/DATE-SEED.",
)
@labels_option
@seed_option
@json_option
def command(
    strategy: str,
    operators: str,
    variables: int,
    time_text: str | None,
    loops: int | None,
    batch: int,
    check_first: bool,
    eta: float,
    delta: float,
    survivors: int,
    screen: int,
    screen_epochs: int | None,
    evaluation_time: str | None,
    eps: str | None,
    scale: str | None,
    out: Path | None,
    labels: str,
    seed: int,
    as_json: bool,
    **parameters: Any,
) -> None:
    """Search a loss in three phases: sample and try losses, check the best, train those that pass to convergence.

    Ctrl-C ends the phase at hand and keeps what was found; the run folder holds
    every candidate with its outcome.
    """
    from symloss.search.options import PAPER_EPS_GRID, SearchOptions
    from symloss.search.search import open_run, search

    from .progress import SearchDisplay

    options = SearchOptions(
        task=parameters["task"],
        model=parameters["model"],
        strategy=strategy,
        operators=tuple(name.strip() for name in operators.split(",") if name.strip()),
        n_variables=variables,
        batch=batch,
        delta=delta,
        eta=eta,
        loops=loops,
        time_limit=duration(time_text, "--time"),
        check_first=check_first,
        survivors=survivors,
        eps_grid=grid(eps, "--eps") or PAPER_EPS_GRID,
        scale_grid=grid(scale, "--scale") or (1.0,),
        screen=screen,
        screen_epochs=screen_epochs,
        evaluation_time=duration(evaluation_time, "--evaluation-time"),
        seed=seed,
        training=training_settings(parameters, seed=seed),
    )
    dataset = load_dataset(parameters, seed=seed, labels=labels)
    run = open_run(options, dataset, out)
    standard_error().print(f"run folder {run.folder}", highlight=False)
    with stop_on_interrupt() as stop, SearchDisplay() as display:
        result = search(options, dataset, run, display, stop)
    if as_json:
        print_json(result.to_json())
    else:
        _show(result, dataset, options)


def duration(text: str | None, name: str) -> float | None:
    """Read a duration such as 90s, 10m or 2h (a bare number is seconds), or None.

    Raises:
        OptionError: it is none, or not above 0.
    """
    if text is None:
        return None
    stripped = text.strip().lower()
    unit = UNITS.get(stripped[-1:])
    try:
        seconds = number(stripped[:-1] if unit else stripped, name) * (unit or 1.0)
    except OptionError:
        raise OptionError(f"{name} is {text!r}; write a duration such as 90s, 10m or 2h") from None
    if seconds <= 0:
        raise OptionError(f"{name} is {text!r}; it must be above 0")
    return seconds


def _show(result: SearchResult, dataset: Dataset, options: Any) -> None:
    console = standard_output()
    console.print(dataset_line(dataset, options.model), highlight=False)
    rows = [[key.replace("_", " "), f"{value:,}"] for key, value in result.counts.items()]
    console.print(table("Losses", ["what", "how many"], rows, right=["how many"]))
    metric = options.training.validation_metric
    if result.results:
        console.print(results_table("Losses found, best first by validation", result.results, metric))
    if result.baselines:
        console.print(results_table("Named losses under the same settings", result.baselines, metric))
    if result.best is not None:
        eps = "" if result.best.eps is None else f" at eps = {result.best.eps:g}"
        scale = "" if result.best.scale == 1 else f", times {result.best.scale:g}"
        console.print("[bold]best loss[/bold]", end=" ")
        console.print(f"{result.best.formula}{eps}{scale}", highlight=False, markup=False, soft_wrap=True)
        console.print(
            f"test AUC {result.best.metrics['auc']:.4f}, RMSE {result.best.metrics['rmse']:.4f}",
            highlight=False,
        )
    else:
        console.print("no loss got through all phases", highlight=False)
    for note in result.notes:
        console.print(note, highlight=False, markup=False)
    console.print(f"everything is in {result.run}", highlight=False)
