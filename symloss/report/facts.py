"""What a run folder holds, as one record: the report and its JSON are both made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from symloss.report.commands import Commands
from symloss.report.contest_facts import NOT_CROWNED, ContestFacts
from symloss.report.history import History
from symloss.report.records import MOST_METRICS, Checked, Ranked, Tested
from symloss.report.values import mapping, number, text
from symloss.tasks.metric import Metric
from symloss.tasks.metrics.registry import title_of


class Progress(StrEnum):
    """How far a search got, as sentences."""

    FINISHED = "The search came to its end."
    STOPPED = "The search was stopped before its end; this is what it had found by then."
    UNFINISHED = (
        "The search has not come to its end: it is still running, or was killed. "
        "This is what the archive holds so far."
    )
    RESUMED = (
        "The search went on after its results were written, and has not come to its end again. "
        "Results of phase III are those from before."
    )


@dataclass(frozen=True)
class Facts:
    """Everything that a report says about a run.

    Attributes:
        folder: the run.
        started: when, as text.
        progress: how far it got.
        options, dataset, fingerprint, source, environment: as in config.json.
        counts: of phases I and II.
        loops: done in phase I.
        seconds: of each phase, where known.
        best: the best loss of phase III, or None.
        best_check: the check of it at its own eps, made for the report; None where that failed.
        tested: all tested losses, the best first; those found, then baselines, then the two at scale 1.
        contest: what the contest says beyond that; None where phase III was none.
        ranked: the best losses by reward.
        checks: reports of phase II, those that passed first.
        checks_left_out: reports that are not listed.
        trials: trainings of phase III in the archive.
        history: the loops, as the picture of the progress takes them.
        watched: the validation metric.
        commands: how to do all this again.
        notes: what was cut short or left out.
        verdict: whether a found loss beats the handcrafted ones and the means, as a code; "" where not known.
        verdict_sentence: the same in words.
        references: the trivial baselines: name, test metrics and validation metric.
        warnings: what a reader of the results should know: codes and sentences.
    """

    folder: Path
    started: str
    progress: Progress
    options: Mapping[str, Any]
    dataset: Mapping[str, Any]
    fingerprint: Mapping[str, Any]
    source: Mapping[str, Any]
    environment: Mapping[str, Any]
    counts: Mapping[str, int]
    loops: int
    seconds: Mapping[str, float]
    best: Tested | None
    best_check: Checked | None
    tested: tuple[Tested, ...]
    contest: ContestFacts | None
    ranked: tuple[Ranked, ...]
    checks: tuple[Checked, ...]
    checks_left_out: int
    trials: int
    history: History
    watched: Metric
    commands: Commands
    notes: tuple[str, ...]
    verdict: str = ""
    verdict_sentence: str = ""
    references: tuple[tuple[str, Mapping[str, float | None], float | None], ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()

    @property
    def called(self) -> str:
        """What the best candidate of a contest may be called."""
        return "winner" if any(one.role == "winner" for one in self.tested) else "best found"

    @property
    def metric(self) -> str:
        """The name of the validation metric."""
        return self.watched.name

    def title_of(self, metric: str) -> str:
        """Return how a metric of that name is printed."""
        return self.watched.title if metric == self.metric else title_of(metric)

    @property
    def labels(self) -> str:
        """What the labels are: "binary", "unit" or "real"."""
        found = text(self.dataset.get("labels"), 20)
        return found if found in ("binary", "unit", "real") else "binary"

    @property
    def title(self) -> str:
        """What was searched, in a few words."""
        model, name = text(self.options.get("model"), 40), text(self.dataset.get("name"), 80)
        return f"Search for a loss: {model or 'a model'} on {name or 'a data set'}"

    @property
    def baselines(self) -> tuple[Tested, ...]:
        """The handcrafted losses at their best configurations, best first."""
        return tuple(one for one in self.tested if one.role == "baseline")

    @property
    def sentence(self) -> str:
        """The whole result in one paragraph."""
        if self.contest is not None and self.contest.sentence:
            return self.contest.sentence
        return sentence_of(self)

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "run": str(self.folder),
            "title": self.title,
            "started": self.started,
            "finished": self.progress is Progress.FINISHED,
            "progress": str(self.progress),
            "sentence": self.sentence,
            "best": None if self.best is None else self.best.to_json(),
            "best_check": None if self.best_check is None else self.best_check.to_json(),
            "tested": [one.to_json() for one in self.tested],
            "contest": None if self.contest is None else self.contest.to_json(),
            "ranked": [one.to_json() for one in self.ranked],
            "checks": [one.to_json() for one in self.checks],
            "checks_left_out": self.checks_left_out,
            "counts": dict(self.counts),
            "loops": self.loops,
            "trials": self.trials,
            "seconds": dict(self.seconds),
            "options": dict(self.options),
            "dataset": dict(self.dataset),
            "fingerprint": dict(self.fingerprint),
            "environment": dict(self.environment),
            "commands": self.commands.to_json(),
            "notes": list(self.notes),
            "verdict": {"code": self.verdict, "sentence": self.verdict_sentence} if self.verdict else None,
            "references": [
                {"name": name, "metrics": dict(metrics), "valid_metric": valid}
                for name, metrics, valid in self.references
            ],
            "warnings": [{"code": code, "text": words} for code, words in self.warnings],
        }


def _reference(one: Mapping[str, Any]) -> tuple[str, Mapping[str, float | None], float | None]:
    metrics = mapping(one.get("metrics"))
    return (
        text(one.get("name"), 60),
        {text(name, 40): number(value) for name, value in [*metrics.items()][:MOST_METRICS]},
        number(one.get("valid_metric")),
    )


def sentence_of(facts: Facts) -> str:
    """Return what was found, in one paragraph."""
    name = facts.watched.title
    best = facts.best
    if best is None:
        if not facts.ranked:
            return "No loss has been trained to a reward yet." if not facts.loops else "No loss got a reward."
        first = facts.ranked[0]
        return (
            f"No loss has got through phase III. The best reward of phase I, {first.reward or 0:+.4f}, is that of "
            f"{first.formula}; it was not tested."
        )
    eps = "" if best.eps is None else f" at eps {best.eps:g}"
    scale = "" if best.scale == 1 else f", times {best.scale:g}"
    verdict = [facts.verdict_sentence] if facts.verdict in NOT_CROWNED and facts.verdict_sentence else []
    parts = [*verdict,
             f"The best loss found is {best.formula}{eps}{scale}: validation {name} {_number(best.valid.mean)}, "
             f"test {name} {_number(best.measured(facts.metric).mean)} with one seed."]  # fmt: skip
    if facts.baselines:
        named = ", ".join(
            f"{one.loss} {_number(one.measured(facts.metric).mean)} (validation {_number(one.valid.mean)})"
            for one in facts.baselines
        )
        parts.append(f"Under the same settings the test {name} of handcrafted losses is: {named}.")
    parts.append("One seed gives no interval and no p-value; a contest (--effectiveness contest) does.")
    return " ".join(parts)


def _number(value: float | None) -> str:
    return "not known" if value is None else f"{value:.4f}"
