"""The three phases in one call: search losses, check them, test the best of them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from symloss.contest.cautions import Caution, cautions
from symloss.contest.evaluation import EvaluationResult
from symloss.contest.verdict import Verdict, judge
from symloss.data.dataset import Dataset
from symloss.engine.engine import Engine
from symloss.engine.local import LocalEngine
from symloss.errors import DataError, OptionError, RunError
from symloss.files import finite
from symloss.interrupt import stop_on_interrupt
from symloss.models import registry
from symloss.models.model import Model
from symloss.ops.construct import NumberLimitError
from symloss.progress import SearchProgress, silent
from symloss.search.archive.archive_store import store_results
from symloss.search.archive.resume import all_budgets, check_resumable, finished_result
from symloss.search.archive.run import Run
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.context import SearchContext, make_proxy
from symloss.search.loop.loop import LossSearch
from symloss.search.options import SearchOptions
from symloss.search.phase1 import check_start, run_phase1
from symloss.search.phase3 import Phase3Result, run_phase3
from symloss.search.result import SearchResult
from symloss.search.validation import Survivor, run_phase2
from symloss.symbolic.check import prepare_workers
from symloss.tasks.fingerprint import facts
from symloss.tasks.kinds import kind
from symloss.tasks.metrics.described import describe
from symloss.tasks.rating_task import RatingTask, of
from symloss.tasks.references import Reference
from symloss.tasks.task import Task, parts_of, references_of

FINISHED = "finished"
"""Name of the state that says under which budgets the search came to its end."""

LEADING = 10
"""So many losses of phase I are part of the result."""


def open_run(
    options: SearchOptions,
    dataset: Task | Dataset,
    folder: Path | None = None,
    source: Mapping[str, Any] | None = None,
    model: Model | None = None,
) -> Run:
    """Create the run folder of a search that fits the data.

    Args:
        options, dataset: as for `search`.
        folder: as for `Run.create`.
        source: how the data was loaded, ready for JSON, for who wants to load it again.
        model: what is trained, where `options.model` is no name that it can be had by.

    Raises:
        OptionError, DataError: as for `search`.
        RunError: as for `Run.create`.
    """
    options, task = asked(options, dataset)
    _check_data(options, task)
    grammar = LossGrammar(options.operators, options.n_variables, task.signature)
    check_start(options, grammar)
    operators = [operator.name for operator in grammar.operators]
    config: dict[str, Any] = {
        "options": options.to_json(),
        "token_operators": operators,
        # the kind of labels is what found losses are read by, whatever a task says of its data
        "dataset": {"name": task.name, **task.summary(), "labels": str(task.signature.labels)},
        "metrics": describe(task.metrics),
        "fingerprint": facts(task),
        "source": None if source is None else dict(source),
    }
    digest = (model or registry.get(options.model)).digest
    if digest:
        # a model of the user's own is its file: the run goes on with the same text only
        config["model_digest"] = digest
    return Run.create(config, folder, seed=options.seed)


def asked(options: SearchOptions, data: Task | Dataset) -> tuple[SearchOptions, Task]:
    """Return options and task that fit each other: a task says what is watched, of a data set the options say it.

    Raises:
        OptionError: `data` is neither.
    """
    if isinstance(data, Dataset):
        return options, RatingTask.of(data, options.task, options.training.metric)
    task = of(data)
    return options.for_task(task), task


def search(
    options: SearchOptions,
    dataset: Task | Dataset,
    run: Run | None = None,
    progress: SearchProgress = silent,
    stop: threading.Event | None = None,
    engine: Engine | None = None,
) -> SearchResult:
    """Run phases I to III, or what is left of them.

    Args:
        options: what to search and for how long.
        dataset: the task, or a data set of ratings; its test part is only read for the final metrics. A task says what
            is watched, of a data set `options.task` and `options.metric` say it.
        run: where everything is written (see `open_run`, and `Run.resume` to go on with a run); nowhere if None.
            It is closed at the end.
        progress: receives the events, in this thread.
        stop: ends the search: phase I at the end of its loop, phase III with the best epochs so far;
            what was found is kept, and later phases are skipped. So does Ctrl-C in the main thread, or the stop button
            of a notebook; a second one ends at once (KeyboardInterrupt).
        engine: trains the options' model on `dataset` with the options' settings; this process if None.

    Raises:
        OptionError: the task does not fit the labels, or the options or data are not those of a resumed run.
        DataError: a part of the data can't be used for it.
        RunError: the run folder can't be read or written.
    """
    try:
        with stop_on_interrupt(stop) as event:
            options, task = asked(options, dataset)
            _check_data(options, task)
            context = _context(options, task, run, progress, event, engine)
            if run is not None and run.resumed:
                check_resumable(run, options, task, context.progress, context.engine.model)
                known = finished_result(run) if run.archive.state(FINISHED) == all_budgets(options) else None
                if known is not None:
                    return known
            return _go(context)
    finally:
        if run is not None:
            run.close()


def _context(
    options: SearchOptions,
    task: Task,
    run: Run | None,
    progress: SearchProgress,
    stop: threading.Event,
    engine: Engine | None,
) -> SearchContext:
    grammar = LossGrammar(options.operators, options.n_variables, task.signature)
    own = engine or LocalEngine(registry.get(options.model), task, options.training)
    return SearchContext(options, task, own, grammar, make_proxy(options, grammar), run, stop, progress)


def _go(context: SearchContext) -> SearchResult:
    counts: dict[str, int] = {}
    leading: tuple[dict[str, Any], ...] = ()
    tested = Phase3Result()
    survivors: tuple[Survivor, ...] = ()
    try:
        prepare_workers()
        phase1 = run_phase1(context)
        counts = phase1.counts.as_dict()
        leading = _leading(phase1)
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
    except BaseException as error:
        # something went wrong in the middle: what was found is kept
        first = isinstance(error, KeyboardInterrupt) and not context.stop.is_set()
        if first:
            context.stop.set()
        result = _keep(context, counts, tested, survivors, leading)
        if first:
            return result
        raise
    result = _keep(context, counts, tested, survivors, leading)
    if context.run is not None and not context.stop.is_set():
        context.run.archive.set_state(FINISHED, all_budgets(context.options))
    return result


def _leading(phase1: LossSearch) -> tuple[dict[str, Any], ...]:
    """Return the losses with the best rewards of phase I that do not point the wrong way."""
    found: list[dict[str, Any]] = []
    right = (one for one in phase1.candidates.values() if one.best is not None and not one.wrong)
    for one in sorted(right, key=lambda one: (-one.best_reward, one.number)):
        if len(found) == LEADING:
            break
        try:
            formula = one.loss(phase1.proxy.grammar).formula
        except NumberLimitError:
            continue
        assert one.best is not None
        found.append(
            {"formula": formula, "reward": one.best_reward, "eps": one.best.eps, "scale": one.best.scale}
        )
    return tuple(found)


def _keep(
    context: SearchContext,
    counts: dict[str, int],
    tested: Phase3Result,
    survivors: tuple[Survivor, ...],
    leading: tuple[dict[str, Any], ...],
) -> SearchResult:
    """Write results and summary, and return them."""
    metric = context.options.training.validation_metric
    usable = [result for result in tested.found if np.isfinite(result.valid_metric)]
    ranked = sorted(usable, key=lambda result: -metric.sign * result.valid_metric)
    run = context.run
    if run is not None and (tested.found or tested.baselines):
        found = [*ranked, *(result for result in tested.found if result not in usable)]
        store_results(
            run.archive,
            [result.to_json() for result in found],
            [result.to_json() for result in tested.baselines],
            [survivor.candidate.number for survivor in survivors],
        )
    best = ranked[0] if ranked else None
    known = references_of(context.task, metric)
    result = SearchResult(
        best=best,
        results=tuple(ranked),
        baselines=tested.baselines,
        counts=counts,
        run=None if run is None else run.folder,
        seconds=context.seconds,
        notes=tuple(context.notes),
        comparison=None if tested.contest is None else finite(tested.contest.to_json()),
        references=known if tested.found or tested.baselines else (),
        warnings=_warnings(context, tested, known),
        verdict=_verdict(context, tested, best, known),
        interrupted=context.stop.is_set(),
        candidates=leading,
    )
    if run is not None:
        run.write("summary", result.to_json())
    return result


def _warnings(
    context: SearchContext, tested: Phase3Result, known: Sequence[Reference]
) -> tuple[Caution, ...]:
    """Return what the tested losses call for, each with every seed of its own."""
    contest = tested.contest
    if contest is None:
        results = [*tested.found, *tested.baselines]
    else:
        standings = [one for one in (contest.winner, *contest.baselines) if one is not None]
        results = [result for standing in standings for result in standing.results]
    metric = context.options.training.validation_metric
    return cautions(results, known, context.task, metric)


def _verdict(
    context: SearchContext,
    tested: Phase3Result,
    best: EvaluationResult | None,
    known: Sequence[Reference],
) -> Verdict:
    """Judge the winner of the contest where there was one, the best found loss by validation otherwise."""
    if tested.contest is not None and tested.contest.winner is not None:
        return tested.contest.verdict
    metric = context.options.training.validation_metric
    handcrafted = [one.scored(metric.name) for one in tested.baselines]
    return judge(metric, None if best is None else best.scored(metric.name), handcrafted, known)


def _check_data(options: SearchOptions, task: Task) -> None:
    """Refuse data that the task can't be measured on, before any time is spent."""
    for name, part in parts_of(task).items():
        if not len(part):
            raise DataError(f"{task.name}: the {name} part is empty; a search needs all three parts")
    needed, labels = kind(options.task).labels, task.signature.labels
    if needed is not None and labels is not needed:
        raise OptionError(
            f"{options.task} needs labels 0 and 1, and {task.name} has {labels} labels; use --task regression"
        )
    for name, part in (("validation", task.validation), ("test", task.test)):
        refusal = options.training.validation_metric.refuses(part)
        if refusal is not None:
            raise DataError(f"{task.name}: the {name} part can't be measured: {refusal}")
