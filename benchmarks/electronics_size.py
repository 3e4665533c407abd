"""Training on made-up data of the size of Amazon Electronics, 5-core: time of an epoch and peak memory.

python benchmarks/electronics_size.py [--epochs 3] [--threads 2] [--models mf,mlp] [--json FILE]

192,403 users, 63,001 items and 1,689,188 interactions, as the 5-core file has; prepared as ratings are (labels,
split by time). For each model one training runs on each core, with BCE. The first epoch warms caches and
compiles; the best of the others counts. Memory is the peak of the process, in which models run one after the other.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from symloss import zoo
from symloss.data.synthetic import SyntheticOptions, load_synthetic
from symloss.models import registry
from symloss.training.fit import fit
from symloss.training.member import Member
from symloss.training.settings import TrainingSettings

USERS, ITEMS, INTERACTIONS = 192_403, 63_001, 1_689_188
POSITIVE_SHARE = 0.79


def peak_gib() -> float:
    """Return the largest resident memory of this process so far, in GiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in KiB, macOS in bytes.
    return peak / (2**30 if sys.platform == "darwin" else 2**20)


def measure(name: str, dataset: Any, epochs: int, threads: int) -> dict[str, Any]:
    """Train one member a thread and return the facts."""
    loss = zoo.get("bce")
    members = [Member(loss.program(), seed=42 + k) for k in range(threads)]
    marks: dict[int, list[float]] = {k: [] for k in range(threads)}

    def note(number: int, epoch: int, metric: float) -> None:
        marks[number].append(time.perf_counter())

    began = time.perf_counter()
    found = fit(
        registry.get(name),
        members,
        dataset,
        TrainingSettings(max_epochs=epochs + 1, threads=threads),
        note,
        test=False,
    )
    # With one member a thread the marks of a member are an epoch (and a validation) apart.
    gaps = [later - former for each in marks.values() for former, later in pairwise(each)]
    return {
        "model": name,
        "seconds_an_epoch": round(min(gaps), 2),
        "first_epoch": round(min(each[0] for each in marks.values()) - began, 2),
        "validation_auc": [round(one.valid_metric, 4) for one in found],
        "peak_gib": round(peak_gib(), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=3, help="epochs after the first (default 3)")
    parser.add_argument("--threads", type=int, default=2, help="trainings at a time (default 2)")
    parser.add_argument("--models", default="mf,mlp")
    parser.add_argument("--size", type=float, default=1.0, help="a share of the size, for a quick look")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    arguments = parser.parse_args()
    began = time.perf_counter()
    options = SyntheticOptions(
        users=max(50, int(USERS * arguments.size)),
        items=max(50, int(ITEMS * arguments.size)),
        interactions=max(1000, int(INTERACTIONS * arguments.size)),
        positive_share=POSITIVE_SHARE,
    )
    dataset = load_synthetic(options)
    facts: dict[str, Any] = {
        "users": dataset.n_users,
        "items": dataset.n_items,
        "rows": sum(len(part) for part in dataset.parts().values()),
        "seconds_to_make": round(time.perf_counter() - began, 1),
        "peak_gib_of_data": round(peak_gib(), 2),
        "threads": arguments.threads,
        "load_average": round(os.getloadavg()[0], 1),
        "models": [],
    }
    print(
        f"{facts['users']:,} users, {facts['items']:,} items, {facts['rows']:,} rows: made in "
        f"{facts['seconds_to_make']} s, peak {facts['peak_gib_of_data']} GiB; "
        f"{arguments.threads} trainings at a time, load {facts['load_average']}"
    )
    for name in arguments.models.split(","):
        found = measure(name, dataset, arguments.epochs, arguments.threads)
        facts["models"].append(found)
        print(
            f"{name:4} {found['seconds_an_epoch']:6.2f} s an epoch (first {found['first_epoch']:.2f} s), "
            f"peak {found['peak_gib']} GiB, validation AUC {found['validation_auc'][0]}"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()
