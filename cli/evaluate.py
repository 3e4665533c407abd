"""`symloss evaluate`: phase III for given losses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .evaluate_folder import in_folder
from .group import LossCommand
from .interrupt import stop_on_interrupt
from .options import (
    data_options,
    grid,
    input_option,
    json_option,
    labels_option,
    load_dataset,
    protect_option,
    resolve_loss,
    seed_option,
    training_options,
    training_settings,
)
from .output import print_json, standard_output
from .results import dataset_line, results_table, show_comparison

if TYPE_CHECKING:
    from symloss.search.evaluation_folder import EvaluationFolder


@click.command("evaluate", cls=LossCommand)
@click.argument("losses", nargs=-1, metavar="LOSS...")
@data_options
@training_options
@click.option(
    "--eps",
    default=None,
    metavar="GRID",
    help="Values of eps, such as 1,0.1,0.01. Default: the paper's seven.",
)
@click.option(
    "--scale",
    default=None,
    metavar="GRID|auto",
    help="Factors on the loss, such as 0.5,1,2; auto is 0.25 to 16 by powers of 2. Default: 1.",
)
@click.option(
    "--seeds",
    default=1,
    show_default=True,
    type=int,
    help="Train with so many seeds, from --seed on. Two or more losses are then compared; 8 reach the level 0.01.",
)
@click.option(
    "--fast",
    is_flag=True,
    help="Approximate: SGD at rate 0.3 (Adam at 0.01), with as many times fewer epochs and patience.",
)
@labels_option
@input_option
@protect_option
@seed_option
@json_option
@in_folder
def command(
    folder: EvaluationFolder,
    losses: tuple[str, ...],
    eps: str | None,
    scale: str | None,
    seeds: int,
    fast: bool,
    labels: str,
    input_kind: str | None,
    protect: bool,
    seed: int,
    as_json: bool,
    **parameters: Any,
) -> None:
    """Train a fresh model with each LOSS until validation no longer improves, and report the test metrics.

    A loss with eps is tried at every value of the grid, every loss at every
    scale; the best by validation is reported, one line a loss and seed. With
    several losses and seeds, the best by validation is tested against the others.
    With --out DIR finished trainings are kept, and --resume DIR goes on with them.
    """
    from symloss.engine import LocalEngine
    from symloss.errors import OptionError
    from symloss.models import registry
    from symloss.search.contest.contest_options import SCALE_GRID, accelerated
    from symloss.search.contest.effectiveness import evaluate_and_compare
    from symloss.search.options import PAPER_EPS_GRID

    from .progress import SearchDisplay

    resolved = [resolve_loss(text, labels=labels, input_kind=input_kind, protect=protect) for text in losses]
    if seeds < 1:
        raise OptionError(f"--seeds is {seeds}; it must be at least 1")
    settings = training_settings(parameters, seed=seed)
    architecture = registry.get(parameters["model"])
    if fast:
        settings = accelerated(settings)
    scale_grid = SCALE_GRID if scale == "auto" else grid(scale, "--scale")
    eps_grid = grid(eps, "--eps")
    dataset = load_dataset(parameters, seed=seed, labels=labels)
    store = folder.begin(resolved, dataset)
    with stop_on_interrupt() as stop, SearchDisplay() as display:
        results, comparison = evaluate_and_compare(
            resolved,
            LocalEngine(architecture, dataset, settings),
            eps_grid=eps_grid or PAPER_EPS_GRID,
            scale_grid=scale_grid or (1.0,),
            seeds=range(seed, seed + seeds),
            progress=display,
            stop=stop,
            store=store,
        )
        interrupted = stop.is_set()
    document = {"dataset": dataset.summary(), "model": architecture.name, "interrupted": interrupted}
    significance = None if comparison is None else comparison.to_json()
    entries = [result.to_json() for result in results]
    document = {"results": entries, "significance": significance, **document}
    folder.finish(document)
    if as_json:
        print_json(document)
        return
    console = standard_output()
    console.print(dataset_line(dataset, architecture.name), highlight=False)
    console.print(
        results_table("Test metrics at the best epoch by validation", results, settings.validation_metric)
    )
    show_comparison(console, comparison)
    if interrupted:
        console.print("Stopped early: these are the best epochs so far.", highlight=False)
