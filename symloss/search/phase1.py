"""Phase I of a search: put its parts together, go on from the archive where there is one, and run it."""

from __future__ import annotations

from typing import Any

from symloss.search.archive.snapshot import load_search, saving
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.context import SearchContext
from symloss.search.loop.fresh_recommender import FreshRecommender
from symloss.search.loop.loop import LossSearch
from symloss.search.loop.trainee import CurrentRecommender, Trainee
from symloss.search.options import SearchOptions
from symloss.search.strategies.registry import make_strategy
from symloss.search.strategies.strategy import Strategy
from symloss.search.warm_start import warm_start_tokens

DONE = "phase I done"
"""Name of the state that says under which budgets phase I came to its end."""


def run_phase1(context: SearchContext) -> LossSearch:
    """Run phase I, or what of it is left; return its state.

    Raises:
        RunError: the archive can't be read or written.
        OptionError: a loss of the warm start is outside of the grammar.
    """
    search = make_phase1(context)
    run = context.run
    resumed = run is not None and run.resumed and load_search(run.archive, search)
    if not resumed:
        _warm_start(context, search.strategy)
    if run is not None and resumed and run.archive.state(DONE) == budgets(context.options):
        context.seconds["1"] = search.seconds
        return search
    search.go(context.progress, context.stop)
    context.seconds["1"] = search.seconds
    if run is not None and not search.stopped:
        run.archive.set_state(DONE, budgets(context.options))
    return search


def make_phase1(context: SearchContext) -> LossSearch:
    """Return phase I before its first loop."""
    options = context.options
    strategy = _strategy(options, context.grammar)
    return LossSearch(options, strategy, context.proxy, _trainee(context), saving(context.run))


def check_start(options: SearchOptions, grammar: LossGrammar) -> None:
    """Refuse arguments of the strategy and losses of the warm start before anything is written.

    Raises:
        OptionError: one is not allowed, or outside of the grammar.
        FormulaError: a loss of the warm start can't be read.
    """
    _strategy(options, grammar)
    if options.warm_start:
        warm_start_tokens(options.warm_start, grammar)


def _strategy(options: SearchOptions, grammar: LossGrammar) -> Strategy:
    further = dict(options.strategy_options)
    if options.max_complexity is not None:
        further.setdefault("max_complexity", options.max_complexity)
    return make_strategy(options.strategy, grammar, options.seed, **further)


def budgets(options: SearchOptions) -> dict[str, Any]:
    """Return what bounds phase I."""
    return {name: getattr(options, name) for name in ("loops", "time_limit", "max_trained")}


def _trainee(context: SearchContext) -> Trainee:
    options = context.options
    if options.reward == "fresh":
        return FreshRecommender(
            context.engine,
            context.attempts(),
            epochs=options.reward_epochs,
            learning_rate=options.reward_learning_rate,
        )
    return CurrentRecommender(context.engine, context.attempts())


def _warm_start(context: SearchContext, strategy: Strategy) -> None:
    if context.options.warm_start:
        strategy.warm_start(warm_start_tokens(context.options.warm_start, context.grammar))
