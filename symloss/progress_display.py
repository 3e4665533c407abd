"""The live display of a search on standard error: counts, speed, the best so far, and how far each phase is.

The command line draws it always, the functions `symloss.search`, `evaluate` and `train` where a person watches.
"""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from symloss.progress import CheckDone, EvaluationStep, LoopDone, Note, PhaseStarted, SearchEvent

PHASES = {1: "I loss search", 2: "II validation check", 3: "III effectiveness test"}
SCREENING = "III screening"
SECONDS_BETWEEN_LINES = 10.0
"""Where standard error is no terminal, a plain line at most so often."""


def watched() -> bool:
    """Return whether a person sees standard error: a terminal, or a notebook."""
    console = Console(stderr=True)
    return console.is_terminal or console.is_jupyter


class SearchDisplay:
    """Receives the events of a search and draws them; a context manager."""

    def __init__(self, *, quiet: bool = False) -> None:
        """Draw on standard error, or nowhere if `quiet`."""
        self.console = Console(stderr=True)
        self.quiet = quiet
        self.bars = Progress(
            TextColumn("{task.description:<24}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.console,
        )
        self.tasks: dict[int, TaskID] = {}
        self.facts = Text("")
        self.live = Live(
            Group(self.bars, self.facts), console=self.console, refresh_per_second=4, transient=False
        )
        self.lively = self.console.is_terminal and not quiet
        self.last_line = 0.0

    def __enter__(self) -> SearchDisplay:
        """Start drawing."""
        if self.lively:
            self.live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last state on the screen."""
        if self.lively:
            self.live.stop()

    def __call__(self, event: SearchEvent) -> None:
        """Take notice of an event."""
        if self.quiet:
            return
        match event:
            case PhaseStarted():
                total = event.total if event.total is not None else event.time_limit
                name = SCREENING if event.screening else PHASES[event.phase]
                self.tasks[event.phase] = self.bars.add_task(
                    name, total=None if total is None else int(total)
                )
                self._line(f"phase {name}", at_once=True)
            case LoopDone():
                if 1 in self.tasks:
                    by_loops = self.bars.tasks[self.tasks[1]].total
                    done = event.loop if by_loops is not None and event.loop <= by_loops else event.seconds
                    self.bars.update(self.tasks[1], completed=int(min(done, by_loops or done)))
                self._say(_loop_facts(event))
            case CheckDone():
                if 2 in self.tasks:
                    self.bars.update(self.tasks[2], completed=event.done)
                self._say(
                    f"checked {event.done}, passed {event.passed} of {event.wanted} wanted; last: {event.verdict}"
                )
            case EvaluationStep():
                if 3 in self.tasks:
                    self.bars.update(self.tasks[3], completed=event.finished)
                self._say(_evaluation_facts(event))
            case Note():
                self.console.print(event.text, highlight=False, markup=False)

    def _say(self, facts: str) -> None:
        self.facts.plain = facts
        self._line(facts)

    def _line(self, text: str, *, at_once: bool = False) -> None:
        """Print a plain line now and then where nothing can be redrawn."""
        now = time.monotonic()
        if not self.lively and (at_once or now - self.last_line >= SECONDS_BETWEEN_LINES):
            self.last_line = now
            print(text, file=sys.stderr, flush=True)


def _loop_facts(event: LoopDone) -> str:
    counts = event.counts
    dropped = ", ".join(
        f"{counts[key]:,} {words}"
        for key, words in (
            ("zero_gradient", "zero gradient"),
            ("duplicate", "duplicate"),
            ("duplicates", "duplicate"),
            ("wrong_direction", "wrong direction"),
            ("not_finite", "not finite"),
            ("diverged", "diverged"),
        )
        if counts.get(key)
    )
    if event.fresh:
        # every loss trains its own model: none is kept, and the recommender stays untrained
        best = "none so far" if event.fresh_metric is None else f"{event.fresh_metric:.4f}"
        reached = f"trained from scratch; best fresh validation {best} (untrained {event.metric:.4f})"
    else:
        reached = f"trained, {counts.get('kept', 0):,} kept; recommender {event.metric:.4f}"
    lines = [
        f"loop {event.loop}: {counts['sampled']:,} losses sampled ({event.speed:,.0f} a second), "
        f"{counts.get('trained', 0):,} {reached}",
        f"dropped: {dropped or 'none'}",
    ]
    if event.best is not None and event.best_reward is not None:
        lines.append(f"best reward {event.best_reward:+.4f}: {event.best[:100]}")
    return "\n".join(lines)


def _evaluation_facts(event: EvaluationStep) -> str:
    speed = event.epochs / event.seconds if event.seconds > 0 else 0.0
    facts = f"{event.finished} of {event.members} trained, {event.epochs:,} epochs ({speed:,.0f} a second)"
    if event.best is not None and event.best_metric is not None:
        facts += f"; best so far {event.best_metric:.4f}: {event.best[:80]}"
    return facts
