"""A fuzz campaign: texts through the parser, formulas through check, compare and exports; verdicts held to an oracle.

    python benchmarks/fuzz_formulas.py --texts 100000 --checks 10000 --seed 1 [--slice 1/4] [--log FILE] > counts.json

Texts come from 17 kinds of generators (`tests/fuzz/texts.py`): noise, attacks, near misses and formulas of every
shape. What the parser accepts is printed and read again. The formulas of the second half are checked on all domains,
compared and exported; every verdict is held against a second reading of the text in 60 digits that shares no code
with symloss (`tests/fuzz/dual.py`). All of it runs in two processes, which are ended where one hangs or grows.
Progress goes to standard error, the counts to standard output as JSON; --log keeps a line a step, from which the
campaign goes on when it is started again. Each number of a text or check has its own seed, so slices add up.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

LIMIT_SECONDS = 2.5
"""No check, comparison or reading may take longer; the time limit of a check is 2 seconds."""
HANG_SECONDS = 60.0
MOST_BYTES = 2**31
"""A process that holds more is ended."""
TEXTS_A_STEP = 50

Row = dict[str, Any]
Job = tuple[str, int, int]


def work(line: Connection, seed: int) -> None:
    """Worker: do the steps that come in."""
    import warnings

    from tests.fuzz.drive import examine, read

    warnings.simplefilter("ignore")
    while True:
        job: Job | None = line.recv()
        if job is None:
            return
        kind, first, last = job
        for number in range(first, last):
            line.send(read(number, seed) if kind == "text" else examine(number, seed))
        line.send(None)


class Worker:
    """A process, what it does, and since when."""

    def __init__(self, seed: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.line, there = context.Pipe()
        self.process = context.Process(target=work, args=(there, seed), daemon=False)
        self.process.start()
        there.close()
        self.job: Job | None = None
        self.number = 0
        self.since = time.monotonic()

    def give(self, job: Job) -> None:
        self.job, self.number, self.since = job, job[1], time.monotonic()
        self.line.send(job)

    def end(self) -> None:
        for pid in [*descendants(self.process.pid or 0)]:
            with suppress(OSError):
                os.kill(pid, 9)
        self.process.kill()
        self.process.join()

    def memory(self, field: str) -> int:
        """Bytes of the process and of all that it has started: VmRSS now, or VmHWM at most."""
        return sum(
            memory_of(pid, field) for pid in (self.process.pid or 0, *descendants(self.process.pid or 0))
        )


def descendants(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield int(child)
                yield from descendants(int(child))


def memory_of(pid: int, field: str) -> int:
    with suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return 1024 * int(line.split()[1])
    return 0


class Campaign:
    """Hands out jobs, gathers rows, ends what hangs or grows."""

    def __init__(self, seed: int, log: Path | None, processes: int) -> None:
        self.seed = seed
        self.rows: list[Row] = []
        self.peak = 0
        self.log = log
        if log is not None and log.exists():
            self.rows = [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]
        self.done = {(row["kind"], row["number"]) for row in self.rows}
        self.workers = [Worker(seed) for _ in range(processes)]
        self.told = time.monotonic()

    def jobs(self, texts: range, checks: range) -> Iterator[Job]:
        for number in range(texts.start, texts.stop, TEXTS_A_STEP):
            last = min(number + TEXTS_A_STEP, texts.stop)
            if any(("text", k) not in self.done for k in range(number, last)):
                yield "text", number, last
        for number in checks:
            if ("check", number) not in self.done:
                yield "check", number, number + 1

    def run(self, texts: range, checks: range) -> None:
        total = len(texts) + len(checks)
        waiting = self.jobs(texts, checks)
        for worker in self.workers:
            self._next(worker, waiting)
        while any(worker.job for worker in self.workers):
            ready = wait([worker.line for worker in self.workers if worker.job], timeout=0.2)
            for worker in self.workers:
                if worker.job is None:
                    continue
                if worker.line in ready:
                    self._receive(worker, waiting)
                self._watch(worker, waiting)
            if time.monotonic() - self.told > 10:
                self.told = time.monotonic()
                print(f"{len(self.rows):,} of {total:,}; {self.brief()}", file=sys.stderr, flush=True)

    def close(self) -> None:
        for worker in self.workers:
            with suppress(OSError):
                worker.line.send(None)
            worker.process.join(10)
            worker.end()

    def brief(self) -> str:
        counts = Counter(row.get("ended", "") for row in self.rows if row.get("ended"))
        faults = sum(bool(row.get("tracebacks")) for row in self.rows)
        found = sum(len(row.get("findings", ())) for row in self.rows)
        return f"{faults} with tracebacks, {found} findings, {dict(counts) or 'none'} ended"

    def _next(self, worker: Worker, waiting: Iterator[Job]) -> None:
        job = next(waiting, None)
        worker.job = None
        if job is not None:
            worker.give(job)

    def _receive(self, worker: Worker, waiting: Iterator[Job]) -> None:
        try:
            row = worker.line.recv()
        except (EOFError, OSError):
            self._lost(worker, waiting, "died")
            return
        if row is None:
            self._next(worker, waiting)
            return
        worker.number, worker.since = row["number"] + 1, time.monotonic()
        self._keep(row)

    def _watch(self, worker: Worker, waiting: Iterator[Job]) -> None:
        if worker.job is None:
            return
        self.peak = max(self.peak, worker.memory("VmHWM"))
        if time.monotonic() - worker.since > HANG_SECONDS:
            self._lost(worker, waiting, "hung")
        elif worker.memory("VmRSS") > MOST_BYTES:
            self._lost(worker, waiting, "grew")

    def _lost(self, worker: Worker, waiting: Iterator[Job], why: str) -> None:
        """Note the step, begin a process anew, and go on behind it."""
        assert worker.job is not None
        (kind, _, last), number = worker.job, worker.number
        worker.end()
        seconds = round(time.monotonic() - worker.since, 3)
        self._keep(
            {"kind": kind, "number": number, "ended": why, "seconds": seconds, **self._asked(kind, number)}
        )
        self.workers[self.workers.index(worker)] = fresh = Worker(self.seed)
        if number + 1 < last:
            fresh.give((kind, number + 1, last))
        else:
            self._next(fresh, waiting)

    def _asked(self, kind: str, number: int) -> Row:
        """Return the text of a lost step; where the parser itself was lost, it is made without being read."""
        from tests.fuzz.drive import asked

        return asked(kind, number, self.seed)

    def _keep(self, row: Row) -> None:
        if (row["kind"], row["number"]) in self.done:
            return
        self.done.add((row["kind"], row["number"]))
        if row["kind"] == "text" and not is_fault(row):
            row.pop("text", None)
        self.rows.append(row)
        if self.log is not None:
            with self.log.open("a") as file:
                file.write(json.dumps(row) + "\n")

    def counts(self) -> Row:
        """Return everything that the campaign claims."""
        texts = [row for row in self.rows if row["kind"] == "text"]
        checks = [row for row in self.rows if row["kind"] == "check"]
        findings = [(row, kind, what) for row in self.rows for kind, what in row.get("findings", ())]
        return {
            "seed": self.seed,
            "texts": len(texts),
            **{f"texts {key}": sum(row.get("outcome") == key for row in texts) for key in ("accepted", "refused")},
            "accepted by slot": dict(Counter(row["slot"] for row in texts if row.get("outcome") == "accepted")),
            "checks": len(checks),
            "verdicts": dict(Counter(row["verdict"] for row in checks if "verdict" in row)),
            "relations": dict(Counter(row["relation"] for row in checks if "relation" in row)),
            "exports": sum(row.get("exports", 0) for row in checks),
            "tracebacks": sum(len(row.get("tracebacks", ())) for row in self.rows),
            "ended": dict(Counter(row["ended"] for row in self.rows if "ended" in row)),
            "over the limit": sum(longest(row) > LIMIT_SECONDS for row in self.rows),
            "slowest": sorted((longest(row) for row in self.rows), reverse=True)[:5],
            "slowest text": max((row.get("seconds", 0) for row in texts), default=0),
            "peak bytes of a process and its children": self.peak,
            "contradicted": sum(kind == "contradicted" for _, kind, _ in findings),
            "edges": sum(kind == "edge" for _, kind, _ in findings),
            "round trips that fail": sum(kind == "round trip" for _, kind, _ in findings),
            "faults": [fault(row) for row in self.rows if is_fault(row)][:200],
        }  # fmt: skip


def longest(row: Row) -> float:
    """Seconds of the longest single call: reading, check, comparison."""
    return max(float(row.get(name, 0)) for name in ("seconds", "check_seconds", "compare_seconds"))


def is_fault(row: Row) -> bool:
    return bool(
        row.get("tracebacks") or row.get("findings") or row.get("ended") or longest(row) > LIMIT_SECONDS
    )


def fault(row: Row) -> Row:
    names = (
        "kind",
        "number",
        "slot",
        "text",
        "labels",
        "input",
        "eps",
        "tracebacks",
        "findings",
        "ended",
        "seconds",
    )
    return {name: row[name] for name in names if name in row}


def share(count: int, part: str) -> range:
    """Return the numbers of slice "k/n" of `count`."""
    number, _, parts = part.partition("/")
    k, n = int(number), int(parts)
    if not 1 <= k <= n:
        raise SystemExit(f"--slice is {part}; it must be k/n with 1 <= k <= n")
    return range(count * (k - 1) // n, count * k // n)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--checks", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slice", default="1/1", metavar="K/N")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--log", type=Path)
    options = parser.parse_args()
    campaign = Campaign(options.seed, options.log, options.processes)
    began = time.monotonic()
    try:
        campaign.run(share(options.texts, options.slice), share(options.checks, options.slice))
    finally:
        campaign.close()
    print(json.dumps({**campaign.counts(), "wall seconds": round(time.monotonic() - began, 1)}, indent=2))


if __name__ == "__main__":
    main()
