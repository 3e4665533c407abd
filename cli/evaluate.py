"""`symloss evaluate`: phase III for given losses."""

from __future__ import annotations

from typing import Any

import click

from .group import LossCommand
from .interrupt import stop_on_interrupt
from .options import (
    data_options,
    grid,
    input_option,
    json_option,
    load_dataset,
    loss_labels_option,
    protect_option,
    resolve_losses,
    seed_option,
    training_options,
    training_settings,
)
from .output import print_json, standard_output
from .results import dataset_line, results_table, show_comparison


@click.command("evaluate", cls=LossCommand)
@click.argument("losses", nargs=-1, required=True, metavar="LOSS...")
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
    help="Factors on the loss (of a run: on its own scale), such as 0.5,1,2; auto is 0.25 to 16 by powers of 2. "
    "Default: 1.",
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
@loss_labels_option
@input_option
@protect_option
@seed_option
@json_option
def command(
    losses: tuple[str, ...],
    eps: str | None,
    scale: str | None,
    seeds: int,
    fast: bool,
    labels: str | None,
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
    """
    from symloss.engine import LocalEngine
    from symloss.errors import OptionError
    from symloss.models import registry
    from symloss.search.contest.contest_options import SCALE_GRID, accelerated
    from symloss.search.contest.effectiveness import evaluate_and_compare
    from symloss.search.options import PAPER_EPS_GRID

    from .progress import SearchDisplay

    resolved = resolve_losses(losses, labels=labels, input_kind=input_kind, protect=protect)
    labels = str(resolved[0].domain.labels)
    if seeds < 1:
        raise OptionError(f"--seeds is {seeds}; it must be at least 1")
    settings = training_settings(parameters, seed=seed)
    architecture = registry.get(parameters["model"])
    if fast:
        settings = accelerated(settings)
    scale_grid = SCALE_GRID if scale == "auto" else grid(scale, "--scale")
    eps_grid = grid(eps, "--eps")
    if eps_grid is not None:
        # What is given counts: also for a loss of a run, which has an eps of its own.
        resolved = [loss.with_eps(None) for loss in resolved]
    dataset = load_dataset(parameters, seed=seed, labels=labels)
    with stop_on_interrupt() as stop, SearchDisplay() as display:
        results, comparison = evaluate_and_compare(
            resolved,
            LocalEngine(architecture, dataset, settings),
            eps_grid=eps_grid or PAPER_EPS_GRID,
            scale_grid=scale_grid or (1.0,),
            seeds=range(seed, seed + seeds),
            progress=display,
            stop=stop,
        )
        interrupted = stop.is_set()
    if as_json:
        document = {"dataset": dataset.summary(), "model": architecture.name, "interrupted": interrupted}
        significance = None if comparison is None else comparison.to_json()
        entries = [result.to_json() for result in results]
        print_json({"results": entries, "significance": significance, **document})
        return
    console = standard_output()
    console.print(dataset_line(dataset, architecture.name), highlight=False)
    console.print(
        results_table("Test metrics at the best epoch by validation", results, settings.validation_metric)
    )
    show_comparison(console, comparison)
    if interrupted:
        console.print("Stopped early: these are the best epochs so far.", highlight=False)
