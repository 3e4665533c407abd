"""A tiny presplit data set on disk, and the example's package on the path."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def example_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "examples"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Users who like one half of the items, with some noise."""
    generator = np.random.default_rng(5)
    path = tmp_path / "tiny"
    path.mkdir()
    for part, rows in (("train", 500), ("validation", 120), ("test", 120)):
        users, items = generator.integers(20, size=rows), generator.integers(16, size=rows)
        labels = ((users % 2) == (items % 2)) ^ (generator.random(rows) < 0.1)
        lines = [f"{u}\t{i}\t{int(y)}" for u, i, y in zip(users, items, labels, strict=True)]
        (path / f"tiny.{part}.csv").write_text("\n".join(["uid\tiid\tlabel", *lines]) + "\n")
    return path
