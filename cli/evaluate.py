"""`symloss evaluate`: phase III for given losses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

from symloss.constants import PAPER_EPS_GRID
from symloss.errors import OptionError
from symloss.options.evaluate import Effort

from .evaluate_folder import in_folder
from .group import GroupedLossCommand
from .interrupt import stop_on_interrupt
from .options import (
    data_options,
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
from .params import tuned_option
from .results import (
    dataset_line,
    results_table,
    show_comparison,
    show_warnings,
    training_document,
    training_line,
)
from .schema import add_options, config_option, given_names, values_of

NOTHING_TRAINED = 3
"""Exit code where no loss was trained to a result; that of `search` where nothing got through."""

if TYPE_CHECKING:
    from symloss.search.evaluation_folder import EvaluationFolder


@click.command("evaluate", cls=GroupedLossCommand)
@click.argument("losses", nargs=-1, metavar="LOSS...")
@data_options
@training_options
@add_options(Effort)
@tuned_option
@loss_labels_option
@input_option
@protect_option
@seed_option
@json_option
@config_option
@in_folder
@click.pass_context
def command(
    context: click.Context,
    /,
    folder: EvaluationFolder,
    losses: tuple[str, ...],
    params: tuple[str, ...],
    labels: str | None,
    input_kind: str | None,
    protect: bool,
    seed: int,
    as_json: bool,
    **parameters: Any,
) -> None:
    """Train a fresh model with each LOSS until validation no longer improves, and report the test metrics.

    A loss with eps is tried at every value of the grid, one with constants of
    its own (--param gamma=0,1,2) at each of theirs, every loss at every scale;
    the best by validation is reported, one line a loss and seed. With several
    losses and seeds, the best by validation is tested against the others.
    With --out DIR finished trainings are kept, and --resume DIR goes on with them.

    Exit code 0: a loss was trained to a result. 3: none was. 2: a loss, an option
    or the data can't be used.
    """
    from symloss.contest.cautions import cautions, invalid_losses
    from symloss.contest.evaluation import evaluate_and_compare
    from symloss.engine import LocalEngine
    from symloss.formula.param_grid import ParamGrid, refuse_unused
    from symloss.models import registry
    from symloss.progress_display import SearchDisplay
    from symloss.tasks.rating_task import RatingTask
    from symloss.tasks.task import references_of
    from symloss.training.clock import Size, fitted

    param_grid = ParamGrid.read(params)
    refuse_unused(param_grid, losses)
    param_grid.settings()
    resolved = resolve_losses(
        losses, labels=labels, input_kind=input_kind, protect=protect, params=param_grid
    )
    labels = str(resolved[0].domain.labels)
    effort = Effort(**values_of(Effort, parameters, parameters))
    if effort.seeds < 1:
        raise OptionError(f"--seeds is {effort.seeds}; it must be at least 1")
    settings = training_settings(parameters, seed=seed)
    architecture = registry.get(parameters["model"])
    if effort.eps_grid is not None:
        # What is given counts: also for a loss of a run, which has an eps of its own.
        resolved = [loss.with_eps(None) for loss in resolved]
    dataset = load_dataset(parameters, seed=seed, labels=labels)
    size, metric = Size.of(dataset), settings.validation_metric
    task = RatingTask.of(dataset, parameters["task"], metric)
    settings = fitted(settings, size, given_names(context), model=architecture.name, fast=effort.fast)
    store = folder.begin(resolved, dataset)
    with stop_on_interrupt() as stop, SearchDisplay() as display:
        results, comparison = evaluate_and_compare(
            resolved,
            LocalEngine(architecture, task, settings),
            eps_grid=effort.eps_grid or PAPER_EPS_GRID,
            scale_grid=effort.scale_grid or (1.0,),
            param_grid=dict(param_grid.values),
            seeds=range(seed, seed + effort.seeds),
            progress=display,
            stop=stop,
            store=store,
        )
        interrupted = stop.is_set()
    means = references_of(task, metric)
    warnings = [*cautions(results, means, task, metric), *invalid_losses(results)]
    usable = any(math.isfinite(result.valid_metric) for result in results)
    document = {
        "results": [result.to_json() for result in results],
        "significance": None if comparison is None else comparison.to_json(),
        "dataset": dataset.summary(),
        "model": architecture.name,
        "interrupted": interrupted,
        "references": [one.to_json() for one in means],
        "warnings": [one.to_json() for one in warnings],
        "training": training_document(settings, size),
    }
    folder.finish(document)
    if as_json:
        print_json(document)
        raise SystemExit(0 if usable else NOTHING_TRAINED)
    console = standard_output()
    console.print(dataset_line(dataset, architecture.name), highlight=False)
    console.print(results_table("Test metrics at the best epoch by validation", results, metric, means))
    console.print(training_line(settings), highlight=False)
    show_warnings(console, warnings)
    show_comparison(console, comparison)
    if interrupted:
        console.print("Stopped early: these are the best epochs so far.", highlight=False)
    if not usable:
        console.print("No loss was trained to a result.", highlight=False)
        raise SystemExit(NOTHING_TRAINED)
