"""Real processes: killed at any moment, two on one run, readers beside a writer."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from symloss.errors import RunError
from symloss.search.archive.run import Run
from symloss.search.search import open_run, search
from tests.search.archives import contents
from tests.search.conftest import make_dataset
from tests.search.killed_search import OPTIONS

ROOT = Path(__file__).resolve().parents[2]


def start(folder: Path) -> subprocess.Popen[str]:
    arguments = [str(folder), *(["resume"] if folder.exists() else [])]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.search.killed_search", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def end(process: subprocess.Popen[str], *, kill: bool = False) -> int:
    if kill:
        process.kill()
    process.communicate(timeout=120)
    return process.returncode


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A run that nobody killed, and how long it took."""
    folder, dataset = tmp_path_factory.mktemp("kill") / "whole", make_dataset(300)
    began = time.monotonic()
    search(OPTIONS, dataset, open_run(OPTIONS, dataset, folder))
    return folder, time.monotonic() - began


def kill_and_compare(folder: Path, whole: tuple[Path, float], kills: int, seed: int) -> None:
    generator = random.Random(seed)
    for _ in range(kills):
        process = start(folder)
        time.sleep(generator.uniform(0, 0.7) * whole[1])
        end(process, kill=True)
        with Run.open(folder) as run:
            # whole loops only, whenever it was
            history, state = run.archive.history(), run.archive.state("search")
            assert len(history) == (0 if state is None else state["loops"])
            assert run.archive.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    process = start(folder)
    assert end(process) == 0
    assert contents(folder) == contents(whole[0])


def test_killed_twice(tmp_path: Path, whole: tuple[Path, float]) -> None:
    kill_and_compare(tmp_path / "run", whole, kills=2, seed=1)


@pytest.mark.slow
def test_killed_at_twenty_moments(tmp_path: Path, whole: tuple[Path, float]) -> None:
    for number in range(4):
        kill_and_compare(tmp_path / f"run-{number}", whole, kills=5, seed=10 + number)


def test_one_process_at_a_time_and_readers_beside_it(tmp_path: Path, whole: tuple[Path, float]) -> None:
    folder = tmp_path / "run"
    process = start(folder)
    try:
        with pytest.raises(
            RunError, match=f"in use by process {process.pid}; wait until it ends, or stop it"
        ):
            Run.resume(folder)
        seen = -1
        while process.poll() is None:
            with Run.open(folder) as run:
                # read first: a loop may end between two reads
                counts = run.archive.counts()
                history = run.archive.history()
                assert [entry["loop"] for entry in history] == list(range(1, len(history) + 1))
                assert len(history) >= seen
                seen = len(history)
                if counts:
                    assert len(run.archive.candidates()) >= history[-1]["counts"]["distinct"] > 0
    finally:
        end(process)
    assert process.returncode == 0
    assert contents(folder) == contents(whole[0])
    Run.resume(folder).close()
