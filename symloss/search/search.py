"""The three phases in one call: search losses, check them, test the best of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from symloss import zoo
from symloss.data.dataset import Dataset
from symloss.domain import Domain, Input, Labels
from symloss.errors import DataError, OptionError
from symloss.models import registry
from symloss.search.deadline import Deadline
from symloss.search.effectiveness import EvaluationResult, Trial, grid, run_trials, screen
from symloss.search.grammar import LossGrammar
from symloss.search.loop import LossSearch
from symloss.search.options import BASELINES, SearchOptions
from symloss.search.progress import Note, PhaseStarted, SearchProgress, silent
from symloss.search.proxy import ProxyTest
from symloss.search.run import Run
from symloss.search.strategies import make_strategy
from symloss.search.trainee import CurrentRecommender
from symloss.search.validation import Survivor, ValidationResult, validate

SCREENING_SHARE = 0.4
"""Share of the time of phase III that screening may take."""


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes:
        best: the survivor with the best validation metric; None where no loss got through phase III.
        results: all survivors, best first.
        baselines: the zoo losses under the same settings.
        counts: sampled, distinct, trained and each outcome of phase I; checked and passed of phase II.
        run: the run folder.
        seconds: of each phase, by its number.
        notes: why phases were cut short or skipped; empty after a complete search.
    """

    best: EvaluationResult | None
    results: tuple[EvaluationResult, ...]
    baselines: tuple[EvaluationResult, ...]
    counts: Mapping[str, int]
    run: Path | None
    seconds: Mapping[str, float]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "best": None if self.best is None else self.best.to_json(),
            "results": [result.to_json() for result in self.results],
            "baselines": [result.to_json() for result in self.baselines],
            "counts": dict(self.counts),
            "run": None if self.run is None else str(self.run),
            "seconds": dict(self.seconds),
            "notes": list(self.notes),
        }


def open_run(options: SearchOptions, dataset: Dataset, folder: Path | None = None) -> Run:
    """Create the run folder of a search that fits the data; arguments and errors as for `search` and `Run.create`."""
    _check_data(options, dataset)
    operators = [operator.name for operator in LossGrammar(options.operators, options.n_variables).operators]
    config = {"options": options.to_json(), "token_operators": operators, "dataset": dataset.summary()}
    return Run.create(config, folder, seed=options.seed)


def search(
    options: SearchOptions,
    dataset: Dataset,
    run: Run | None = None,
    progress: SearchProgress = silent,
    stop: threading.Event | None = None,
) -> SearchResult:
    """Run phases I to III.

    Args:
        options: what to search and for how long.
        dataset: train, validation and test part; test is only read for the final metrics.
        run: where everything is written (see `open_run`); nowhere if None.
        progress: receives the events, in this thread.
        stop: ends the search: phase I at the end of its loop, phase III with the best epochs so far;
            what was found is kept, and later phases are skipped.

    Raises:
        OptionError: the task does not fit the labels.
        DataError: a part of the data can't be used for it.
        RunError: the run folder can't be written.
    """
    _check_data(options, dataset)
    return _Search(options, dataset, run, progress, stop or threading.Event()).go()


