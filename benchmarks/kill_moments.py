"""Searches and evaluations killed in every phase, and resumed: do they end with what an undisturbed one ends with?

    python benchmarks/kill_moments.py --kills 200 --seed 1 [--signals KILL,TERM,INT] [--json FILE]

A search and an evaluation run once undisturbed. Then run after run is begun, killed at random moments, by plan in
start-up, in phases I, II and III and while evaluating, resumed after each, and at last left to its end. In which
phase a signal fell is read from what the process had printed by then. Of the archives all tables are compared,
without columns and fields that hold times; of an evaluation its results too.
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
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from symloss.search.archive.archive import Archive

DATA = ["--dataset", "synthetic", "--users", "60", "--items", "80", "--interactions", "2000", "--threads", "1",
        "--learning-rate", "0.1", "--max-epochs", "1600", "--patience", "60", "--seed", "3"]  # fmt: skip
SEARCH = ["--strategy", "genetic", "--variables", "8", "--effectiveness", "paper", "--eps", "0.1,1"]
SIZES = {
    "whole": ["--loops", "30", "--batch", "150", "--survivors", "24", "--screen", "40"],
    "small": ["--loops", "10", "--batch", "100", "--survivors", "6", "--screen", "8"],
}
EVALUATE = [
    "mse",
    "maxr",
    "-y*log(yhat + eps) - (1 - y)*log(1 - yhat + eps)",
    "--eps",
    "1,0.1",
    "--scale",
    "1,4",
]
SEEDS = {"whole": ["--seeds", "3"], "small": ["--seeds", "2"]}

MARKS = {
    "search": {b"phase I ": "I", b"phase II ": "II", b"phase III ": "III"},
    "evaluate": {b" trained, ": "evaluate"},
}
"""What a command prints when it enters a phase."""
PLANS = {
    "search": ("start-up", "I", "I", "II", "II", "III", "III"),
    "evaluate": ("start-up", "evaluate", "evaluate", "evaluate"),
}
SHORT = {"search": ("start-up", "I", "II", "III"), "evaluate": ("evaluate",)}
ORDER = ("search", "search", "evaluate")
END_SECONDS = 120
TIMES = ("seconds", "checksum", "digest")
"""Columns and fields that two equal runs need not share: times, and what is computed from a row with times."""
OTHER_TABLES = ("state",)
"""Tables that are compared by their entries. Seals are left out: they depend on the times in what they seal."""

Row = dict[str, Any]


@dataclass
class Subject:
    """A command, and how long its phases take when it is not disturbed."""

    kind: str
    size: str
    seconds: dict[str, float] = field(default_factory=dict)
    contents: Any = None

    def command(self, folder: Path) -> list[str]:
        start = [sys.executable, "-m", "symloss", self.kind]
        if folder.exists():
            return [*start, "--resume", str(folder)]
        options = [*SEARCH, *SIZES[self.size]] if self.kind == "search" else [*EVALUATE, *SEEDS[self.size]]
        return [*start, *options, *DATA, "--out", str(folder)]

    def start(self, folder: Path) -> tuple[subprocess.Popen[bytes], Path]:
        log = folder.with_suffix(".log")
        with log.open("wb") as errors:
            return subprocess.Popen(self.command(folder), stdout=subprocess.DEVNULL, stderr=errors), log

    def phase(self, log: Path) -> str:
        """Return the phase that a process was in, by the last mark that it had printed."""
        text = log.read_bytes()
        found = max((text.rfind(mark), phase) for mark, phase in MARKS[self.kind].items())
        return "start-up" if found[0] < 0 else found[1]

    def undisturbed(self, folder: Path) -> None:
        """Run to the end; note phases and contents."""
        began = time.monotonic()
        process, log = self.start(folder)
        marks = {"start-up": began}
        while process.poll() is None:
            marks.setdefault(self.phase(log), time.monotonic())
            time.sleep(0.005)
        if process.returncode != 0:
            raise SystemExit(
                f"the {self.kind} failed with exit code {process.returncode}:\n{log.read_text()}"
            )
        moments = [*marks.values(), time.monotonic()]
        self.seconds = {
            name: after - before for name, before, after in zip(marks, moments, moments[1:], strict=False)
        }
        self.contents = contents(folder)


def one_run(
    subject: Subject, folder: Path, plan: list[str], generator: random.Random, signals: list[str]
) -> tuple[list[Row], Row]:
    """Kill a run once for each entry of the plan, then let it end."""
    rows: list[Row] = []
    parts = Counter(plan)
    for number, aim in enumerate(plan):
        process, log = subject.start(folder)
        until = time.monotonic() + END_SECONDS
        while process.poll() is None and subject.phase(log) != aim and time.monotonic() < until:
            if list(subject.seconds).index(subject.phase(log)) > list(subject.seconds).index(aim):
                break
            time.sleep(0.002)
        time.sleep(generator.uniform(0, 0.8) * subject.seconds.get(aim, 1) / parts[aim])
        name = signals[number % len(signals)]
        ended = process.poll() is not None
        if ended:
            # the machine has become faster: aim earlier
            subject.seconds[aim] = 0.6 * subject.seconds.get(aim, 1)
        process.send_signal(getattr(signal, f"SIG{name}"))
        phase = subject.phase(log)
        rows.append({"run": folder.name, "aim": aim, "phase": "ended" if ended else phase, "signal": name})
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            rows[-1]["hung"] = True
        rows[-1]["traceback"] = b"Traceback" in log.read_bytes()
        rows[-1]["whole"] = not folder.exists() or is_whole(folder)
    process, log = subject.start(folder)
    code = process.wait()
    end: Row = {"run": folder.name, "kind": subject.kind, "exit_code": code}
    end["equal"] = code == 0 and contents(folder) == subject.contents
    if not end["equal"]:
        end["log"] = log.read_text()[-2000:]
        end["different"] = differences(contents(folder), subject.contents) if code == 0 else []
    return rows, end


def is_whole(folder: Path) -> bool:
    with Archive(folder / "archive.sqlite") as archive:
        return archive.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]


def contents(folder: Path) -> dict[str, Any]:
    """Return a hash of each table, state and document, without times."""
    found: dict[str, Any] = {}
    with Archive(folder / "archive.sqlite") as archive:
        names = [row["name"] for row in archive.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            if name not in OTHER_TABLES and not name.startswith("sqlite_"):
                rows = archive.rows(f"SELECT * FROM {name} ORDER BY 1")
                found[name] = [len(rows), digest(without_times(rows))]
        for row in archive.rows("SELECT name FROM state WHERE name NOT LIKE 'seal of %' ORDER BY name"):
            found[f"state {row['name']}"] = digest(without_times(archive.state(row["name"])))
    results = folder / "results.json"
    if results.exists():
        found["results.json"] = digest(without_times(json.loads(results.read_text())))
    return found


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(entry) for key, entry in value.items() if key not in TIMES}
    if isinstance(value, list | tuple):
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


def campaign(kills: int, seed: int, signals: list[str], size: str, folder: Path) -> Row:
    """Run undisturbed ones, then disturbed ones until enough signals were sent."""
    plans = PLANS if size == "whole" else SHORT
    subjects = {kind: Subject(kind, size) for kind in plans}
    for kind, subject in subjects.items():
        subject.undisturbed(folder / f"{kind}-undisturbed")
        spent = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in subject.seconds.items())
        print(f"{kind} undisturbed: {spent}", file=sys.stderr, flush=True)
    generator = random.Random(seed)
    rows: list[Row] = []
    ends: list[Row] = []
    order = ORDER if size == "whole" else tuple(plans)
    while sent(rows) < kills:
        kind = order[len(ends) % len(order)]
        plan = list(plans[kind])[: kills - sent(rows)]
        # another signal each time, whatever the length of the plan
        turn = len(rows) % len(signals)
        found, end = one_run(
            subjects[kind], folder / f"{kind}-{len(ends)}", plan, generator, signals[turn:] + signals[:turn]
        )
        rows += found
        ends.append(end)
        print(
            f"{sent(rows)} of {kills} killed; run {len(ends)} ({kind}): "
            f"{' '.join(row['phase'] for row in found)}; {'equal' if end['equal'] else 'DIFFERENT'}",
            file=sys.stderr,
            flush=True,
        )
    return {
        "signals": sent(rows),
        "by phase": dict(Counter(row["phase"] for row in rows)),
        "by signal": dict(Counter(row["signal"] for row in rows)),
        "tracebacks": sum(row["traceback"] for row in rows),
        "hung": sum(row.get("hung", False) for row in rows),
        "archives damaged": sum(not row["whole"] for row in rows),
        "runs": len(ends),
        "runs equal to the undisturbed one": sum(end["equal"] for end in ends),
        "seconds undisturbed": {kind: subject.seconds for kind, subject in subjects.items()},
        "different": [end for end in ends if not end["equal"]],
        "rows": rows,
    }


def sent(rows: list[Row]) -> int:
    """How many signals met a process that had not ended."""
    return sum(row["phase"] != "ended" for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=18)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--signals", default="KILL", help="KILL, TERM, INT, in turn")
    parser.add_argument("--size", choices=("whole", "small"), default="whole")
    parser.add_argument("--json", type=Path, help="also write the document to this file")
    options = parser.parse_args()
    # begun in the background, a shell has had SIGINT ignored, and so would the commands
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as folder:
        found = campaign(options.kills, options.seed, options.signals.split(","), options.size, Path(folder))
    document = json.dumps({"options": {**vars(options), "json": None}, **found}, indent=2)
    print(document)
    if options.json:
        options.json.write_text(document + "\n")
    good = found["runs equal to the undisturbed one"] == found["runs"] and not found["tracebacks"]
    sys.exit(0 if good and not found["archives damaged"] and not found["hung"] else 1)


if __name__ == "__main__":
    main()
