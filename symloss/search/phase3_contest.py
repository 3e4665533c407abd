"""Phase III as a scale-fair contest: fit numbers inside the best survivors, compare all with handcrafted losses."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction

from symloss import zoo
from symloss.compile.unit_gradient import rounded
from symloss.contest.coefficients import EPOCHS, fit_coefficients
from symloss.contest.contest import contest
from symloss.contest.entries import Contender
from symloss.contest.evaluation import EvaluationResult
from symloss.contest.options import ContestOptions
from symloss.contest.result import ContestResult, Standing
from symloss.contest.trial_store import Store
from symloss.deadline import TimedStop
from symloss.loss import Loss
from symloss.progress import Note
from symloss.search.archive.archive_store import ArchiveStore
from symloss.search.context import SearchContext
from symloss.search.options import SearchOptions
from symloss.search.validation import Survivor
from symloss.tasks.task import contest_baselines_of

COEFFICIENT_SHARE = 0.25
"""Share of the time of phase III that the fit of coefficients may take."""


def run_contest(context: SearchContext, survivors: tuple[Survivor, ...]) -> ContestResult:
    """Run phase III as a contest; finished trainings of a resumed run are not repeated.

    Raises:
        RunError: the archive can't be written.
    """
    options = context.options
    began = time.monotonic()
    store = None if context.run is None else ArchiveStore(context.run.archive)
    contenders = [Contender(survivor.loss, survivor.eps_values) for survivor in survivors]
    fitted = _fitted(context, survivors, store)
    spent = time.monotonic() - began
    baselines = [_baseline(name, context) for name in contest_baselines_of(context.task)]
    result = contest(
        [*fitted, *contenders],
        baselines,
        context.engine,
        contest_options(options, spent),
        store,
        context.progress,
        context.stop,
    )
    context.seconds["3"] = time.monotonic() - began
    return result


def contest_options(options: SearchOptions, spent: float = 0.0) -> ContestOptions:
    """Return the contest that a search asks for, after `spent` seconds of phase III."""
    limit = options.evaluation_time
    chosen = ContestOptions(
        eps_grid=options.eps_grid,
        rungs=options.rungs,
        judged_from=judged_from(options),
        screening_rate=options.rung_learning_rate,
        finalists=options.finalists,
        seed=options.seed,
        ranking_seeds=options.ranking_seeds,
        final_seeds=options.final_seeds,
        time_limit=None if limit is None else max(1.0, limit - spent),
    )
    if options.scale_grid == (1.0,):
        return chosen
    return replace(chosen, scale_grid=options.scale_grid, unit_scale=False)


def judged_from(options: SearchOptions) -> int:
    """Return the epochs of the rung from which on losses are judged: the second one."""
    return options.rungs[min(1, len(options.rungs) - 1)]


def found_again(result: ContestResult) -> list[EvaluationResult]:
    """Return the candidates that are a baseline times a number, with what that baseline reached.

    They take no part in a contest on their own. But a search that comes upon the best handcrafted loss
    has found it, and says so.
    """
    standings = {standing.loss: standing for standing in result.baselines}
    found = []
    for same in result.same:
        standing = standings.get(same.same_as) if same.baseline else None
        try:
            factor = float(Fraction(same.factor))
        except (ValueError, ZeroDivisionError):
            continue
        if standing is not None and factor > 0:
            scale = rounded(standing.scale / factor)
            one = replace(mean_result(standing), loss=same.formula, formula=same.formula, scale=scale)
            found.append(one)
    return found


def mean_result(standing: Standing) -> EvaluationResult:
    """Return the result of the first seed with metrics that are means over all seeds."""
    means = {name: spread.mean for name, spread in standing.test.items()}
    return replace(
        standing.results[0], metrics=means, valid_metric=standing.valid.mean, trials=standing.trials
    )


def _baseline(name: str, context: SearchContext) -> Loss:
    loss = zoo.get(name)
    labels = context.grammar.domain.labels
    return loss if loss.domain.labels is labels else loss.with_domain(labels, loss.domain.input)


def _fitted(context: SearchContext, survivors: tuple[Survivor, ...], store: Store | None) -> list[Contender]:
    """Return the best survivors with fitted numbers inside, where that holds on validation."""
    options = context.options
    seconds = None if options.evaluation_time is None else COEFFICIENT_SHARE * options.evaluation_time
    stop = TimedStop(context.stop, seconds)
    found: list[Contender] = []
    for survivor in survivors[: options.coefficients]:
        if stop.is_set():
            break
        attempt = survivor.candidate.best
        eps = attempt.eps if attempt is not None and survivor.loss.has_eps else None
        if eps is not None and survivor.eps_values and eps not in survivor.eps_values:
            eps = survivor.eps_values[0]
        fitted = fit_coefficients(
            survivor.loss,
            context.engine,
            eps=eps,
            scale=1.0 if attempt is None else attempt.scale,
            seeds=range(options.seed, options.seed + 3),
            # from the rung on that judges losses; where rungs have a rate of their own, epochs do not compare
            epochs=judged_from(options) if options.rung_learning_rate is None else EPOCHS,
            store=store,
            progress=context.progress,
            stop=stop,
        )
        if fitted.changes:
            context.progress(
                Note(
                    f"numbers fitted in {survivor.loss.formula}: {fitted.loss.formula}, "
                    f"{fitted.gain:+.4f} on validation over {len(fitted.gains)} seeds"
                )
            )
            found.append(Contender(fitted.loss, () if fitted.eps is None else (fitted.eps,)))
    return found