class _Search:
    """The phases share the grammar, the proxy test and the run folder."""

    def __init__(
        self,
        options: SearchOptions,
        dataset: Dataset,
        run: Run | None,
        progress: SearchProgress,
        stop: threading.Event,
    ) -> None:
        self.options, self.dataset, self.run, self.stop = options, dataset, run, stop
        self.listener = progress
        self.notes: list[str] = []
        self.seconds: dict[str, float] = {}
        self.domain = Domain.of(dataset.labels)
        self.grammar = LossGrammar(options.operators, options.n_variables, self.domain)
        self.proxy = ProxyTest(self.grammar, delta=options.delta, eps=options.eps, seed=options.seed)
        self.model = registry.get(options.model)

    def go(self) -> SearchResult:
        counts: dict[str, int] = {}
        found: list[EvaluationResult] = []
        baselines: list[EvaluationResult] = []
        try:
            phase1 = self._phase1()
            counts = phase1.counts.as_dict()
            validated = self._phase2(phase1)
            counts["wrong_direction"] += validated.wrong_direction
            counts |= {
                "checked": len(validated.reports),
                "passed": sum(report["passed"] for report in validated.reports),
                "same_gradient": validated.same_gradient,
            }
            found, baselines = self._phase3(validated.survivors)
        finally:
            # also when something goes wrong in the middle: what was found is kept
            result = self._result(counts, found, baselines)
            if self.run is not None:
                self.run.write("summary", result.to_json())
                self.run.close()
        return result

    def progress(self, event: Any) -> None:
        if isinstance(event, Note):
            self.notes.append(event.text)
        self.listener(event)

    def _phase1(self) -> LossSearch:
        options = self.options
        began = time.monotonic()
        phase1 = LossSearch(
            options,
            make_strategy(options.strategy, self.grammar, options.seed),
            self.proxy,
            self._recommender(),
            self.run,
        )
        phase1.go(self.progress, self.stop)
        self.seconds["1"] = time.monotonic() - began
        return phase1

    def _recommender(self) -> CurrentRecommender:
        takes_score = self.domain.input is Input.SCORE
        return CurrentRecommender(
            self.model, self.dataset, self.options.training, eps=self.options.eps, takes_score=takes_score
        )

    def _phase2(self, phase1: LossSearch) -> ValidationResult:
        began = time.monotonic()
        if self.stop.is_set():
            self.progress(Note("phase II (validation check) was skipped: the search was stopped"))
            validated = ValidationResult((), (), 0, 0, 0)
        else:
            candidates = list(phase1.candidates.values())
            validated = validate(candidates, self.proxy, self.options, self.progress, self.stop)
        self.seconds["2"] = time.monotonic() - began
        if self.run is not None:
            self.run.write("checks", list(validated.reports))
        return validated

    def _phase3(
        self, survivors: tuple[Survivor, ...]
    ) -> tuple[list[EvaluationResult], list[EvaluationResult]]:
        """Return the results of survivors and of baselines."""
        options = self.options
        if self.stop.is_set():
            self.progress(Note("phase III (effectiveness test) was skipped: the search was stopped"))
            return [], []
        if not survivors:
            self.progress(Note("no loss passed the check; a longer search, or another seed, may find some"))
        began = time.monotonic()
        deadline = Deadline(self.stop, options.evaluation_time)
        groups = [self._grid(survivor) for survivor in survivors]
        if options.screen_epochs is not None and len(groups) > options.survivors:
            groups = self._screen(groups, options.screen_epochs, deadline)
        results: list[EvaluationResult] = []
        names = BASELINES[options.task]
        baselines = [
            grid(zoo.get(name), options.eps_grid, options.scale_grid, [options.seed]) for name in names
        ]
        if not self.stop.is_set():
            # where time is short, what comes late is not trained: so the most promising loss and the baselines first
            everything = [*groups[:1], *baselines, *groups[1:]]
            self.progress(PhaseStarted(3, sum(map(len, everything)), options.evaluation_time))
            results = run_trials(
                everything, self.dataset, self.model, options.training, progress=self.progress, stop=deadline
            )
        self.seconds["3"] = time.monotonic() - began
        if deadline.is_set():
            cause = "was stopped" if self.stop.is_set() else "reached its time limit"
            what = (
                "its results are those of the best epochs so far"
                if results
                else "no loss was trained to the end"
            )
            self.progress(Note(f"phase III {cause}: {what}"))
        first = len(groups[:1])
        middle = slice(first, first + len(names))
        return results[:first] + results[middle.stop :], results[middle]

    def _screen(self, groups: list[list[Trial]], epochs: int, deadline: Deadline) -> list[list[Trial]]:
        """Return the grids of the losses that do best after a few epochs."""
        options = self.options
        seconds = None if options.evaluation_time is None else SCREENING_SHARE * options.evaluation_time
        self.progress(PhaseStarted(3, sum(map(len, groups)), seconds, screening=True))
        return screen(
            groups,
            self.dataset,
            self.model,
            options.training,
            keep=options.survivors,
            epochs=epochs,
            progress=self.progress,
            stop=Deadline(deadline, seconds),
        )

    def _grid(self, survivor: Survivor) -> list[Trial]:
        # a loss with open eps is tried only where it was found valid
        values = survivor.eps_values or self.options.eps_grid
        return grid(survivor.loss, values, self.options.scale_grid, [self.options.seed])

    def _result(
        self, counts: dict[str, int], found: list[EvaluationResult], baselines: list[EvaluationResult]
    ) -> SearchResult:
        higher = self.options.higher_is_better
        usable = [result for result in found if np.isfinite(result.valid_metric)]
        ranked = sorted(usable, key=lambda result: -result.valid_metric if higher else result.valid_metric)
        if self.run is not None and (found or baselines):
            everything = {
                "results": [r.to_json() for r in found],
                "baselines": [r.to_json() for r in baselines],
            }
            self.run.write("results", everything)
        return SearchResult(
            best=ranked[0] if ranked else None,
            results=tuple(ranked),
            baselines=tuple(baselines),
            counts=counts,
            run=None if self.run is None else self.run.folder,
            seconds=self.seconds,
            notes=tuple(self.notes),
        )


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
