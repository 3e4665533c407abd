"""Phase III of a search: train the survivors and the named losses, and keep what comes out."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace

from symloss import zoo
from symloss.contest.evaluation import EvaluationResult, best_of_groups
from symloss.contest.result import ContestResult
from symloss.contest.trial import Trial, grid
from symloss.contest.trial_runner import TrialRunner
from symloss.deadline import TimedStop
from symloss.progress import Note, PhaseStarted
from symloss.search.archive.archive_store import ArchiveStore
from symloss.search.context import SearchContext
from symloss.search.phase3_contest import found_again, mean_result, run_contest
from symloss.search.validation import Survivor

SCREENING_SHARE = 0.4
"""Share of the time of phase III that screening may take."""


@dataclass(frozen=True, eq=False)
class Phase3Result:
    """What phase III found.

    Attributes:
        found: results of the survivors.
        baselines: results of the named losses.
        contest: the whole comparison, where phase III was a contest.
    """

    found: tuple[EvaluationResult, ...] = ()
    baselines: tuple[EvaluationResult, ...] = ()
    contest: ContestResult | None = None


def run_phase3(context: SearchContext, survivors: tuple[Survivor, ...]) -> Phase3Result:
    """Train the survivors, after screening where the options ask for it, and the named losses."""
    options = context.options
    if context.stop.is_set():
        context.progress(Note("phase III (effectiveness test) was skipped: the search was stopped"))
        return Phase3Result()
    if not survivors:
        context.progress(Note("no loss passed the check; a longer search, or another seed, may find some"))
    if options.effectiveness == "contest":
        result = run_contest(context, survivors)
        winner = [] if result.winner is None else [mean_result(result.winner)]
        return Phase3Result(
            (*winner, *found_again(result)), tuple(map(mean_result, result.baselines)), result
        )
    began = time.monotonic()
    deadline = TimedStop(context.stop, options.evaluation_time)
    groups = [_grid(context, survivor) for survivor in survivors]
    if options.screen_epochs is not None and len(groups) > options.survivors:
        groups = _screen(context, groups, options.screen_epochs, deadline)
    results: list[EvaluationResult] = []
    names = context.task.baselines
    baselines = [grid(zoo.get(name), options.eps_grid, options.scale_grid, [options.seed]) for name in names]
    if not context.stop.is_set():
        # where time is short, what comes late is not trained: so the most promising loss and the baselines first
        everything = [*groups[:1], *baselines, *groups[1:]]
        context.progress(PhaseStarted(3, sum(map(len, everything)), options.evaluation_time))
        results = [result for result, _ in best_of_groups(everything, _runner(context, deadline))]
    context.seconds["3"] = time.monotonic() - began
    if deadline.is_set():
        cause = "was stopped" if context.stop.is_set() else "reached its time limit"
        what = (
            "its results are those of the best epochs so far" if results else "no loss was trained to the end"
        )
        context.progress(Note(f"phase III {cause}: {what}"))
    first = len(groups[:1])
    middle = slice(first, first + len(names))
    return Phase3Result((*results[:first], *results[middle.stop :]), tuple(results[middle]))


def _screen(
    context: SearchContext, groups: list[list[Trial]], epochs: int, deadline: TimedStop
) -> list[list[Trial]]:
    """Return the grids of the losses that do best after a few epochs, each with the better half of its trials."""
    options = context.options
    seconds = None if options.evaluation_time is None else SCREENING_SHARE * options.evaluation_time
    context.progress(PhaseStarted(3, sum(map(len, groups)), seconds, screening=True))
    short = replace(options.training, max_epochs=min(epochs, options.training.max_epochs))
    runner = _runner(context, TimedStop(deadline, seconds))
    records = iter(runner.run([trial for group in groups for trial in group], short))
    ranked = []
    for number, group in enumerate(groups):
        ranks = [next(records).rank for _ in group]
        order = sorted(range(len(group)), key=lambda k: (ranks[k], k))
        better = sorted(order[: (len(group) + 1) // 2])
        ranked.append((ranks[order[0]], number, [group[k] for k in better]))
    return [group for _, _, group in sorted(ranked, key=lambda entry: entry[:2])[: options.survivors]]


def _runner(context: SearchContext, stop: threading.Event) -> TrialRunner:
    store = None if context.run is None else ArchiveStore(context.run.archive)
    return TrialRunner(context.engine, store, context.progress, stop)


def _grid(context: SearchContext, survivor: Survivor) -> list[Trial]:
    options = context.options
    # a loss with open eps is tried only where it was found valid
    values = survivor.eps_values or options.eps_grid
    return grid(survivor.loss, values, options.scale_grid, [options.seed])
