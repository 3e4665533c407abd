"""Damages run folders in many ways and reads each as report and --resume do: how many are noticed, and any traceback.

    python benchmarks/fuzz_runs.py --count 500 --seed 1

A run counts as noticed where a reader refuses it or the report warns; as harmless where all that is read is as before
(unused bytes, a file that nobody needs); else it is listed: what may change without a seal is how the data was loaded.
"""

from __future__ import annotations

import argparse
import collections
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.tamper import WAYS, base_runs, read_everything, tamper


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=500, help="tampered runs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    counts: collections.Counter[str] = collections.Counter()
    by_way: dict[str, collections.Counter[str]] = {way.__name__: collections.Counter() for way in WAYS}
    listed: list[str] = []
    slowest = 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runs, dataset = base_runs(folder)
        before = []
        for run in runs:
            shutil.copytree(run, folder / "read")
            before.append(read_everything(folder / "read", dataset))
            shutil.rmtree(folder / "read")
        for k in range(arguments.count):
            number = arguments.seed * 1_000_003 + k
            which = (k // len(WAYS)) % len(runs)
            done = tamper(runs[which], folder / "run", number)
            began = time.monotonic()
            found = read_everything(folder / "run", dataset)
            slowest = max(slowest, time.monotonic() - began)
            if found.crash is not None:
                outcome = "traceback"
            elif found.errors:
                outcome = "noticed"
            else:
                outcome = "harmless" if found.facts == before[which].facts else "other"
            counts[outcome] += 1
            by_way[done.partition(":")[0]][outcome] += 1
            if outcome in ("traceback", "other"):
                listed.append(f"{outcome}, number {number}, {done}: {found.crash!r}")
            shutil.rmtree(folder / "run")
    if arguments.json:
        print(
            json.dumps({"counts": counts, "by_way": by_way, "listed": listed, "slowest": slowest}, indent=2)
        )
    else:
        print(
            f"{arguments.count} tampered runs: "
            + ", ".join(f"{n} {what}" for what, n in counts.most_common())
        )
        for way, outcomes in by_way.items():
            print(
                f"  {way.removeprefix('_'):12}"
                + ", ".join(f"{n} {what}" for what, n in outcomes.most_common())
            )
        print(f"slowest reading {slowest:.2f} s")
        print("\n".join(listed))
    return 1 if counts["traceback"] else 0


if __name__ == "__main__":
    sys.exit(main())
