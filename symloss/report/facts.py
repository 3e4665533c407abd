"""What a run folder holds, as one record: the report and its JSON are both made from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from symloss.errors import RunError
from symloss.report.commands import Commands, commands_of
from symloss.report.contest_facts import ContestFacts
from symloss.report.formula_view import loss_of
from symloss.report.history import History, read_history
from symloss.report.records import METRICS, Checked, Ranked, Tested
from symloss.report.sentence import sentence_of
from symloss.report.values import items, mapping, mappings, number, text, whole
from symloss.search.archive.archive import Archive
from symloss.search.outcome import Outcome
from symloss.search.run import Run
from symloss.search.search import FINISHED
from symloss.search.validation import direction_report

LARGEST_REPORT = 200_000
"""Characters of one check in the archive; longer ones are counted, not read."""

MOST_RANKED, MOST_CHECKS, MOST_REFERENCES = 20, 40, 20


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
        """The validation metric: "auc" or "rmse"."""
        return "rmse" if self.options.get("task") == "regression" else "auc"

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


def gather(folder: Path) -> Facts:
    """Read a run folder, also while the search runs.

    Raises:
        RunError: it is no run folder, or it can't be read.
    """
    try:
        with Run.open(folder) as run:
            return _read(run)
    except OSError as error:
        raise RunError(f"{folder} can't be read ({error.strerror}); check its permissions") from error
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError) as error:
        raise RunError(
            f"the run {folder} is damaged ({type(error).__name__}: {error}); restore it from a backup"
        ) from error


def _read(run: Run) -> Facts:
    archive, config = run.archive, run.config
    summary = run.summary()
    options, dataset = mapping(config.get("options")), mapping(config.get("dataset"))
    results = archive.results() if summary is None else mapping(summary)
    contest = ContestFacts.of(mapping(results.get("comparison")), options)
    tested = contest.tested if contest is not None else _tested(results)
    checks, unread = _checks(archive)
    listed = sorted(checks, key=lambda one: not one.passed)[:MOST_CHECKS]
    counts = _counts(summary, archive)
    notes = [note for note in map(text, items(mapping(summary).get("notes"), 100)) if note]
    if contest is not None:
        notes += [note for note in contest.notes if note not in notes]
    if unread:
        notes.append(f"{unread} reports of phase II are too long and were not read.")
    notes += [
        f"{name}.json is not as the search wrote it: what this page says from it may be wrong."
        for name in ("config", "summary")
        if not run.is_sealed(name)
    ]
    best = next((one for one in tested if one.role in ("winner", "found")), None)
    ranked = _ranked(archive, checks)
    loops = whole(archive.rows("SELECT count(*) AS n FROM loops")[0]["n"]) or 0
    progress = _progress(archive, summary)
    return Facts(
        folder=run.folder,
        started=text(config.get("started"), 40),
        progress=progress,
        options=options,
        dataset=dataset,
        fingerprint=mapping(config.get("fingerprint")),
        source=mapping(config.get("source")),
        environment=mapping(config.get("environment")),
        counts=counts,
        loops=loops,
        seconds=_seconds(summary, archive),
        best=best,
        best_check=_check_of(best, text(dataset.get("labels"), 20) or "binary"),
        tested=tested,
        contest=contest,
        ranked=ranked,
        checks=tuple(listed),
        checks_left_out=len(checks) + unread - len(listed),
        trials=whole(archive.rows("SELECT count(*) AS n FROM trials")[0]["n"]) or 0,
        history=read_history(archive, options),
        commands=commands_of(run, best, ranked[0] if ranked else None, loops),
        notes=tuple(notes),
        verdict=text(mapping(mapping(summary).get("verdict")).get("code"), 40),
        verdict_sentence=text(mapping(mapping(summary).get("verdict")).get("sentence")),
        references=tuple(
            _reference(one) for one in mappings(mapping(summary).get("references"), MOST_REFERENCES)
        ),
        warnings=tuple(
            (text(one.get("code"), 40), text(one.get("text"), 2000))
            for one in mappings(mapping(summary).get("warnings"), MOST_REFERENCES)
        ),
    )


def _reference(one: Mapping[str, Any]) -> tuple[str, Mapping[str, float | None], float | None]:
    metrics = mapping(one.get("metrics"))
    return (
        text(one.get("name"), 60),
        {name: number(metrics.get(name)) for name in METRICS},
        number(one.get("valid_metric")),
    )


def _tested(results: Mapping[str, Any]) -> tuple[Tested, ...]:
    found = [Tested.of("found", one) for one in mappings(results.get("results"), 100)]
    baselines = [Tested.of("baseline", one) for one in mappings(results.get("baselines"), 100)]
    return (*found, *baselines)


def _check_of(best: Tested | None, labels: str) -> Checked | None:
    """Check the best loss at its own eps: phase II looks at all eps together."""
    loss = None if best is None else loss_of(best.loss, best.formula, best.eps, labels)
    if loss is None:
        return None
    try:
        found = direction_report(loss)
    except Exception:
        # A check that fails must not cost the report; phase II says so where it met the same.
        return None
    return Checked.of({**found, "passed": found["verdict"] == "valid"})


def _checks(archive: Archive) -> tuple[list[Checked], int]:
    """Return the reports of phase II, and how many were too long to read."""
    rows = archive.rows(
        "SELECT report FROM checks WHERE length(report) <= ? ORDER BY rowid LIMIT 5000", LARGEST_REPORT
    )
    total = whole(archive.rows("SELECT count(*) AS n FROM checks")[0]["n"]) or 0
    return [Checked.of(mapping(json.loads(row["report"]))) for row in rows], total - len(rows)


def _ranked(archive: Archive, checks: list[Checked]) -> tuple[Ranked, ...]:
    verdicts = {one.number: "valid" if one.passed else one.verdict for one in checks}
    rows = archive.rows(
        "SELECT number, formula, eps, scale, best_reward, loop, right_way FROM candidates "
        "WHERE best_reward IS NOT NULL AND NOT wrong AND formula IS NOT NULL "
        "ORDER BY best_reward DESC, number LIMIT ?",
        MOST_RANKED,
    )
    return tuple(Ranked.of(row, verdicts.get(whole(row["number"]), "")) for row in rows)


def _counts(summary: Mapping[str, Any] | None, archive: Archive) -> dict[str, int]:
    """Return the counts of the archive, which may be newer, and those of phase II."""
    found: dict[str, int] = {}
    for source in (mapping(mapping(summary).get("counts")), archive.counts()):
        for name in (
            "sampled",
            "distinct",
            *(outcome.key for outcome in Outcome),
            "checked",
            "passed",
            "same_gradient",
        ):
            value = whole(source.get(name))
            if value is not None:
                # Phase II adds to the losses that point the wrong way.
                found[name] = max(value, found.get(name, 0))
    return found


def _seconds(summary: Mapping[str, Any] | None, archive: Archive) -> dict[str, float]:
    known = mapping(mapping(summary).get("seconds"))
    found = {key: value for key in ("1", "2", "3") if (value := number(known.get(key))) is not None}
    if "1" not in found:
        rows = archive.rows("SELECT max(seconds) AS s FROM loops")
        if (value := number(rows[0]["s"])) is not None:
            found["1"] = value
    return found


def _progress(archive: Archive, summary: Mapping[str, Any] | None) -> Progress:
    if summary is None:
        return Progress.UNFINISHED
    before = whole(mapping(summary.get("counts")).get("sampled"))
    now = whole(archive.counts().get("sampled"))
    if before is not None and now is not None and now > before:
        return Progress.RESUMED
    return Progress.STOPPED if archive.state(FINISHED) is None else Progress.FINISHED
