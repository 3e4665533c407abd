"""Phase I, the loss search: ask, test, train, reward, tell, save, and start over.

A loop asks the strategy for a batch of losses and puts all of it through the
proxy test. Each loss that is new, or whose reward is not known, is trained; how
much that improves the validation metric is its reward. Where losses train
copies of a current recommender, the best copy takes its place if its reward is
at least -eta; all rewards belong to the old recommender then, and are forgotten.
At the end of a loop all that it changed goes into the archive, at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symloss.deadline import TimedStop
from symloss.ops.construct import NumberLimitError
from symloss.options.search import Budget
from symloss.progress import LoopDone, Note, PhaseStarted, SearchProgress
from symloss.search.candidates.candidate import Attempt, Candidate
from symloss.search.candidates.outcome import Outcome
from symloss.search.candidates.proxy import ProxyReport, ProxyTest
from symloss.search.candidates.tokens import Tokens
from symloss.search.loop.counts import Counts
from symloss.search.loop.loop_record import LoopRecord, Training
from symloss.search.loop.trainee import Interrupted, Trainee
from symloss.search.options import SearchOptions
from symloss.search.strategies.strategy import Feedback, Strategy

PATIENCE = 10_000
"""Where losses trained are the only budget, so many loops without one end phase I: there may be none left."""


def budget_over(budget: Budget, loops: int, seconds: float, counts: Counts) -> bool:
    """Return whether a budget is used up; the loop that uses up one of losses trained is done to its end."""
    return (
        (budget.loops is not None and loops >= budget.loops)
        or (budget.time_limit is not None and seconds >= budget.time_limit)
        or (budget.max_trained is not None and counts["trained"] >= budget.max_trained)
    )


GRACE = 2.0
"""Seconds that a loop may go on after the time limit before it is cut short: most end within them."""

WORST_REWARD = -1.0
"""The reward of a loss that is useless, wrong or makes the recommender worse by more than eta."""


@dataclass
class LossSearch:
    """The state of phase I, and its loop.

    Attributes:
        options: what to search.
        strategy: who proposes.
        proxy: who drops.
        recommender: who is trained.
        save: takes what each loop changed; None where nothing is kept.
        candidates: the distinct losses that the proxy test let through, by the number of their gradient.
        counts: what became of the losses so far.
        loops: loops done.
        seconds: that phase I has taken so far, over all processes that ran it.
        adopted_loop: the last loop after which the recommender was another; 0 if none.
        best: the candidate with the highest reward so far, the latest of equal ones.
        stopped: whether `stop` ended the phase.
    """

    options: SearchOptions
    strategy: Strategy
    proxy: ProxyTest
    recommender: Trainee
    save: Callable[[LossSearch, LoopRecord], None] | None = None

    def __post_init__(self) -> None:
        """Start with nothing known."""
        self.candidates: dict[int, Candidate] = {}
        self.counts = Counts()
        self.loops = 0
        self.seconds = 0.0
        self.adopted_loop = 0
        self.best: Candidate | None = None
        self.stopped = False
        self.trained_loop = 0
        self._began = time.monotonic()

    def go(self, progress: SearchProgress, stop: threading.Event) -> None:
        """Run loops until a budget or `stop` ends them."""
        options = self.options
        self._began = time.monotonic() - self.seconds
        progress(PhaseStarted(1, options.loops, options.time_limit))
        limit = options.time_limit
        cut = stop if limit is None else TimedStop(stop, max(0.0, limit - self.seconds) + GRACE)
        while not stop.is_set() and not budget_over(options, self.loops, self.seconds, self.counts):
            try:
                self.step(cut)
            except Interrupted:
                if not stop.is_set():
                    self.seconds = time.monotonic() - self._began
                    progress(
                        Note("phase I reached its time limit before the first losses of a loop were trained")
                    )
                break
            progress(self._event())
            if self._exhausted():
                progress(Note(f"phase I ended: {PATIENCE} loops found no loss to train"))
                break
            self.seconds = time.monotonic() - self._began
        self.stopped = stop.is_set()
        if self.stopped:
            progress(Note(f"stopped in phase I after {self.loops} loops; {self._kept_sentence()}"))

    def _exhausted(self) -> bool:
        """Return whether the only budget is one of trained losses, and there are none left to train."""
        options = self.options
        bounded = options.loops is not None or options.time_limit is not None
        return not bounded and self.loops - self.trained_loop >= PATIENCE

    def step(self, stop: threading.Event) -> None:
        """Do one loop.

        Raises:
            Interrupted: `stop` was set while losses were trained; this loop does not count then. Where it is a time
                limit that passed, the loop counts with the losses that were trained, if there are any.
            RunError: the archive can't be written.
        """
        counts = self.counts.as_dict()
        tokens = self.strategy.ask(self.options.batch)
        self.loops += 1
        self.counts.add("sampled", len(tokens))
        report = self.proxy.test(tokens)
        record = LoopRecord(self.loops, tokens, report)
        to_train = self._sort(tokens, report, record)
        try:
            adopted, left = self._train(to_train, stop, record)
        except Interrupted:
            self._forget_loop(counts, record)
            raise
        self._tell(tokens, report, left)
        if adopted:
            self.adopted_loop = self.loops
            for candidate in self.candidates.values():
                candidate.reward = None
        self.seconds = time.monotonic() - self._began
        if self.save is not None:
            self.save(self, record)

    def _tell(self, tokens: Tokens, report: ProxyReport, left: set[int]) -> None:
        """Tell the strategy what became of the losses, but those that time left untrained."""
        rewards = self._rewards(report)
        rows = np.flatnonzero(~np.isin(report.number, sorted(left))) if left else slice(None)
        told = tokens.take(rows) if left else tokens
        if len(told):
            self.strategy.tell(told, Feedback(rewards[rows], report.number[rows], report.right_way[rows]))

    def _forget_loop(self, counts: dict[str, int], record: LoopRecord) -> None:
        self.counts = Counts(counts)
        self.loops -= 1
        for number in record.new:
            self.candidates.pop(number, None)

    def _sort(self, tokens: Tokens, report: ProxyReport, record: LoopRecord) -> list[Candidate]:
        """Count what the proxy test drops, and return the candidates whose reward is not known."""
        allowed = ~report.too_complex
        self.counts.add(Outcome.TOO_COMPLEX, int(report.too_complex.sum()))
        self.counts.add(Outcome.ZERO_GRADIENT, int((report.zero & allowed).sum()))
        self.counts.add(Outcome.NOT_FINITE, int((~report.finite & allowed).sum()))
        to_train: dict[int, Candidate] = {}
        for k in np.flatnonzero(report.number >= 0).tolist():
            number = int(report.number[k])
            if report.new[k]:
                self._meet(tokens, number, report, k, record)
            candidate = self.candidates.get(number)
            if candidate is None:
                self.counts.add(Outcome.WRONG_DIRECTION)
                continue
            candidate.sampled += 1
            record.touched[number] = candidate
            if candidate.reward is None and number not in to_train:
                to_train[number] = candidate
            else:
                self.counts.add(Outcome.DUPLICATE)
        return list(to_train.values())

    def _meet(self, tokens: Tokens, number: int, report: ProxyReport, k: int, record: LoopRecord) -> None:
        """Take up a loss with a new gradient; with `check_first`, one that points the wrong way is only noted."""
        self.counts.add("distinct")
        record.new[number] = k
        wrong = bool(report.wrong[k])
        if not (wrong and self.options.check_first):
            right_way = float(report.right_way[k])
            self.candidates[number] = Candidate(number, tokens.take([k]), self.loops, right_way, wrong)

    def _train(
        self, candidates: list[Candidate], stop: threading.Event, record: LoopRecord
    ) -> tuple[bool, set[int]]:
        """Train by each candidate and set the rewards.

        Returns:
            Whether the recommender changed, and the numbers of the candidates that time left untrained.
        """
        if not candidates:
            return False, set()
        programs = [self.proxy.programs(candidate.tokens).program(0) for candidate in candidates]
        left: set[int] = set()
        places = list(range(len(candidates)))
        try:
            attempts = self.recommender.try_losses(programs, self.loops, stop)
        except Interrupted as cut:
            if not cut.finished or not isinstance(stop, TimedStop) or stop.asked:
                raise
            places = sorted(cut.finished)
            attempts = [cut.finished[place] for place in places]
            left = {one.number for one in candidates} - {candidates[place].number for place in places}
            candidates = [candidates[place] for place in places]
        self.trained_loop = self.loops
        sign = self.options.training.validation_metric.sign
        # by metric, not by gain: a difference may round two metrics to one number
        ranks = [
            -np.inf if one.metric is None or not np.isfinite(one.metric) else sign * one.metric
            for one in attempts
        ]
        best = int(np.argmax(ranks))
        gains = [self._gain(attempt.metric) for attempt in attempts]
        adopted = self.recommender.adopts and self._good(gains[best])
        if adopted:
            self.recommender.adopt(places[best])
        for number, (candidate, attempt, gain) in enumerate(zip(candidates, attempts, gains, strict=True)):
            self._reward(candidate, attempt, gain, adopted and number == best, record)
        return adopted, left

    def _gain(self, metric: float | None) -> float | None:
        """Return how much better than the recommender's a metric is; None where training diverged."""
        if metric is None or not np.isfinite(metric):
            return None
        return (metric - self.recommender.metric) * self.options.training.validation_metric.sign

    def _good(self, gain: float | None) -> bool:
        """Return whether a gain passes the reward filter; without that, any gain does."""
        return gain is not None and (not self.options.reward_filter or gain >= -self.options.eta)

    def _reward(
        self, candidate: Candidate, attempt: Attempt, gain: float | None, kept: bool, record: LoopRecord
    ) -> None:
        """Note what training by a candidate gave."""
        self.counts.add(Outcome.TRAINED)
        candidate.reward = gain if gain is not None and self._good(gain) else WORST_REWARD
        outcome = Outcome.DIVERGED if gain is None else Outcome.KEPT if kept else Outcome.TRAINED
        if gain is not None:
            if candidate.best is None or gain > candidate.best_reward:
                candidate.best = attempt
            candidate.rewards.append(gain)
            if self.best is None or gain >= self.best.best_reward:
                self.best = candidate
        if outcome is not Outcome.TRAINED:
            self.counts.add(outcome)
        candidate.kept += kept
        candidate.outcome = Outcome.KEPT if candidate.kept else outcome
        record.trainings.append(Training(candidate.number, attempt, gain, candidate.reward, outcome))

    def _rewards(self, report: ProxyReport) -> NDArray[np.float64]:
        """Return what the strategy is told about each loss of the batch."""
        rewards = np.full(len(report.number), WORST_REWARD)
        for k in np.flatnonzero(report.number >= 0):
            candidate = self.candidates.get(int(report.number[k]))
            if candidate is not None and candidate.reward is not None:
                rewards[k] = candidate.reward
        return rewards

    def formula(self, candidate: Candidate) -> str:
        """Return the formula of a candidate, or why it has none."""
        try:
            return candidate.loss(self.proxy.grammar).formula
        except NumberLimitError as error:
            return f"not a formula: {error}"

    def _event(self) -> LoopDone:
        best = self.best
        return LoopDone(
            loop=self.loops,
            seconds=self.seconds,
            counts=self.counts.as_dict(),
            metric=self.recommender.metric,
            best=None if best is None else self.formula(best),
            best_reward=None if best is None else best.best_reward,
            fresh_metric=None if best is None or best.best is None or self._keeps else best.best.metric,
            fresh=not self._keeps,
        )

    @property
    def _keeps(self) -> bool:
        """Whether a copy may take the recommender's place; with fresh rewards none ever does."""
        return self.recommender.adopts

    def _kept_sentence(self) -> str:
        counts = self.counts
        kept = f", {counts['kept']} kept" if self._keeps else ""
        return f"{counts['sampled']} losses sampled, {counts['distinct']} distinct, {counts['trained']} trained{kept}"
