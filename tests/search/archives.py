"""What two runs must have in common to count as the same: all that the archive holds but times."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from symloss.search.archive.run import Run
from symloss.search.archive.snapshot import RECOMMENDER, SEARCH

TIMES = ("seconds",)


def contents(folder: Path, *, states: bool = True) -> dict[str, Any]:
    """Return every table of a run without its times, arrays as hashes, and the state to go on from."""
    with Run.open(folder) as run:
        archive = run.archive
        tables: dict[str, Any] = {
            "candidates": archive.candidates(),
            "trainings": archive.trainings(),
            "loops": archive.history(),
            "checks": archive.checks(),
            "results": archive.results(),
            "gradients": [
                [row["number"], hashlib.sha256(row["vector"]).hexdigest()]
                for row in archive.rows("SELECT * FROM gradients ORDER BY number")
            ],
        }
        if states:
            tables["state"] = [archive.state(SEARCH), archive.state(RECOMMENDER)]
    return dict(json.loads(json.dumps(without_times(tables), default=digest)))


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(entry) for key, entry in value.items() if key not in TIMES}
    return [without_times(entry) for entry in value] if isinstance(value, list) else value


def digest(value: Any) -> Any:
    assert isinstance(value, np.ndarray), type(value)
    return [value.dtype.str, list(value.shape), hashlib.sha256(value.tobytes()).hexdigest()]
