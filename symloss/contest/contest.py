"""A fair contest between found and handcrafted losses: the effectiveness test of phase III for many losses.

A factor on a loss trades learning rate against L2, and most of what separates published
losses is that factor. So all losses get the same grids of scales and eps:

1. *Halving* on fast trainings leaves a few candidates, and all baselines, with their best configurations.
2. *Ranking*: these are trained to convergence by the training's own settings, with several seeds. The
   winner, and each baseline's configuration, is what has the best mean validation metric.
3. *Final*: the winner and the baselines, with more seeds. Here, and nowhere before, the test part is read.

Every finished training goes into the store; a contest that is run again goes on where it was cut off.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symloss.contest.choice import Chosen, Configuration, complete_seeds, ordered
from symloss.contest.entries import Contender, contest_entries
from symloss.contest.evaluation import result_of
from symloss.contest.halving import Ranked, halve
from symloss.contest.options import ContestOptions
from symloss.contest.result import ContestResult, Finalist, Gain, Spread, Standing
from symloss.contest.significance import PairedTest, paired_test
from symloss.contest.trial_runner import TrialRunner, read_test
from symloss.contest.trial_store import Store
from symloss.deadline import TimedStop
from symloss.engine.engine import Engine
from symloss.errors import OptionError
from symloss.loss import Loss
from symloss.progress import Note, PhaseStarted, SearchEvent, silent
from symloss.tasks.task import references_of

HALVING_SHARE, RANKING_SHARE = 0.35, 0.75
"""Shares of the time limit after which halving, and ranking, must be over."""

KEPT_BYTES = 2**30
"""States of the ranking are kept for the final up to about this size; others are trained again."""


def contest(
    candidates: Sequence[Contender],
    baselines: Sequence[Loss],
    engine: Engine,
    options: ContestOptions | None = None,
    store: Store | None = None,
    progress: Callable[[SearchEvent], None] = silent,
    stop: threading.Event | None = None,
) -> ContestResult:
    """Find the best candidate and compare it with scale-tuned baselines.

    Args:
        candidates: valid losses, the most promising first.
        baselines: handcrafted losses, at least one.
        engine: of the model, the data and the settings of training to convergence.
        options: grids, rungs, seeds and time.
        store: remembers finished trainings; nothing if None.
        progress: receives `PhaseStarted`, `EvaluationStep` and `Note`.
        stop: ends the contest early; the best so far is reported, with a note.

    Returns:
        The result. Its numbers do not depend on the engine, the threads or the store.

    Raises:
        OptionError: there is no baseline.
    """
    if not baselines:
        raise OptionError("a contest needs at least one baseline, such as bce or mse")
    options = options or ContestOptions()
    return _Contest(candidates, baselines, engine, options, store, progress, stop or threading.Event()).go()


@dataclass(frozen=True, eq=False)
class _Tested:
    """A configuration after the final: its summary, and what its test metric is made from, by seed."""

    standing: Standing
    values: NDArray[np.float32]


class _Contest:
    def __init__(
        self,
        candidates: Sequence[Contender],
        baselines: Sequence[Loss],
        engine: Engine,
        options: ContestOptions,
        store: Store | None,
        progress: Callable[[SearchEvent], None],
        stop: threading.Event,
    ) -> None:
        self.engine, self.options, self.stop = engine, options, stop
        self.settings = engine.settings
        self.runner = TrialRunner(engine, store, progress, stop)
        limit = options.time_limit
        ends = [None if limit is None else share * limit for share in (HALVING_SHARE, RANKING_SHARE, 1.0)]
        self.deadlines = [TimedStop(stop, end) for end in ends]
        self.entries, self.same = contest_entries(candidates, baselines, options)
        self.tried = {entry.number: len(entry.trials) for entry in self.entries}
        self.trials = dict.fromkeys(("halving", "ranking", "final"), 0)
        self.seconds = dict.fromkeys(("halving", "ranking", "final"), 0.0)
        self.notes: list[str] = []

    def go(self) -> ContestResult:
        began = time.monotonic()
        ranked, rungs = halve(self.entries, self.runner, self.settings, self.options, self.deadlines[0])
        self.trials["halving"] = sum(rung.trials for rung in rungs)
        self.seconds["halving"] = time.monotonic() - began
        if self.deadlines[0].is_set():
            self._note("halving was cut short; the rest goes by the trainings that were finished")
        configurations, seeds = self._ranking(ranked)
        trained = bool(seeds)
        if not trained:
            self._note(
                "no finalist was trained to convergence: what is reported are the fast trainings of the "
                "halving, with one seed"
            )
            configurations = [
                Configuration(one.entry, one.record.trial, {self.options.seed: one.record}) for one in ranked
            ]
            seeds = [self.options.seed]
        chosen = Chosen.of(configurations, seeds)
        finalists = [_finalist(one, seeds) for one in ordered(configurations, seeds)] if trained else []
        seeds = self._final(chosen.all, seeds) if trained else seeds
        tested = self._test(chosen.all, seeds)
        winner, winner_unscaled = tested.get(chosen.winner), tested.get(chosen.winner_unscaled)
        best, best_unscaled = tested.get(chosen.baselines[0]), tested.get(chosen.baseline_unscaled)
        return ContestResult(
            metric=self.settings.validation_metric.name,
            measure=self.settings.validation_metric,
            winner=_standing(winner),
            baselines=tuple(tested[one].standing for one in chosen.baselines),
            winner_unscaled=_standing(winner_unscaled),
            baseline_unscaled=_standing(best_unscaled),
            finalists=tuple(finalists),
            significance=self._significance(winner, best),
            gains=self._gains(winner, winner_unscaled, best, best_unscaled),
            same=tuple(self.same),
            rungs=tuple(rungs),
            trials=self.trials,
            seconds=self.seconds,
            notes=tuple(self.notes),
            references=references_of(self.engine.task, self.settings.validation_metric),
        )

    def _note(self, text: str) -> None:
        why = "the contest was stopped" if self.stop.is_set() else "the time limit was reached"
        self.notes.append(f"{why}: {text}")
        self.runner.progress(Note(self.notes[-1]))

    def _ranking(self, ranked: Sequence[Ranked]) -> tuple[list[Configuration], list[int]]:
        """Train what is left to convergence; return it, and the seeds with which everything was trained."""
        began = time.monotonic()
        first = self.options.seed
        places = [(place, one) for one in ranked for place in range(len(one.entry.trials))]
        # where time is short: the best configuration of each loss first, and of these the best candidate's and
        # the baselines'. With baselines alone there is nothing to compare
        leader = next((one for one in ranked if not one.entry.baseline), None)
        places.sort(key=lambda pair: (pair[0], pair[1] is not leader, not pair[1].entry.baseline))
        configurations = [Configuration(one.entry, one.entry.trials[place]) for place, one in places]
        seeds = list(range(first, first + self.options.ranking_seeds))
        self._train(configurations, seeds, self.deadlines[1], "ranking")
        complete = complete_seeds(configurations, seeds)
        if len(complete) < len(seeds) and complete:
            self._note(f"finalists were ranked by {len(complete)} of {len(seeds)} seeds")
        if not complete:
            # better the finalists that one seed reached than none
            reached = [
                one for one in configurations if first in one.records and one.records[first].best_epoch
            ]
            known = {one.entry.number for one in reached}
            if all(entry.number in known for entry in self.entries if entry.baseline):
                self._note(f"{len(reached)} of {len(configurations)} finalists were trained")
                configurations, complete = reached, [first]
        self.seconds["ranking"] = time.monotonic() - began
        return configurations, complete

    def _final(self, chosen: Sequence[Configuration], ranking_seeds: list[int]) -> list[int]:
        """Train the winner and the baselines with more seeds; return those with which all were trained."""
        began = time.monotonic()
        first = self.options.seed
        wanted = list(range(first, first + self.options.final_seeds))
        # seeds of the ranking count too where they are there: dropping them would waste trainings
        seeds = sorted({*wanted, *ranking_seeds})
        self._train(chosen, seeds, self.deadlines[2], "final")
        complete = complete_seeds(chosen, seeds)
        if len(complete) < len(seeds):
            self._note(
                f"the best candidate and the baselines were trained with {len(complete)} of {len(seeds)} seeds"
            )
        cut = sum(not one.ended(seed) for seed in complete for one in chosen)
        if cut:
            self._note(
                f"{cut} of the {len(complete) * len(chosen)} trainings that are compared did not come to their end; "
                "their best epochs so far count"
            )
        self.seconds["final"] = time.monotonic() - began
        return complete

    def _train(
        self, configurations: Sequence[Configuration], seeds: Sequence[int], stop: TimedStop, stage: str
    ) -> None:
        """Train what has no record yet, seed by seed, so that a cut leaves whole seeds."""
        missing = [(one, seed) for seed in seeds for one in configurations if not one.ended(seed)]
        if not missing or stop.is_set():
            return
        self.runner.progress(PhaseStarted(3, len(missing), self.options.time_limit))
        trials = [one.trial.with_seed(seed) for one, seed in missing]
        size = self.engine.trainer.memory(0).state * len(trials)
        keep = id if stage == "final" or size <= KEPT_BYTES else None
        records = self.runner.run(trials, self.settings, keep=keep, stop=stop)
        for (one, seed), record in zip(missing, records, strict=True):
            known = one.records.get(seed)
            # one that began anew and was cut short again may have come less far
            if not record.untrained and (
                known is None or not record.interrupted or record.epochs > known.epochs
            ):
                one.records[seed] = record
        self.trials[stage] += sum(not record.untrained for record in records)

    def _test(
        self, chosen: Sequence[Configuration], seeds: Sequence[int]
    ) -> dict[Configuration | None, _Tested]:
        """Read the test part: the only place."""
        flat = self.runner.with_states([one.records[seed] for one in chosen for seed in seeds])
        read = iter([(record, *read_test(self.engine, record)) for record in flat])
        tested: dict[Configuration | None, _Tested] = {}
        for one in chosen:
            rows = [next(read) for _ in seeds]
            results = [
                result_of(record, metrics, self.tried[one.entry.number]) for record, metrics, _ in rows
            ]
            tested[one] = _Tested(
                Standing.of(one.trial.title, results), np.array([values for *_, values in rows])
            )
        return tested

    def _significance(self, winner: _Tested | None, best: _Tested | None) -> PairedTest | None:
        if winner is None or best is None or len(winner.values) < 2 or not winner.values.size:
            return None
        metric = self.settings.validation_metric
        means = [one.standing.test[metric.name].mean for one in (winner, best)]
        if not all(math.isfinite(mean) for mean in means):
            return None
        labels = self.engine.dataset.test.labels
        titles = winner.standing.title, best.standing.title
        return paired_test(*titles, winner.values, best.values, labels, metric)

    def _gains(self, *tested: _Tested | None) -> tuple[Gain, ...]:
        standings = [one.standing for one in tested if one is not None]
        if len(standings) < len(tested):
            return ()
        metric = self.settings.validation_metric
        means = {
            "test": [one.test[metric.name].mean for one in standings],
            "validation": [one.valid.mean for one in standings],
        }
        return tuple(
            Gain(metric.name, part, values[0], values[1], values[2], values[3], metric)
            for part, values in means.items()
            if all(map(math.isfinite, values))
        )


def _standing(tested: _Tested | None) -> Standing | None:
    return None if tested is None else tested.standing


def _finalist(one: Configuration, seeds: Sequence[int]) -> Finalist:
    loss, trial = one.entry.loss, one.trial
    valid = Spread.of([one.records[seed].valid_metric for seed in seeds])
    return Finalist(loss.title, loss.plain_formula, trial.eps, trial.scale, one.entry.baseline, valid)
