"""How many of the best candidates of searches stay undecided, and why.

    python benchmarks/undecided_candidates.py [--searches 20] [--best 200] [--seconds 15] [--json FILE]

Each search is a real phase I: a strategy proposes, the proxy test drops, MF is trained for an epoch by each loss that
is left, and what that gains is its reward. Only the data is small and made up, so that a loop takes a second. The
searches go through the strategies, both operator sets, and the ways to try eps. Their best candidates are then
checked as phase II does it: with eps open, and where that does not settle every eps, at each eps of the paper's grid.

The checks are done in this process, and its clock is its CPU time: what else the machine does moves no verdict. A
check that is undecided at phase II's limit is done again with more time, which tells those that are slow from those
that the proofs do not reach. Prints JSON; the exit status is 1 where a check stays undecided at phase II's limit.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symloss.constants import PAPER_EPS_GRID
from symloss.data.registry import LoadOptions, load
from symloss.data.synthetic import SyntheticOptions
from symloss.engine.local import LocalEngine
from symloss.loss import Loss
from symloss.models import registry
from symloss.ops.construct import NumberLimitError
from symloss.progress import silent
from symloss.search.candidates.candidate import by_reward
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.context import SearchContext, make_proxy
from symloss.search.options import SearchOptions
from symloss.search.phase1 import make_phase1
from symloss.search.strategies.registry import STRATEGIES
from symloss.search.validation import CHECK_SECONDS
from symloss.signature import Domain
from symloss.symbolic.check import direction_parts
from symloss.symbolic.direction.eps_grid import EVERY_EPS
from symloss.symbolic.direction.verdict import verdict_of

MORE_SECONDS = 5 * CHECK_SECONDS
"""What is not settled in this time counts as out of reach."""

EPS_TRIED = ((1e-6,), (0.1,), (1.0, 1e-3, 1e-6))
"""With which eps the searches train, in turns."""


@dataclass(frozen=True)
class Checked:
    """One check: of a loss with eps open or at a value of the grid."""

    formula: str
    eps: float | None
    verdict: str
    every_eps: bool
    seconds: float
    reason: str = ""

    @property
    def name(self) -> str:
        """The formula with its eps."""
        return self.formula if self.eps is None else f"{self.formula} at eps = {self.eps:g}"


def candidates(seed: int, best: int, seconds: float) -> tuple[str, int, list[Loss]]:
    """Search until there are `best` losses that were trained and are right at every sample; return the best of them."""
    strategy = sorted(STRATEGIES)[seed % len(STRATEGIES)]
    operators = (("paper",), ("extended",))[seed // len(STRATEGIES) % 2]
    made_up = SyntheticOptions(users=60, items=80, interactions=1500, seed=seed)
    dataset = load("synthetic", options=LoadOptions(labels="binary", synthetic=made_up))
    options = SearchOptions(
        strategy=strategy,
        operators=operators,
        batch=200,
        check_first=True,
        duplicates="sampled",
        search_eps=EPS_TRIED[seed % len(EPS_TRIED)],
        time_limit=seconds,
        seed=seed,
    )
    grammar = LossGrammar(options.operators, options.n_variables, Domain.of(dataset.labels))
    engine = LocalEngine(registry.get(options.model), dataset, options.training)
    stop = threading.Event()
    context = SearchContext(options, engine, grammar, make_proxy(options, grammar), None, stop, silent)
    search = make_phase1(context)
    end = time.process_time() + seconds
    while time.process_time() < end and len(search.candidates) < 2 * best:
        search.step(stop)
    losses: dict[Any, Loss] = {}
    for candidate in by_reward([one for one in search.candidates.values() if one.rewards and not one.wrong]):
        try:
            loss = candidate.loss(grammar)
        except NumberLimitError:
            continue
        losses.setdefault(loss.expression, loss)
        if len(losses) == best:
            break
    return f"{strategy}, {operators[0]}, seed {seed}", search.counts["sampled"], list(losses.values())


def checked(loss: Loss) -> Checked:
    """Check one loss as `direction_report` does; more time for what is not settled tells why."""
    verdict, every_eps, seconds = _direction(loss, CHECK_SECONDS)
    reason = ""
    if verdict == "undecided":
        later, _, took = _direction(loss, MORE_SECONDS)
        slow = later != "undecided" or took > MORE_SECONDS
        reason = f"time out, {later} after {took:.1f} s" if slow else "out of reach"
    return Checked(loss.formula, loss.eps, verdict, every_eps, seconds, reason)


def _direction(loss: Loss, limit: float) -> tuple[str, bool, float]:
    start = time.process_time()
    found = dict(direction_parts(loss.folded(), limit, 0))["direction"]
    every_eps = all(proof.scope == EVERY_EPS for proof in found)
    return str(verdict_of(found)), every_eps, time.process_time() - start


def check_over_grid(loss: Loss) -> list[Checked]:
    """Return the checks that phase II does of one loss."""
    first = checked(loss)
    if not loss.has_eps or (first.verdict == "valid" and first.every_eps):
        return [first]
    return [first, *(checked(loss.with_eps(value)) for value in PAPER_EPS_GRID)]


def main() -> None:
    """Search, check, and print one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--searches", type=int, default=20)
    parser.add_argument("--best", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=15.0, help="CPU time of each search at most")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    # Deadlines of the symbolic layer read this clock
    time.monotonic = time.process_time
    rows, done = [], []
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.searches):
        name, sampled, losses = candidates(seed, arguments.best, arguments.seconds)
        found = [check_over_grid(loss) for loss in losses]
        done += [one for checks in found for one in checks]
        rows.append(
            {
                "search": name,
                "sampled": sampled,
                "candidates": len(losses),
                "valid": sum(any(one.verdict == "valid" for one in checks) for checks in found),
                # what the search misses: a loss that has an undecided check where it would be used
                "undecided": [
                    checks[0].formula for checks in found if any(one.reason for one in checks[1:] or checks)
                ],
                "undecided_open_only": [
                    checks[0].formula
                    for checks in found
                    if checks[0].reason and checks[1:] and not any(one.reason for one in checks[1:])
                ],
            }
        )
        print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    left = [one for one in done if one.reason]
    seconds = [one.seconds for one in done]
    document = {
        "searches": rows,
        "candidates": sum(int(row["candidates"]) for row in rows),
        "checks": len(done),
        "undecided": sum(len(row["undecided"]) for row in rows),
        "undecided_open_only": sum(len(row["undecided_open_only"]) for row in rows),
        "left": [{"check": one.name, "reason": one.reason} for one in left],
        "seconds": {
            "median": statistics.median(seconds),
            "most": max(seconds),
            "above_limit": sum(one > CHECK_SECONDS for one in seconds),
        },
    }
    text = json.dumps(document, indent=2)
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")
    print(text)
    sys.exit(bool(left))


if __name__ == "__main__":
    main()
