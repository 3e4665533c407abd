"""How well the time limit holds: hundreds of formulas made to be hard, through `check` and `compare`.

Prints the longest wall time, the largest memory of a worker, how many had to be ended by force, and what the worker
costs where it is not needed: ordinary checks with and without it.

    python benchmarks/time_limit.py [--formulas N] [--time-limit SECONDS] [--seed SEED] [--rounds N]
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import resource
import statistics
import time

from symloss import Loss, zoo
from symloss.errors import SymlossError
from symloss.symbolic.check import check, check_parts
from symloss.symbolic.same.same_gradient import compare
from symloss.symbolic.worker.ask import TIME_IS_UP
from symloss.symbolic.worker.pool import pool

CORES = ("yhat", "yhat-y", "(yhat-y)**2", "abs(yhat-y)", "(1-2*y)*yhat", "yhat+2", "eps+yhat", "y*yhat")
NESTED = ("exp", "tanh", "sigmoid", "pexp", "sqrt", "abs", "log", "plog", "atan", "psqrt", "relu")


def tower(draw: random.Random) -> str:
    text = draw.choice(CORES)
    kinds = draw.sample(NESTED, draw.choice((1, 1, 2, 3)))
    for _ in range(draw.randint(2, 40)):
        text = f"{draw.choice(kinds)}({text})"
    return text


def extrema(draw: random.Random) -> str:
    text = draw.choice(CORES)
    for _ in range(draw.randint(2, 20)):
        inner = draw.choice(("abs({})", "max({}, y-yhat)", "min({}, yhat**2)", "max({}, y)"))
        text = inner.format(f"{text}-{draw.randint(1, 9)}/10")
    return text


def powers(draw: random.Random) -> str:
    text = draw.choice(CORES)
    for _ in range(draw.randint(1, 6)):
        text = f"(1 + ({text})**{draw.choice((2, 3, 17, 63, 0.5, 0.3))})"
    return text


def product(draw: random.Random) -> str:
    factors = range(draw.randint(5, 40))
    return "*".join(f"(yhat - {draw.randint(-99, 99)}/97 - y)**{draw.randint(1, 3)}" for _ in factors)


def logs(draw: random.Random) -> str:
    terms = range(draw.randint(5, 50))
    return " + ".join(f"log(yhat + {draw.randint(1, 99)}/7 + y)**{draw.randint(1, 3)}" for _ in terms)


FAMILIES = (tower, tower, extrema, powers, product, logs)


def hard_losses(count: int, seed: int) -> list[Loss]:
    """Return losses that the parser takes."""
    draw = random.Random(seed)
    found: list[Loss] = []
    while len(found) < count:
        try:
            found.append(Loss(draw.choice(FAMILIES)(draw), input=draw.choice(("probability", "score"))))
        except SymlossError:
            continue
    return found


def is_ended(texts: list[str]) -> bool:
    return any(TIME_IS_UP in text for text in texts)


def ordinary(rounds: int) -> dict[str, float]:
    """Return the seconds that checks of the named losses take with and without a worker, medians."""
    losses = [zoo.get(name) for name in zoo.names()]
    ways = {
        "with worker": lambda loss: check(loss, time_limit=60),
        "in process": lambda loss: list(check_parts(loss, 60.0, 0)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            for loss in losses:
                way(loss)
            if number:
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(found) for name, found in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--formulas", type=int, default=200)
    parser.add_argument("--time-limit", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    usual = ordinary(options.rounds)
    losses = hard_losses(options.formulas, options.seed)
    checks, comparisons, verdicts = [], [], {"valid": 0, "invalid": 0, "undecided": 0}
    ended = 0
    for loss in losses:
        start = time.perf_counter()
        report = check(loss, time_limit=options.time_limit)
        checks.append(time.perf_counter() - start)
        verdicts[report.verdict] += 1
        details = [one.detail for one in report.properties.values()] + [one.note for one in report.direction]
        ended += is_ended(details)
    for a, b in itertools.pairwise(losses):
        start = time.perf_counter()
        compare(a, b, options.time_limit)
        comparisons.append(time.perf_counter() - start)
    pool().end()
    print(
        json.dumps(
            {
                "formulas": len(losses),
                "time_limit": options.time_limit,
                "slowest_check_seconds": round(max(checks), 3),
                "slowest_comparison_seconds": round(max(comparisons, default=0.0), 3),
                "checks_over_limit_and_half_a_second": sum(s > options.time_limit + 0.5 for s in checks),
                "checks_with_parts_out_of_time": ended,
                "largest_worker_mib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10,
                "verdicts": verdicts,
                "ordinary_checks_seconds": usual,
                "cost_of_the_worker": round(usual["with worker"] / usual["in process"] - 1, 4),
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
