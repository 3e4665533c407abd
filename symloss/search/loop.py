"""Phase I, the loss search: ask, test, train one epoch, reward, tell, and start over.

A loop asks the strategy for a batch of losses and puts all of it through the
proxy test. Each loss that is new, or whose reward is not known, trains a copy of
the current recommender for one epoch; how much that improves the validation
metric is its reward. The best copy replaces the recommender if its reward is at
least -eta; all rewards belong to the old recommender then, and are forgotten.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symloss.ops.construct import NumberLimitError
from symloss.search.candidate import Candidate
from symloss.search.counts import Counts
from symloss.search.grammar import program_of
from symloss.search.options import SearchOptions
from symloss.search.outcome import Outcome
from symloss.search.progress import LoopDone, Note, PhaseStarted, SearchProgress
from symloss.search.proxy import ProxyReport, ProxyTest
from symloss.search.run import Run
from symloss.search.strategy import Strategy
from symloss.search.tokens import Tokens
from symloss.search.trainee import Interrupted, Trainee

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
        run: where candidates are written, or None.
        candidates: the distinct losses that the proxy test let through, by the number of their gradient.
        loops: loops done.
        stopped: whether `stop` ended the phase.
    """

    options: SearchOptions
    strategy: Strategy
    proxy: ProxyTest
    recommender: Trainee
    run: Run | None = None

    def __post_init__(self) -> None:
        """Start with nothing known."""
        self.candidates: dict[int, Candidate] = {}
        self.counts = Counts()
        self.loops = 0
        self.stopped = False
        self._best: Candidate | None = None

    def go(self, progress: SearchProgress, stop: threading.Event) -> None:
        """Run loops until the time, the number of loops or `stop` ends them."""
        options = self.options
        began = time.monotonic()
        progress(PhaseStarted(1, options.loops, options.time_limit))
        while not self._over(began, stop):
            try:
                self.step(stop)
            except Interrupted:
                break
            progress(self._event(time.monotonic() - began))
        self.stopped = stop.is_set()
        if self.stopped:
            progress(Note(f"stopped in phase I after {self.loops} loops; {self._kept_sentence()}"))

    def _over(self, began: float, stop: threading.Event) -> bool:
        options = self.options
        late = options.time_limit is not None and time.monotonic() - began >= options.time_limit
        return stop.is_set() or late or (options.loops is not None and self.loops >= options.loops)

    def step(self, stop: threading.Event) -> None:
        """Do one loop.

        Raises:
            Interrupted: `stop` was set while losses were trained; those of this loop are not rewarded.
        """
        tokens = self.strategy.ask(self.options.batch)
        self.loops += 1
        self.counts.add("sampled", len(tokens))
        report = self.proxy.test(tokens)
        to_train = self._sort(tokens, report)
        adopted = self._train(to_train, stop)
        self.strategy.tell(tokens, self._rewards(report))
        if adopted:
            for candidate in self.candidates.values():
                candidate.reward = None
        if self.run is not None:
            self.run.flush()

    def _sort(self, tokens: Tokens, report: ProxyReport) -> list[Candidate]:
        """Count what the proxy test drops, and return the candidates whose reward is not known."""
        self.counts.add(Outcome.ZERO_GRADIENT, int(report.zero.sum()))
        self.counts.add(Outcome.NOT_FINITE, int((~report.finite).sum()))
        to_train: dict[int, Candidate] = {}
        for k in np.flatnonzero(report.number >= 0).tolist():
            number = int(report.number[k])
            if report.new[k]:
                self._meet(tokens.take([k]), number, report, k)
            candidate = self.candidates.get(number)
            if candidate is None:
                self.counts.add(Outcome.WRONG_DIRECTION)
                continue
            candidate.sampled += 1
            if candidate.reward is None and number not in to_train:
                to_train[number] = candidate
            else:
                self.counts.add(Outcome.DUPLICATE)
        return list(to_train.values())

    def _meet(self, tokens: Tokens, number: int, report: ProxyReport, k: int) -> None:
        """Take up a loss with a new gradient; with `check_first`, one that points the wrong way is only noted."""
        self.counts.add("distinct")
        wrong = bool(report.wrong[k])
        candidate = Candidate(number, tokens, self.loops, float(report.right_way[k]), wrong)
        if wrong and self.options.check_first:
            self._record(candidate, Outcome.WRONG_DIRECTION, None)
        else:
            self.candidates[number] = candidate

    def _train(self, candidates: list[Candidate], stop: threading.Event) -> bool:
        """Train a copy by each candidate, set the rewards and return whether the recommender changed."""
        if not candidates:
            return False
        programs = [program_of(self.proxy.programs(candidate.tokens), 0) for candidate in candidates]
        gains = [self._gain(metric) for metric in self.recommender.try_losses(programs, self.loops, stop)]
        best = int(np.argmax([-np.inf if gain is None else gain for gain in gains]))
        best_gain = gains[best]
        adopted = best_gain is not None and best_gain >= -self.options.eta
        if adopted:
            self.recommender.adopt(best)
        for number, (candidate, gain) in enumerate(zip(candidates, gains, strict=True)):
            self._reward(candidate, gain, kept=adopted and number == best)
        return adopted

    def _gain(self, metric: float | None) -> float | None:
        """Return how much better than the recommender's a metric is; None where training diverged."""
        if metric is None or not np.isfinite(metric):
            return None
        return (metric - self.recommender.metric) * (1.0 if self.options.higher_is_better else -1.0)

    def _reward(self, candidate: Candidate, gain: float | None, *, kept: bool) -> None:
        """Note what training by a candidate gave."""
        self.counts.add(Outcome.TRAINED)
        candidate.reward = gain if gain is not None and gain >= -self.options.eta else WORST_REWARD
        outcome = Outcome.DIVERGED if gain is None else Outcome.KEPT if kept else Outcome.TRAINED
        if gain is not None:
            candidate.rewards.append(gain)
            if self._best is None or gain >= self._best.best_reward:
                self._best = candidate
        if outcome is not Outcome.TRAINED:
            self.counts.add(outcome)
        candidate.kept += kept
        candidate.outcome = Outcome.KEPT if candidate.kept else outcome
        self._record(candidate, outcome, gain)

    def _rewards(self, report: ProxyReport) -> NDArray[np.float64]:
        """Return what the strategy is told about each loss of the batch."""
        rewards = np.full(len(report.number), WORST_REWARD)
        for k in np.flatnonzero(report.number >= 0):
            candidate = self.candidates.get(int(report.number[k]))
            if candidate is not None and candidate.reward is not None:
                rewards[k] = candidate.reward
        return rewards

    def _record(self, candidate: Candidate, outcome: Outcome, gain: float | None) -> None:
        """Write a line: with the loss when it is met, with the reward each time it is trained."""
        if self.run is None:
            return
        entry: dict[str, Any] = {"loop": self.loops, "gradient": candidate.number}
        if candidate.loop == self.loops:
            entry["tokens"] = candidate.tokens.row(0)
            entry["right_way"] = round(candidate.right_way, 6)
        # most losses point the wrong way, and to spell one out takes a millisecond: their tokens must do
        if outcome is not Outcome.WRONG_DIRECTION:
            entry["formula"] = self.formula(candidate)
            entry["gain"] = gain
        entry["outcome"] = outcome.key
        entry["reward"] = WORST_REWARD if candidate.reward is None else candidate.reward
        self.run.add_candidate(entry)

    def formula(self, candidate: Candidate) -> str:
        """Return the formula of a candidate, or why it has none."""
        try:
            return candidate.loss(self.proxy.grammar).formula
        except NumberLimitError as error:
            return f"not a formula: {error}"

    def _event(self, seconds: float) -> LoopDone:
        best = self._best
        return LoopDone(
            loop=self.loops,
            seconds=seconds,
            counts=self.counts.as_dict(),
            metric=self.recommender.metric,
            best=None if best is None else self.formula(best),
            best_reward=None if best is None else best.best_reward,
        )

    def _kept_sentence(self) -> str:
        counts = self.counts.as_dict()
        return (
            f"{counts['sampled']} losses sampled, {counts['distinct']} distinct, {counts['trained']} trained, "
            f"{counts['kept']} kept"
        )
