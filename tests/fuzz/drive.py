"""One step of a campaign: a text through the parser, or a formula through check, compare and all exports."""

from __future__ import annotations

import ast
import random
import time
import traceback
from collections.abc import Callable
from typing import Any

from symloss.errors import SymlossError
from symloss.export import TARGETS, export, load
from symloss.loss import Loss
from symloss.symbolic.same.same_gradient import compare
from tests.fuzz.texts import CHECKED, SLOTS, text
from tests.fuzz.verdicts import judge, judge_pair

DOMAINS = (
    ("binary", "probability"), ("binary", "score"), ("unit", "probability"), ("binary", "probability"),
    ("unit", "score"), ("real", "score"), ("binary", "score"), ("real", "probability"),
)  # fmt: skip
EPS = (None, 0.1, 1e-6, None, 0.37, 1.0, 1e-3)
NAMES = (
    'a"b', "a'b", '"""', "'''", "a\nb", "a\\", "\\write18{id}", "a\x00b", "a\rb", "class", "%$#{}~^", "$(id)",
    "__import__('os')", "\u202eabc", "a\u2028b", "</script>", "\u0177", "  ", "a" * 150, "\\end{document}",
    "# -*- coding: utf-16 -*-",
)  # fmt: skip
PYTHON = ("torch", "jax", "numpy", "keras", "xgboost", "lightgbm")
ATTEMPTS = 200

Row = dict[str, Any]


def read(number: int, seed: int) -> Row:
    """Read text number `number`; an accepted one is printed and read again."""
    slot, written = text(number, seed)
    row: Row = {"kind": "text", "number": number, "slot": slot}

    def step() -> None:
        row["outcome"] = "refused"
        loss = Loss(written)
        row["outcome"] = "accepted"
        again = Loss(loss.formula)
        if again.expression != loss.expression:
            row["findings"] = [["round trip", f"{loss.formula} reads back as another expression"]]

    return _timed(row, written, step)


def examine(number: int, seed: int, time_limit: float = 2.0) -> Row:
    """Check formula number `number` on a domain, compare it with another, export it; hold verdicts to the oracle."""
    rng = random.Random(f"check {seed} {number}")
    labels, kind = DOMAINS[number % len(DOMAINS)]
    written, loss, attempts = accepted(rng, labels, kind, EPS[number % len(EPS)])
    row: Row = {"kind": "check", "number": number, "labels": labels, "input": kind, "eps": loss.eps}
    row["attempts"] = attempts

    def step() -> None:
        row["outcome"] = "checked"
        report = loss.check(time_limit=time_limit).to_json()
        row["verdict"] = report["verdict"]
        row["check_seconds"] = round(time.monotonic() - began, 3)
        row["report"] = report

    began = time.monotonic()
    row = _timed(row, written, step)
    report = row.pop("report", None)
    if report is not None:
        row.setdefault("findings", []).extend([one.kind, one.what] for one in judge(written, report, number))
        _also(row, "compare", lambda: _compare(row, rng, written, loss, report, time_limit))
    _also(row, "export", lambda: _exports(row, rng, loss))
    return row


def asked(kind: str, number: int, seed: int) -> Row:
    """Return what step `number` is about, for a step that did not come back."""
    if kind == "text":
        slot, written = text(number, seed)
        return {"slot": slot, "text": written}
    labels, domain = DOMAINS[number % len(DOMAINS)]
    eps = EPS[number % len(EPS)]
    written, _, _ = accepted(random.Random(f"check {seed} {number}"), labels, domain, eps)
    return {"text": written, "labels": labels, "input": domain, "eps": eps}


def accepted(rng: random.Random, labels: str, kind: str, eps: float | None) -> tuple[str, Loss, int]:
    """Draw texts until one is a formula."""
    for attempt in range(1, ATTEMPTS + 1):
        written = SLOTS[rng.choice(CHECKED)](rng)
        try:
            return written, Loss(written, labels=labels, input=kind, eps=eps), attempt
        except SymlossError:
            continue
    raise AssertionError(f"{ATTEMPTS} texts in a row were refused")


def _compare(row: Row, rng: random.Random, written: str, loss: Loss, report: Row, time_limit: float) -> None:
    """Compare with a multiple of itself, or with another formula."""
    other = rng.choice(("2*({})", "({}) + y**2", "({}) + 1", "({})*(1 + y)", "(yhat - y)**2")).format(written)
    try:
        second = Loss(other, labels=report["labels"], input=report["input"], eps=loss.eps)
    except SymlossError:
        return
    began = time.monotonic()
    found = compare(loss, second, time_limit)
    row["compare_seconds"] = round(time.monotonic() - began, 3)
    row["relation"] = found.relation
    wrong = judge_pair(written, other, found.relation, report, row["number"])
    row["findings"] += [[one.kind, one.what] for one in wrong]


def _exports(row: Row, rng: random.Random, loss: Loss) -> None:
    """Write one formula as everything, under a hostile name; Python must parse, JSON must come back."""
    name = rng.choice(NAMES)
    object.__setattr__(loss, "name", name)
    row.setdefault("findings", [])
    for target in TARGETS:
        try:
            source = export(loss, target)
        except SymlossError as error:
            row.setdefault("not_exported", {})[target] = str(error)[:80]
            continue
        row["exports"] = row.get("exports", 0) + 1
        if target in PYTHON:
            ast.parse(source)
        elif target == "json" and load(source).expression != loss.expression:
            row["findings"].append(["round trip", f"{loss.formula} as JSON loads as another expression"])


def _timed(row: Row, written: str, step: Callable[[], None]) -> Row:
    row["text"] = written
    wall, processor = time.monotonic(), time.process_time()
    _guarded(row, "", step)
    row["seconds"] = round(time.monotonic() - wall, 4)
    row["processor_seconds"] = round(time.process_time() - processor, 4)
    return row


def _also(row: Row, what: str, step: Callable[[], None]) -> None:
    began = time.monotonic()
    _guarded(row, what, step)
    row[f"{what}_all_seconds"] = round(time.monotonic() - began, 4)


def _guarded(row: Row, what: str, step: Callable[[], None]) -> None:
    """Run a step; a deliberate error refuses, any other is a traceback."""
    try:
        step()
    except SymlossError as error:
        row.setdefault("refusals", []).append([what, str(error)[:100]])
    except (Exception, RecursionError, MemoryError) as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{last.filename.rpartition('site-packages/')[2].rpartition('/wt/')[2]}:{last.lineno}"
        told = f"{type(error).__name__}: {str(error)[:100]}"
        row.setdefault("tracebacks", []).append([what or row["kind"], told, place])
