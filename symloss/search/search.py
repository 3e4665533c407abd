"""The three phases in one call: search losses, check them, test the best of them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from symloss.data.dataset import Dataset
from symloss.domain import Domain, Labels
from symloss.engine.engine import Engine
from symloss.engine.local import LocalEngine
from symloss.errors import DataError, OptionError, RunError
from symloss.models import registry
from symloss.search.archive.archive_store import store_results
from symloss.search.context import SearchContext, make_proxy
from symloss.search.environment import data_fingerprint
from symloss.search.grammar import LossGrammar
from symloss.search.options import SearchOptions
from symloss.search.phase1 import check_start, run_phase1
from symloss.search.phase2 import run_phase2
from symloss.search.phase3 import Phase3Result, run_phase3
from symloss.search.progress import SearchProgress, silent
from symloss.search.result import SearchResult
from symloss.search.resume import all_budgets, check_resumable, finished_result
from symloss.search.run import Run, finite
from symloss.search.validation import Survivor
from symloss.symbolic.check import prepare_workers

FINISHED = "finished"
"""Name of the state that says under which budgets the search came to its end."""


def open_run(
    options: SearchOptions,
    dataset: Dataset,
    folder: Path | None = None,
    source: Mapping[str, Any] | None = None,
) -> Run:
    """Create the run folder of a search that fits the data.

    Args:
        options, dataset: as for `search`.
        folder: as for `Run.create`.
        source: how the data was loaded, ready for JSON, for who wants to load it again.

    Raises:
        OptionError, DataError: as for `search`.
        RunError: as for `Run.create`.
    """
    _check_data(options, dataset)
    grammar = LossGrammar(options.operators, options.n_variables, Domain.of(dataset.labels))
    check_start(options, grammar)
    operators = [operator.name for operator in grammar.operators]
    config = {
        "options": options.to_json(),
        "token_operators": operators,
        "dataset": dataset.summary(),
        "fingerprint": data_fingerprint(dataset),
        "source": None if source is None else dict(source),
    }
    return Run.create(config, folder, seed=options.seed)


def search(
    options: SearchOptions,
    dataset: Dataset,
    run: Run | None = None,
    progress: SearchProgress = silent,
    stop: threading.Event | None = None,
    engine: Engine | None = None,
) -> SearchResult:
    """Run phases I to III, or what is left of them.

    Args:
        options: what to search and for how long.
        dataset: train, validation and test part; test is only read for the final metrics.
        run: where everything is written (see `open_run`, and `Run.resume` to go on with a run); nowhere if None.
            It is closed at the end.
        progress: receives the events, in this thread.
        stop: ends the search: phase I at the end of its loop, phase III with the best epochs so far;
            what was found is kept, and later phases are skipped.
        engine: trains the options' model on `dataset` with the options' settings; this process if None.

    Raises:
        OptionError: the task does not fit the labels, or the options or data are not those of a resumed run.
        DataError: a part of the data can't be used for it.
        RunError: the run folder can't be read or written.
    """
    try:
        _check_data(options, dataset)
        context = _context(options, dataset, run, progress, stop or threading.Event(), engine)
        if run is not None and run.resumed:
            check_resumable(run, options, dataset, context.progress)
            known = finished_result(run) if run.archive.state(FINISHED) == all_budgets(options) else None
            if known is not None:
                return known
        return _go(context)
    finally:
        if run is not None:
            run.close()


def _context(
    options: SearchOptions,
    dataset: Dataset,
    run: Run | None,
    progress: SearchProgress,
    stop: threading.Event,
    engine: Engine | None,
) -> SearchContext:
    grammar = LossGrammar(options.operators, options.n_variables, Domain.of(dataset.labels))
    own = engine or LocalEngine(registry.get(options.model), dataset, options.training)
    return SearchContext(options, own, grammar, make_proxy(options, grammar), run, stop, progress)


def _go(context: SearchContext) -> SearchResult:
    counts: dict[str, int] = {}
    tested = Phase3Result()
    survivors: tuple[Survivor, ...] = ()
    try:
        prepare_workers()
        phase1 = run_phase1(context)
        counts = phase1.counts.as_dict()
        validated = run_phase2(context, phase1)
        survivors = validated.survivors
        counts["wrong_direction"] += validated.wrong_direction
        counts |= {
            "checked": len(validated.reports),
            "passed": sum(report["passed"] for report in validated.reports),
            "same_gradient": validated.same_gradient,
        }
        tested = run_phase3(context, survivors)
    except RunError:
        # the run folder can't be written: another try would only hide the reason
        raise
    except BaseException:
        # something went wrong in the middle: what was found is kept
        _keep(context, counts, tested, survivors)
        raise
    result = _keep(context, counts, tested, survivors)
    if context.run is not None and not context.stop.is_set():
        context.run.archive.set_state(FINISHED, all_budgets(context.options))
    return result


def _keep(
    context: SearchContext, counts: dict[str, int], tested: Phase3Result, survivors: tuple[Survivor, ...]
) -> SearchResult:
    """Write results and summary, and return them."""
    higher = context.options.higher_is_better
    usable = [result for result in tested.found if np.isfinite(result.valid_metric)]
    ranked = sorted(usable, key=lambda result: -result.valid_metric if higher else result.valid_metric)
    run = context.run
    if run is not None and (tested.found or tested.baselines):
        found = [*ranked, *(result for result in tested.found if result not in usable)]
        store_results(
            run.archive,
            [result.to_json() for result in found],
            [result.to_json() for result in tested.baselines],
            [survivor.candidate.number for survivor in survivors],
        )
    result = SearchResult(
        best=ranked[0] if ranked else None,
        results=tuple(ranked),
        baselines=tested.baselines,
        counts=counts,
        run=None if run is None else run.folder,
        seconds=context.seconds,
        notes=tuple(context.notes),
        comparison=None if tested.contest is None else finite(tested.contest.to_json()),
    )
    if run is not None:
        run.write("summary", result.to_json())
    return result


def _check_data(options: SearchOptions, dataset: Dataset) -> None:
    """Refuse data that the task can't be measured on, before any time is spent."""
    for name, part in dataset.parts().items():
        if not len(part):
            raise DataError(f"{dataset.name}: the {name} part is empty; a search needs all three parts")
    if options.task == "classification":
        if dataset.labels is not Labels.BINARY:
            raise OptionError(
                f"classification needs labels 0 and 1, and {dataset.name} has {dataset.labels} labels; "
                f"use --task regression"
            )
        for name in ("validation", "test"):
            if len(np.unique(dataset.parts()[name].labels)) < 2:
                raise DataError(f"{dataset.name}: all labels of the {name} part are equal, so it has no AUC")
