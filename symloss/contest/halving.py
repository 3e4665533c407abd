"""Successive halving: train many losses for a few epochs, fewer for more, so that poor ones stop early.

What is shortened is training at a *fast rate*, not the training at the settings' own:
from N(0, 1) embeddings at learning rate 0.01 the validation AUC stays near 0.5 for
hundreds of epochs whatever the loss, until L2 has worn the start off. At rate 0.3 that
takes 50 epochs, and the order after 50 is nearly the final one. After 25 it tells good
scales of a loss from bad ones, but not good losses from bad ones: across losses, each at
its best scale, it is even turned around (`benchmarks/halving.py`, docs/effectiveness.md).
So a first rung chooses among configurations only, and losses are judged from 50 epochs on.

All losses of a rung are one population. After it, each loss is judged by its best
configuration; the better part of the candidates goes on, and every baseline, each with
the same share of its configurations, so that a baseline is never tuned less than a
candidate. Source: Jamieson and Talwalkar, Non-stochastic Best Arm Identification, 2016.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from symloss.contest.entries import Entry
from symloss.contest.options import ContestOptions
from symloss.contest.trial import Trial
from symloss.contest.trial_runner import TrialRecord, TrialRunner
from symloss.progress import PhaseStarted
from symloss.training.settings import TrainingSettings

UNSCALED = 1.0
"""The scale that the contest compares others with."""

GOLDEN = (math.sqrt(5) - 1) / 2
"""Multiples of it, without their whole part, stay far from each other however many there are."""


@dataclass(frozen=True)
class Rung:
    """What one rung did.

    Attributes:
        learning_rate, epochs: of its trainings.
        losses, trials: how many took part.
        losses_kept, trials_kept: how many went on.
        best, best_metric: the leading configuration in words, and its validation metric; None where none was trained.
        seconds: of wall time.
    """

    learning_rate: float
    epochs: int
    losses: int
    trials: int
    losses_kept: int
    trials_kept: int
    best: str | None
    best_metric: float | None
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, eq=False)
class Ranked:
    """A loss after a rung.

    Attributes:
        entry: the loss, with the configurations that go on, best first.
        record: its best training; with a state where it is a baseline or the best candidate.
        unscaled: the best configuration at scale 1, if the grid has that.
    """

    entry: Entry
    record: TrialRecord
    unscaled: Trial | None


def halve(
    entries: Sequence[Entry],
    runner: TrialRunner,
    settings: TrainingSettings,
    options: ContestOptions,
    stop: threading.Event,
) -> tuple[list[Ranked], list[Rung]]:
    """Run all rungs.

    Args:
        entries: candidates and baselines; candidates in the order of their promise, which counts where time is short.
        runner: trains.
        settings: of the training to convergence; rungs differ in rate and epochs.
        options: rungs, and how many go on.
        stop: ends the rungs early.

    Returns:
        All baselines and the best candidates (`finalists` at most), best first by validation, each with
        its best configurations; and what each rung did. Candidates without a finite metric drop out.
    """
    rungs: list[Rung] = []
    ranked: list[Ranked] = []
    lengths = options.rung_settings(settings)
    for place, short in enumerate(lengths):
        if ranked and stop.is_set():
            # what an unfinished rung would say of the losses is worth less than what is known
            break
        began = time.monotonic()
        trials = [entry.trials for entry in entries]
        runner.progress(
            PhaseStarted(3, sum(map(len, trials)), options.time_limit if not place else None, screening=True)
        )
        records = _run(entries, trials, runner, short, stop)
        if ranked and any(record.untrained for group in records for record in group):
            break
        ranked = _rank(entries, records)
        last = place == len(lengths) - 1
        ranked = _keep(ranked, options, judged=last or short.max_epochs >= options.judged_from, last=last)
        leader = min((one.record for one in ranked), key=lambda record: record.rank, default=None)
        known = leader is not None and math.isfinite(leader.rank)
        rungs.append(
            Rung(
                learning_rate=short.learning_rate,
                epochs=short.max_epochs,
                losses=len(entries),
                trials=sum(map(len, trials)),
                losses_kept=len(ranked),
                trials_kept=sum(len(one.entry.trials) for one in ranked),
                best=leader.trial.title if leader is not None and known else None,
                best_metric=leader.valid_metric if leader is not None and known else None,
                seconds=time.monotonic() - began,
            )
        )
        entries = [one.entry for one in ranked]
    return _keep(ranked, options, judged=True, last=True), rungs


def _run(
    entries: Sequence[Entry],
    trials: Sequence[Sequence[Trial]],
    runner: TrialRunner,
    short: TrainingSettings,
    stop: threading.Event,
) -> list[list[TrialRecord]]:
    """Train one population; keep the states of the best candidate and of each baseline's best."""
    owner = {
        id(trial): entry.number if entry.baseline else -1
        for entry, group in zip(entries, trials, strict=True)
        for trial in group
    }
    flat = [trial for group in trials for trial in group]
    order = taking_turns([len(group) for group in trials])
    found = iter(runner.run(flat, short, keep=lambda trial: owner[id(trial)], stop=stop, order=order))
    return [[next(found) for _ in group] for group in trials]


def taking_turns(counts: Sequence[int]) -> list[int]:
    """Return the order of trials that leaves a fair sample wherever it is cut off: losses take turns.

    The own ones of each go through its grid in steps of about the golden section, so that the first few lie far apart.

    Args:
        counts: trials of each loss, which are numbered loss by loss.
    """
    starts = [sum(counts[:loss]) for loss in range(len(counts))]
    spread = [sorted(range(count), key=lambda place: (place * GOLDEN) % 1.0) for count in counts]
    turns = range(max(counts, default=0))
    return [
        start + own[turn]
        for turn in turns
        for start, own in zip(starts, spread, strict=True)
        if turn < len(own)
    ]


def _rank(entries: Sequence[Entry], records: Sequence[Sequence[TrialRecord]]) -> list[Ranked]:
    """Order losses by their best configuration, and the configurations of each."""
    ranked = []
    for entry, group in zip(entries, records, strict=True):
        # sorting is stable: of equal ones the first counts
        ordered = sorted(group, key=lambda record: record.rank)
        usable = [record for record in ordered if math.isfinite(record.rank)]
        if not usable and not entry.baseline:
            continue
        unscaled = next((record.trial for record in ordered if record.trial.scale == UNSCALED), None)
        trials = tuple(record.trial for record in usable or ordered)
        ranked.append(Ranked(replace(entry, trials=trials), ordered[0], unscaled))
    return sorted(ranked, key=lambda one: one.record.rank)


def _keep(ranked: Sequence[Ranked], options: ContestOptions, *, judged: bool, last: bool) -> list[Ranked]:
    """Return those that go on: every baseline and, where losses are judged, the better part of the candidates."""
    going = [one for one in ranked if not one.entry.baseline]
    if judged:
        share = 0.0 if last else options.keep
        going = going[: max(options.finalists, math.ceil(share * len(going)))]
    share = 0.0 if last else options.keep_configurations
    kept = []
    for one in ranked:
        if not one.entry.baseline and not any(one is other for other in going):
            continue
        trials = list(one.entry.trials)
        chosen = trials[: max(options.configurations, math.ceil(share * len(trials)))]
        if one.unscaled is not None and one.unscaled not in chosen:
            # scale 1 stays, to tell in the end how much of a gain is scale
            chosen.append(one.unscaled)
        kept.append(replace(one, entry=replace(one.entry, trials=tuple(chosen))))
    return kept
