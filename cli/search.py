"""`symloss search`: find a loss for a model and a data set."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symloss.errors import RunError
from symloss.options.data import DataSource
from symloss.options.option import options_of

from .interrupt import stop_on_interrupt
from .options import data_options, json_option, labels_option, load_dataset, seed_option, training_options
from .output import print_json, standard_error, standard_output, table
from .results import dataset_line, reached_line, results_table, show_contest, show_warnings, training_line
from .schema import SchemaCommand, config_option, given_names
from .search_options import build_options, check_resume_alone, resumed_options, search_options

if TYPE_CHECKING:
    from symloss.data import Dataset
    from symloss.search.archive.run import Run
    from symloss.search.options import SearchOptions
    from symloss.search.result import SearchResult

SOURCE = tuple(one.parameter for one in options_of(DataSource))
"""Parameters that say which data is loaded; a run keeps them, so that it can go on."""


@click.command("search", cls=SchemaCommand)
@data_options
@training_options
@search_options
@labels_option
@seed_option
@json_option
@config_option
@click.pass_context
def command(context: click.Context, /, as_json: bool, fail_without_gain: bool, **parameters: Any) -> None:
    """Search a loss in three phases: sample and try losses, check the best, train those that pass to convergence.

    Ctrl-C ends the phase at hand and keeps what was found; the run folder holds
    every candidate with its outcome, and --resume RUN goes on where it was.

    Exit code 0: a found loss was tested; the first line says whether it beats the
    handcrafted ones. 3: nothing got through. 4: none beats them, with
    --fail-without-gain. 2: an option, the data or the run can't be used.
    """
    from symloss.engine.registry import check_engine, make_engine
    from symloss.models import registry
    from symloss.progress_display import SearchDisplay
    from symloss.search.search import asked, search

    check_engine(parameters["engine"])
    if parameters["resume"] is not None:
        check_resume_alone(context)
        options, dataset, run = _resumed(parameters)
    else:
        options, dataset, run = _new(parameters, given_names(context))
    standard_error().print(f"run folder {run.folder}", highlight=False)
    with run, stop_on_interrupt() as stop, SearchDisplay() as display:
        engine = make_engine(
            parameters["engine"],
            registry.get(options.model),
            asked(options, dataset)[1],
            options.training,
            address=parameters["ray_address"],
        )
        try:
            result = search(options, dataset, run, display, stop, engine)
        finally:
            engine.close()
    if as_json:
        print_json(result.to_json())
    else:
        _show(result, dataset, options)
    raise SystemExit(exit_code(result, fail_without_gain=fail_without_gain))


NOTHING_GOT_THROUGH, NO_GAIN = 3, 4


def exit_code(result: SearchResult, *, fail_without_gain: bool) -> int:
    """Return what a script learns: whether there is a found loss, and where it asks for that, whether it is a gain."""
    if result.best is None:
        return NOTHING_GOT_THROUGH
    crowned = result.verdict is None or result.verdict.crowned
    return NO_GAIN if fail_without_gain and not crowned else 0


def _new(parameters: Mapping[str, Any], given: Collection[str]) -> tuple[SearchOptions, Dataset, Run]:
    from symloss.search.fitted import fitted_search
    from symloss.search.search import open_run
    from symloss.training.clock import Size

    options = build_options(parameters, given)
    source = {name: parameters[name] for name in SOURCE}
    if source["data_dir"] is not None:
        source["data_dir"] = str(Path(source["data_dir"]).resolve())
    dataset = _load(source)
    options = fitted_search(options, Size.of(dataset), given, name=parameters["preset"])
    return options, dataset, open_run(options, dataset, parameters["out"], source)


def _resumed(parameters: Mapping[str, Any]) -> tuple[SearchOptions, Dataset, Run]:
    from symloss.search.archive.run import Run

    run = Run.resume(parameters["resume"])
    try:
        options = resumed_options(run.options(), parameters)
        source = run.config.get("source")
        if not isinstance(source, dict) or not set(SOURCE) <= set(source):
            raise RunError(
                f"{run.folder} does not say how its data was loaded; go on with it from Python: "
                f"search(options, dataset, Run.resume(folder))"
            )
        return options, _load_again(run, source), run
    except BaseException:
        run.close()
        raise


def _load(source: Mapping[str, Any]) -> Dataset:
    folder = source["data_dir"]
    parameters = {**source, "data_dir": None if folder is None else Path(folder)}
    return load_dataset(parameters, seed=source["seed"], labels=source["labels"])


def _load_again(run: Run, source: Mapping[str, Any]) -> Dataset:
    """Load the data of a run; its config.json may have been edited, and hold anything."""
    from symloss.search.archive.archive_errors import damage

    with damage(run.folder / "config.json"):
        return _load(source)


def _show(result: SearchResult, dataset: Dataset, options: SearchOptions) -> None:
    from symloss.search.search import asked

    console = standard_output()
    crowned = result.verdict is None or result.verdict.crowned
    if result.verdict is not None:
        console.print(result.verdict.sentence, highlight=False, markup=False, style="bold", soft_wrap=True)
    console.print(dataset_line(dataset, options.model), highlight=False)
    # with fresh rewards no copy ever takes the place of a recommender
    left_out = ("kept",) if options.reward == "fresh" else ()
    rows = [
        [key.replace("_", " "), f"{value:,}"] for key, value in result.counts.items() if key not in left_out
    ]
    console.print(table("Losses", ["what", "how many"], rows, right=["how many"]))
    _, task = asked(options, dataset)
    metric = options.training.validation_metric
    if result.comparison is not None:
        show_contest(console, result.comparison)
    elif result.results:
        title = "Losses found, best first by validation"
        console.print(results_table(title, result.results, metric, result.references))
    if result.baselines and result.comparison is None:
        means = () if result.results else result.references
        console.print(results_table("Named losses under the same settings", result.baselines, metric, means))
    if result.best is not None:
        eps = "" if result.best.eps is None else f" at eps = {result.best.eps:g}"
        scale = "" if result.best.scale == 1 else f", times {result.best.scale:g}"
        console.print(f"[bold]{'best loss' if crowned else 'best found'}[/bold]", end=" ")
        console.print(f"{result.best.formula}{eps}{scale}", highlight=False, markup=False, soft_wrap=True)
        console.print(reached_line(result.best.metrics, metric, task.metrics), highlight=False)
    else:
        console.print("no loss got through all phases", highlight=False)
    if result.comparison is not None or result.results or result.baselines:
        console.print(training_line(options.training), highlight=False)
    show_warnings(console, result.warnings)
    for note in result.notes:
        console.print(note, highlight=False, markup=False)
    console.print(f"everything is in {result.run}", highlight=False)
