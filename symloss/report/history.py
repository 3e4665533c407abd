"""The loops of phase I, as `symloss.plot.progress` takes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from symloss.report.values import mapping, number, whole
from symloss.report.watched import watched_metric
from symloss.search.archive.archive import Archive
from symloss.tasks.metric import Metric

MOST_POINTS = 600
"""Of a longer search, so many groups of loops are drawn."""

MOST_LOOPS = 500_000


@dataclass(frozen=True)
class History:
    """The loops of phase I.

    Attributes:
        records: one a loop or group of loops; see `symloss.plot.progress.History`.
        grouped: loops a record.
        metric: the validation metric.
        adopts: whether the search replaces its recommender.
    """

    records: tuple[Mapping[str, Any], ...]
    grouped: int
    metric: Metric
    adopts: bool


def read_history(archive: Archive, options: Mapping[str, Any], metric: Metric | None = None) -> History:
    """Read the loops; of a long search groups of them, each with the best training that is in it.

    Args:
        archive: of the run.
        options: of the search.
        metric: what was watched; where None, that which the options say.

    Raises:
        RunError: the archive can't be read.
    """
    metric = metric or watched_metric({"options": options})
    higher = metric.higher_is_better
    best = "max" if higher else "min"
    tried = {
        whole(row["loop"]): number(row["metric"])
        for row in archive.rows(
            f"SELECT loop, {best}(metric) AS metric FROM trainings GROUP BY loop ORDER BY loop LIMIT {MOST_LOOPS}"
        )
    }
    rows = archive.rows(
        "SELECT loop, seconds, metric, adopted IS NOT NULL AS adopted FROM loops ORDER BY loop LIMIT ?",
        MOST_LOOPS,
    )
    size = max(1, -(-len(rows) // MOST_POINTS))
    groups = [rows[start : start + size] for start in range(0, len(rows), size)]
    records = []
    for group in groups:
        last = group[-1]
        found = [value for row in group if (value := tried.get(whole(row["loop"]))) is not None]
        # Only the counts that are drawn are read: of a long search that is most of the work.
        counts = archive.rows("SELECT counts FROM loops WHERE loop = ?", last["loop"])[0]["counts"]
        records.append(
            {
                **{name: whole(value) for name, value in mapping(json.loads(counts)).items()},
                "loop": whole(last["loop"]) or 0,
                "seconds": number(last["seconds"]) or 0.0,
                "metric": number(last["metric"]),
                "adopted": any(row["adopted"] for row in group),
                "tried": (max(found) if higher else min(found)) if found else None,
            }
        )
    return History(tuple(records), size, metric, options.get("reward") != "fresh")
