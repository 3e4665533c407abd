"""What the phases of a search share."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from symloss.engine.engine import Engine
from symloss.progress import Note, SearchProgress
from symloss.search.archive.run import Run
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.candidates.proxy import ProxyTest
from symloss.search.loop.attempts import AttemptGrid
from symloss.search.options import SearchOptions
from symloss.signature import Input
from symloss.tasks.task import Task


@dataclass(eq=False)
class SearchContext:
    """One search while it runs.

    Attributes:
        options: what to search.
        task: what is learned.
        engine: trains, and knows model, data and settings.
        grammar: of the losses.
        proxy: the test that losses pass first.
        run: where everything is written; None for nowhere.
        stop: ends the search when it is set.
        listener: receives the events.
        notes: the sentences so far.
        seconds: of each phase, by its number.
    """

    options: SearchOptions
    task: Task
    engine: Engine
    grammar: LossGrammar
    proxy: ProxyTest
    run: Run | None
    stop: threading.Event
    listener: SearchProgress
    notes: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def progress(self, event: Any) -> None:
        """Hand an event on, and keep sentences for the result."""
        if isinstance(event, Note):
            self.notes.append(event.text)
        self.listener(event)

    def attempts(self) -> AttemptGrid:
        """Return the ways phase I tries each loss."""
        takes_score = self.grammar.domain.input is Input.SCORE
        unit_domain = self.grammar.domain if self.options.unit_scale else None
        return AttemptGrid(self.options.search_eps, self.options.search_scale, takes_score, unit_domain)


def make_proxy(options: SearchOptions, grammar: LossGrammar) -> ProxyTest:
    """Return the proxy test that the options ask for."""
    return ProxyTest(
        grammar,
        delta=options.delta,
        eps=options.search_eps,
        seed=options.seed,
        max_complexity=options.max_complexity,
        exact=options.duplicates == "exact",
        filters=options.proxy_test,
    )
