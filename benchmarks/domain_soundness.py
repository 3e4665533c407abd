"""Verdicts on unit, real and positive labels held against 60 digits: random losses, counts of what was found.

python benchmarks/domain_soundness.py --losses 2000 --seed 1
"""

from __future__ import annotations

import argparse
import collections
import json
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from symloss.symbolic.check import check
from tests.symbolic.domain_losses import contradiction, random_loss


def main() -> None:
    """Check random losses and print one JSON document; the exit status is 1 where a claim is contradicted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--losses", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--time-limit", type=float, default=2.0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    verdicts: collections.Counter[str] = collections.Counter()
    wrong, undecided, slowest = [], [], 0.0
    for _ in range(options.losses):
        loss = random_loss(rng)
        start = time.monotonic()
        report = check(loss, time_limit=options.time_limit)
        slowest = max(slowest, time.monotonic() - start)
        name = f"{loss.formula} ({loss.domain.labels}, {loss.domain.input}, eps {loss.eps})"
        verdicts[report.verdict] += 1
        if report.verdict == "undecided":
            undecided.append(name)
        said = contradiction(loss, report, rng)
        if said:
            wrong.append(f"{name}: {said}")
    print(
        json.dumps(
            {"verdicts": verdicts, "contradicted": wrong, "undecided": undecided[:40], "slowest": slowest},
            indent=2,
        )
    )
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
