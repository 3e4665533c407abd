"""Phase II, the validation check: which candidates provably push every prediction towards its label.

Candidates come in the order of their promise. One that points the wrong way at a
sampled prediction is passed over. The rest is checked symbolically, with eps open,
and where that settles nothing, at each eps of the grid: phase III then uses those
values only for which the proof holds. A valid loss whose gradient is that of an
earlier survivor, up to a factor, is passed over too, since phase III tries factors
anyway; that is decided exactly.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sympy import Expr

from symloss.loss import Loss
from symloss.ops.construct import NumberLimitError
from symloss.progress import CheckDone, Note, PhaseStarted, SearchProgress
from symloss.search.archive.archive_store import CheckStore
from symloss.search.candidates.candidate import Candidate, by_reward
from symloss.search.candidates.distinct_losses import DistinctLosses
from symloss.search.candidates.proxy import ProxyTest
from symloss.search.options import SearchOptions
from symloss.symbolic.check import checked_direction
from symloss.symbolic.direction.eps_grid import EVERY_EPS
from symloss.symbolic.direction.verdict import sentence_of, verdict_of

CHECK_SECONDS = 2.0
"""Time limit of one check."""


@dataclass(frozen=True, eq=False)
class Survivor:
    """A loss that goes to phase III.

    Attributes:
        candidate: where it comes from.
        loss: the loss, with eps open.
        eps_values: the values of eps for which it is valid; empty where it has no eps.
    """

    candidate: Candidate
    loss: Loss
    eps_values: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class ValidationResult:
    """What phase II found.

    Attributes:
        survivors: most promising first, at most `options.wanted`.
        reports: for each checked loss that is no copy of a survivor its report, ready for JSON, with the
            number of its gradient.
        wrong_direction: candidates passed over for their direction at sampled predictions.
        same_gradient: candidates passed over as an earlier survivor times a factor.
        not_a_formula: candidates whose constants leave the range of formulas.
    """

    survivors: tuple[Survivor, ...]
    reports: tuple[dict[str, Any], ...]
    wrong_direction: int
    same_gradient: int
    not_a_formula: int


def validate(
    candidates: Sequence[Candidate],
    proxy: ProxyTest,
    options: SearchOptions,
    progress: SearchProgress,
    stop: threading.Event,
    store: CheckStore | None = None,
) -> ValidationResult:
    """Check candidates until enough have passed, all are checked, or `stop` is set.

    Args:
        candidates: of phase I.
        proxy: the test they went through.
        options: of the search.
        progress: receives the events.
        stop: ends the phase.
        store: reports that are in it are not made again, new ones are put there.

    Raises:
        RunError: the store can't be read or written.
    """
    right = [one for one in candidates if one.rewards and not one.wrong]
    wrong_direction = sum(bool(one.rewards and one.wrong) for one in candidates)
    progress(PhaseStarted(2, min(len(right), options.max_checks), None))
    survivors: list[Survivor] = []
    distinct = DistinctLosses(proxy.grammar.domain)
    reports: list[dict[str, Any]] = []
    same_gradient = not_a_formula = 0
    checked: set[Expr] = set()
    for candidate in by_reward(right):
        if stop.is_set() or len(survivors) >= options.wanted or len(reports) >= options.max_checks:
            break
        try:
            loss = candidate.loss(proxy.grammar)
        except NumberLimitError:
            not_a_formula += 1
            continue
        if loss.expression in checked:
            # without the proxy test a loss may come more than once
            same_gradient += 1
            continue
        checked.add(loss.expression)
        known = None if store is None else store.get(candidate.number)
        report = known or _report(candidate, loss, options)
        valid = bool(report["passed"])
        report["copy"] = valid and not _is_new(distinct, loss)
        if store is not None and known is None:
            store.put(candidate.number, report)
        if report["copy"]:
            same_gradient += 1
            continue
        if valid:
            survivors.append(Survivor(candidate, loss, tuple(report["valid_eps"])))
        reports.append(report)
        verdict = "valid" if valid else str(report["verdict"])
        progress(CheckDone(len(reports), len(survivors), options.wanted, loss, verdict))
    failed = sum(bool(report.get("failed")) for report in reports)
    if failed:
        progress(
            Note(
                f"{failed} of {len(reports)} checks failed with an error; they count as undecided; the archive has them"
            )
        )
    return ValidationResult(tuple(survivors), tuple(reports), wrong_direction, same_gradient, not_a_formula)


def _report(candidate: Candidate, loss: Loss, options: SearchOptions) -> dict[str, Any]:
    """Return the report on a candidate, ready for JSON."""
    report, eps_values = _check_over_grid(loss, options.eps_grid)
    valid = bool(eps_values) if loss.has_eps else report["verdict"] == "valid"
    return {"gradient_number": candidate.number, "passed": valid, "valid_eps": list(eps_values), **report}


def _check_over_grid(loss: Loss, eps_grid: Sequence[float]) -> tuple[dict[str, Any], tuple[float, ...]]:
    """Return the report with eps open, and the values of eps for which the loss is valid."""
    report = _safe_report(loss)
    if not loss.has_eps:
        return report, ()
    # a verdict with eps open may hold for its default value only: the scope of each proof says for which
    if report["verdict"] == "valid" and all(proof["scope"] == EVERY_EPS for proof in report["direction"]):
        return report, tuple(eps_grid)
    verdicts = {value: _safe_report(loss.with_eps(value))["verdict"] for value in eps_grid}
    report["verdict_at_eps"] = {f"{value:g}": verdict for value, verdict in verdicts.items()}
    return report, tuple(value for value, verdict in verdicts.items() if verdict == "valid")


def _safe_report(loss: Loss) -> dict[str, Any]:
    """Return `direction_report`, or an undecided one that names the error: one loss must not end a long search."""
    try:
        return direction_report(loss)
    except Exception as error:
        sentence = f"The check failed ({type(error).__name__}: {error}); please report this formula."
        return {
            "formula": loss.formula,
            "eps": loss.eps,
            "verdict": "undecided",
            "direction": [],
            "sentence": sentence,
            "failed": True,
        }


def direction_report(loss: Loss) -> dict[str, Any]:
    """Return the part of `symloss.symbolic.check` that the verdict rests on, ready for JSON.

    The rest (properties, duplicates, the gradient as text) takes ten times as long, and phase II does not need it.
    """
    checked = checked_direction(loss, CHECK_SECONDS)
    direction = checked.direction
    verdict = verdict_of(direction)
    return {
        "formula": loss.formula,
        "eps": loss.eps,
        "verdict": verdict,
        "direction": [proof.to_json() for proof in direction],
        "positive_rate": checked.positive_rate,
        "sentence": sentence_of(loss, direction, verdict, timed_out=checked.timed_out),
    }


def _is_new(distinct: DistinctLosses, loss: Loss) -> bool:
    """Add a loss; one that can't be compared counts as new: a doubtful copy costs a training, not the search."""
    try:
        return distinct.add(loss)
    except Exception:
        return True
