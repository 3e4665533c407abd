"""Reading a run folder into `Facts`, with everything in it distrusted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from symloss.errors import RunError
from symloss.report.commands import commands_of
from symloss.report.contest_facts import ContestFacts
from symloss.report.facts import Facts, Progress, _reference
from symloss.report.formula_view import loss_of
from symloss.report.history import read_history
from symloss.report.records import Checked, Ranked, Tested
from symloss.report.values import items, mapping, mappings, number, text, whole
from symloss.report.watched import watched_metric
from symloss.search.archive.archive import Archive
from symloss.search.archive.run import Run
from symloss.search.candidates.outcome import Outcome
from symloss.search.search import FINISHED
from symloss.search.validation import direction_report
from symloss.symbolic.faults import say_fault

LARGEST_REPORT = 200_000
"""Characters of one check in the archive; longer ones are counted, not read."""


MOST_RANKED, MOST_CHECKS, MOST_REFERENCES = 20, 40, 20


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
    watched = watched_metric(config)
    results = archive.results() if summary is None else mapping(summary)
    contest = ContestFacts.of(mapping(results.get("comparison")), watched)
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
        history=read_history(archive, options, watched),
        watched=watched,
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
    except Exception as error:
        # A check that fails must not cost the report.
        say_fault(error, f"the check of {loss}")
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
