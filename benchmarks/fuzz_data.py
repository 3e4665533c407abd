"""Loads files of ratings and presplit folders that no reader expects: how many are refused, and any traceback or hang.

python benchmarks/fuzz_data.py --count 500 --seed 1
"""

from __future__ import annotations

import argparse
import collections
import json
import sys
import tempfile
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.tamper_data import load_tampered


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=500, help="files and folders")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    counts: collections.Counter[str] = collections.Counter()
    by_way: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    listed: list[str] = []
    slowest = (0.0, "")
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        # A warning that a user would see counts as an error that nobody foresaw.
        warnings.simplefilter("error")
        for k in range(arguments.count):
            number = arguments.seed * 1_000_003 + k
            began = time.monotonic()
            way, said, crash = load_tampered(Path(name) / str(k), number)
            slowest = max(slowest, (time.monotonic() - began, f"{way}, number {number}"))
            outcome = "traceback" if crash is not None else "loaded" if said == "loaded" else "refused"
            counts[outcome] += 1
            by_way[way][outcome] += 1
            if crash is not None:
                listed.append(f"number {number}, {way}: {said}")
    if arguments.json:
        print(
            json.dumps({"counts": counts, "by_way": by_way, "listed": listed, "slowest": slowest}, indent=2)
        )
    else:
        print(
            f"{arguments.count} files and folders: " + ", ".join(f"{n} {w}" for w, n in counts.most_common())
        )
        for way, outcomes in by_way.items():
            print(
                f"  {way.removeprefix('_'):16}"
                + ", ".join(f"{n} {what}" for what, n in outcomes.most_common())
            )
        print(f"slowest {slowest[0]:.2f} s ({slowest[1]})")
        print("\n".join(listed))
    return 1 if counts["traceback"] else 0


if __name__ == "__main__":
    sys.exit(main())
