"""Phase I to the archive and back: all that a loop changed, in one transaction, and a search that goes on from it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from symloss.search.archive.archive import Archive, put_state
from symloss.search.archive.archive_errors import damage
from symloss.search.archive.archive_schema import TOUCH
from symloss.search.archive.run import Run
from symloss.search.candidates.candidate import Attempt, Candidate
from symloss.search.candidates.outcome import Outcome
from symloss.search.candidates.tokens import Tokens
from symloss.search.loop.counts import Counts
from symloss.search.loop.loop import LossSearch
from symloss.search.loop.loop_record import LoopRecord

SEARCH, RECOMMENDER = "search", "recommender"
"""Names of the two states: what every loop changes, and what only adoption does."""


def saving(run: Run | None) -> Callable[[LossSearch, LoopRecord], None] | None:
    """Return what writes each loop to the archive of a run; None for no run."""
    return None if run is None else partial(save_loop, run.archive)


def save_loop(archive: Archive, search: LossSearch, record: LoopRecord) -> None:
    """Write what a loop changed.

    Raises:
        RunError: it can't be written; the archive is then as the loop before left it.
    """
    best = search.best
    state = {
        "loops": search.loops,
        "seconds": search.seconds,
        "counts": search.counts.as_dict(),
        "adopted_loop": search.adopted_loop,
        "best": None if best is None else best.number,
        "numbered": search.proxy.numbered,
        "strategy": search.strategy.state(),
    }
    adopted = search.adopted_loop == search.loops
    recommender = search.recommender.state() if adopted else None
    with archive.transaction() as connection:
        _write_candidates(connection, search, record)
        _write_trainings(connection, search, record)
        kept = [one.number for one in record.trainings if one.outcome is Outcome.KEPT]
        connection.execute(
            "INSERT INTO loops (loop, seconds, metric, adopted, trained, counts) VALUES (?, ?, ?, ?, ?, ?)",
            (
                search.loops,
                search.seconds,
                search.recommender.metric,
                kept[0] if kept else None,
                len(record.trainings),
                json.dumps(state["counts"], separators=(",", ":")),
            ),
        )
        put_state(connection, SEARCH, state)
        if recommender is not None:
            put_state(connection, RECOMMENDER, recommender)


def _write_candidates(connection: sqlite3.Connection, search: LossSearch, record: LoopRecord) -> None:
    tokens, report = record.tokens, record.report
    new = [
        (
            number,
            record.loop,
            search.seconds,
            json.dumps(tokens.row(k), separators=(",", ":")),
            float(report.right_way[k]),
            bool(report.wrong[k]),
            Outcome.WRONG_DIRECTION.key,
        )
        for number, k in record.new.items()
    ]
    connection.executemany(
        "INSERT INTO candidates (number, loop, seconds, tokens, right_way, wrong, outcome) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        new,
    )
    seen = report.gradients
    if seen is not None:
        vectors = ((number, seen[k].tobytes()) for number, k in record.new.items())
        connection.executemany("INSERT INTO gradients (number, vector) VALUES (?, ?)", vectors)
    connection.executemany(
        "UPDATE candidates SET outcome = ?, best_reward = ?, eps = ?, scale = ?, kept = ?, sampled = ?, "
        f"{TOUCH} WHERE number = ?",
        [
            (
                one.outcome.key,
                max(one.rewards) if one.rewards else None,
                None if one.best is None else one.best.eps,
                None if one.best is None else one.best.scale,
                one.kept,
                one.sampled,
                number,
            )
            for number, one in record.touched.items()
        ],
    )


def _write_trainings(connection: sqlite3.Connection, search: LossSearch, record: LoopRecord) -> None:
    connection.executemany(
        "INSERT INTO trainings (number, loop, metric, gain, reward, eps, scale, outcome, seconds) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                one.number,
                record.loop,
                one.attempt.metric,
                one.gain,
                one.reward,
                one.attempt.eps,
                one.attempt.scale,
                one.outcome.key,
                search.seconds,
            )
            for one in record.trainings
        ],
    )
    # spelling a loss out takes a millisecond: only those that were trained, and once
    connection.executemany(
        f"UPDATE candidates SET formula = ?, {TOUCH} WHERE number = ? AND formula IS NULL",
        [
            (search.formula(search.candidates[one.number]), one.number)
            for one in record.trainings
            if search.candidates[one.number].loop == record.loop
        ],
    )


def load_search(archive: Archive, search: LossSearch) -> bool:
    """Bring a new search to where the last saved loop left it; return False where none was saved.

    Raises:
        RunError: the archive can't be read.
    """
    state = archive.state(SEARCH)
    if state is None:
        return False
    with damage(archive.path):
        _restore(archive, search, state)
    return True


def _restore(archive: Archive, search: LossSearch, state: Any) -> None:
    search.loops, search.seconds = state["loops"], state["seconds"]
    search.counts = Counts(state["counts"])
    search.adopted_loop = state["adopted_loop"]
    search.strategy.restore(state["strategy"])
    recommender = archive.state(RECOMMENDER)
    if recommender is not None:
        search.recommender.restore(recommender)
    _load_candidates(archive, search)
    _load_trainings(archive, search)
    _load_gradients(archive, search, state["numbered"])
    if state["best"] is not None:
        search.best = search.candidates[state["best"]]


def _load_candidates(archive: Archive, search: LossSearch) -> None:
    check_first = search.options.check_first
    where = "WHERE NOT wrong" if check_first else ""
    for row in archive.rows(f"SELECT * FROM candidates {where} ORDER BY number"):
        tokens = Tokens.from_rows([json.loads(row["tokens"])])
        one = Candidate(row["number"], tokens, row["loop"], row["right_way"], bool(row["wrong"]))
        one.kept, one.sampled = row["kept"], row["sampled"]
        one.outcome = Outcome.of_key(row["outcome"])
        search.candidates[one.number] = one


def _load_trainings(archive: Archive, search: LossSearch) -> None:
    for row in archive.trainings():
        candidate = search.candidates[row["number"]]
        if row["gain"] is not None:
            if candidate.best is None or row["gain"] > candidate.best_reward:
                candidate.best = Attempt(row["metric"], row["eps"], row["scale"])
            candidate.rewards.append(row["gain"])
        if row["loop"] > search.adopted_loop:
            candidate.reward = row["reward"]
        search.trained_loop = row["loop"]


def _load_gradients(archive: Archive, search: LossSearch, numbered: int) -> None:
    proxy = search.proxy
    proxy.numbered = numbered
    vectors = [row["vector"] for row in archive.rows("SELECT vector FROM gradients ORDER BY number")]
    if vectors:
        proxy.table.fill(np.frombuffer(b"".join(vectors)).reshape(len(vectors), -1))
    if proxy.exact is not None:
        right = [one for one in search.candidates.values() if not one.wrong]
        if right:
            tokens = _stacked([one.tokens for one in right])
            proxy.exact.fill([one.number for one in right], tokens, proxy.programs(tokens))


def _stacked(parts: list[Tokens]) -> Tokens:
    columns: Any = zip(*((one.operators, one.left, one.right) for one in parts), strict=True)
    return Tokens(*(np.concatenate(column) for column in columns))
