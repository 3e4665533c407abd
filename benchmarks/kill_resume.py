"""A search that is killed again and again: what is left is, bit for bit, the search that was not.

python benchmarks/kill_resume.py [--kills 20] [--loops 60] [--dataset synthetic | --data-dir FOLDER] [--json FILE]

The same search runs twice, each time as `symloss search` in a process of its
own. The first is left alone. The second is killed with SIGKILL at random moments
(spread over all phases by the time that the first took) and resumed after each,
until it has been killed often enough; then it may end. All tables of the two
archives are compared but for the columns that hold times, and so are the saved
states of the controller, the recommender, the optimisers and the random
generators.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from symloss.search.archive.run import Run

STATES = ("search", "recommender")
TABLES = ("candidates", "gradients", "trainings", "loops", "checks", "results")
SYNTHETIC = ["--users", "300", "--items", "400", "--interactions", "15000"]


def command(options: argparse.Namespace, folder: Path) -> list[str]:
    start = [sys.executable, "-m", "symloss", "search"]
    if folder.exists():
        return [*start, "--resume", str(folder)]
    data = ["--data-dir", str(options.data_dir)] if options.data_dir else ["--dataset", options.dataset]
    if not options.data_dir and options.dataset == "synthetic":
        data += SYNTHETIC
    return [
        *start, *data, "--out", str(folder), "--loops", str(options.loops), "--strategy", options.strategy,
        "--reward", options.reward, "--reward-epochs", "5", "--batch", "60", "--seed", str(options.seed),
        "--threads", str(options.threads), "--learning-rate", "0.1", "--max-epochs", "20", "--eps", "0.1",
        "--survivors", "3", *(["--check-first"] if options.check_first else []),
    ]  # fmt: skip


def start(options: argparse.Namespace, folder: Path) -> subprocess.Popen[bytes]:
    """Start or resume the search; return when its first phase begins, or when it has ended."""
    log = folder.with_suffix(".log")
    with log.open("wb") as errors:
        process = subprocess.Popen(command(options, folder), stdout=subprocess.DEVNULL, stderr=errors)
    while process.poll() is None and b"phase" not in log.read_bytes():
        time.sleep(0.01)
    return process


def kill_again_and_again(
    options: argparse.Namespace, folder: Path, seconds: float
) -> tuple[list[dict[str, Any]], float]:
    generator = random.Random(options.seed)
    rows: list[dict[str, Any]] = []
    began = time.monotonic()
    while len(rows) < options.kills:
        process = start(options, folder)
        moment = time.monotonic()
        # the shares add up to more than the whole: what was lost is done again
        time.sleep(generator.uniform(0, 3.0 / options.kills) * seconds)
        finished = process.poll() is not None
        process.send_signal(signal.SIGKILL)
        process.wait()
        with Run.open(folder) as run:
            loops = len(run.archive.history())
            checks, results = len(run.archive.checks()), len(run.archive.results()["results"])
            whole = run.archive.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
        rows.append(
            {
                "kill": len(rows) + 1,
                "after_seconds": round(time.monotonic() - moment, 3),
                "loops_saved": loops,
                "checks_saved": checks,
                "results_saved": results,
                "had_ended": finished,
                "file_whole": whole,
            }
        )
        print(
            f"{len(rows):>4}  {rows[-1]['after_seconds']:>8.2f} s  {loops:>6} loops  {checks:>5} checks  "
            f"{'whole' if whole else 'DAMAGED'}{'  (had ended)' if finished else ''}"
        )
    process = start(options, folder)
    if process.wait() != 0:
        raise SystemExit(f"the last resumption failed with exit code {process.returncode}")
    return rows, time.monotonic() - began


def fingerprints(folder: Path) -> dict[str, str]:
    """Return a hash of each table without its times, and of each state."""
    found = {}
    with Run.open(folder) as run:
        for table in TABLES:
            rows = run.archive.rows(f"SELECT * FROM {table} ORDER BY rowid")
            found[table] = digest([without_times(row) for row in rows])
        for name in STATES:
            found[f"state: {name}"] = digest(without_times(run.archive.state(name)))
    return found


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(entry) for key, entry in value.items() if key != "seconds"}
    if isinstance(value, list):
        return [without_times(entry) for entry in value]
    if isinstance(value, str) and value.startswith("{"):
        return without_times(json.loads(value))
    return value


def digest(value: Any) -> str:
    def plain(entry: Any) -> Any:
        if isinstance(entry, bytes):
            return hashlib.sha256(entry).hexdigest()
        assert isinstance(entry, np.ndarray)
        return [entry.dtype.str, list(entry.shape), hashlib.sha256(entry.tobytes()).hexdigest()]

    return hashlib.sha256(json.dumps(value, default=plain).encode()).hexdigest()[:16]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--loops", type=int, default=60)
    parser.add_argument("--strategy", default="reinforce")
    parser.add_argument("--reward", default="epoch")
    parser.add_argument("--check-first", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dataset", default="synthetic")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        whole, killed = Path(temporary) / "whole", Path(temporary) / "killed"
        began = time.monotonic()
        process = start(options, whole)
        ready = time.monotonic()
        if process.wait() != 0:
            raise SystemExit(f"the search failed with exit code {process.returncode}")
        seconds, start_up = time.monotonic() - ready, ready - began
        print(f"uninterrupted: {seconds:.1f} s after {start_up:.1f} s to start")
        rows, total = kill_again_and_again(options, killed, seconds)
        first, second = fingerprints(whole), fingerprints(killed)
    print(f"killed {len(rows)} times: {total:.1f} s with all starts\n")
    for name in first:
        print(
            f"{name:<20} {first[name]}  {second[name]}  {'equal' if first[name] == second[name] else 'DIFFERENT'}"
        )
    equal = first == second and all(row["file_whole"] for row in rows)
    print(f"\n{'the two runs are equal, bit for bit' if equal else 'THE RUNS DIFFER'}")
    if options.json:
        document = {
            "options": {key: str(value) for key, value in vars(options).items()},
            "uninterrupted_seconds": seconds,
            "killed_seconds": total,
            "kills": rows,
            "uninterrupted": first,
            "resumed": second,
            "equal": equal,
        }
        options.json.write_text(json.dumps(document, indent=2) + "\n")
    sys.exit(0 if equal else 1)


if __name__ == "__main__":
    main()
