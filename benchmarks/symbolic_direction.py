"""Soundness, completeness and speed of the direction proofs on random losses and mutated zoo losses.

Every verdict is held against gradients in 60 digits on a dense grid, refined
around the point that comes closest to a contradiction. The evaluation used for
that (`symloss.symbolic.arithmetic.precise`) walks the formula as written and shares nothing
with the proofs.

    python benchmarks/symbolic_direction.py --count 1000 --seed 0 [--json]

"proof" is the time for the pieces and the proofs of direction alone, "check" that for the whole report; the caches
of SymPy are emptied before each, so neither profits from the other.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import click
import mpmath
import numpy as np
import sympy
from sympy import Rational
from sympy.core.cache import clear_cache

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from symloss.loss import Loss
from symloss.ops.construct import exact_number
from symloss.ops.protected import sigmoid
from symloss.signature import eps, y, yhat
from symloss.symbolic.arithmetic.float_dual import value_and_slope
from symloss.symbolic.arithmetic.precise import precise
from symloss.symbolic.arithmetic.tape import Tape
from symloss.symbolic.check import check
from symloss.symbolic.direction.proved import prove_direction, resolved_pieces
from symloss.symbolic.direction.report import DirectionProof
from symloss.symbolic.direction.sampled import sampled_direction
from symloss.symbolic.undecided import Deadline
from tests.symbolic.sampling import sampled_losses, zoo_mutations


def grid(score: bool) -> np.ndarray:
    near = 2.0 ** -np.arange(1.0, 45.0, 0.5)
    if score:
        return np.concatenate(
            [np.linspace(-12, 12, 1201), -(2.0 ** np.arange(4.0, 7.0)), 2.0 ** np.arange(4.0, 7.0)]
        )
    return np.unique(np.concatenate([np.linspace(0, 1, 1501)[1:-1], near, 1 - near]))


def gradient(loss: Loss, point: float, label: int, digits: int = 60) -> mpmath.mpf:
    values = {
        yhat: Rational(*point.as_integer_ratio()),
        y: Rational(label),
        eps: exact_number(loss.eps_value),
    }
    return precise(loss.expression, values, digits)[1]


def contradiction(loss: Loss, proof: DirectionProof, points: np.ndarray) -> str:
    """Return what contradicts a proof, or ""."""
    label = int(proof.label)
    want = 1 - 2 * label
    if proof.status == "refuted":
        if proof.witness is None:
            return "refuted without a witness"
        value = gradient(loss, proof.witness.yhat, label)
        if proof.zero:
            nonzero = [float(p) for p in points[::50] if abs(gradient(loss, float(p), label)) > 1e-40]
            return f"called zero, but the gradient at {nonzero[0]} is not" if nonzero else ""
        return (
            ""
            if mpmath.isnan(value) or value * want < 0
            else f"the witness {proof.witness.yhat} has gradient {value}"
        )
    if proof.status != "proved":
        return ""
    _, slopes = value_and_slope(Tape.of(loss.expression), {yhat: points, y: label, eps: loss.eps_value}, yhat)
    doubtful = list(points[np.argsort(np.nan_to_num(slopes * want, nan=-np.inf))[:12]])
    # Local minimisation around the lowest of them, in doubles; what looks wrong is evaluated in 60 digits.
    for center in doubtful[:3]:
        width = 1e-3
        for _ in range(4):
            around = np.clip(center + width * np.linspace(-1, 1, 41), points[0], points[-1])
            _, near = value_and_slope(
                Tape.of(loss.expression), {yhat: around, y: label, eps: loss.eps_value}, yhat
            )
            center = float(around[np.argmin(np.nan_to_num(near * want, nan=np.inf))])
            width /= 15
        doubtful.append(center)
    for point in doubtful:
        value = gradient(loss, float(point), label)
        # What is rounding alone shrinks with more digits.
        if value * want < 0 and abs(gradient(loss, float(point), label, 120)) > abs(value) / 2:
            return f"proved, but the gradient at {point!r} is {mpmath.nstr(value, 5)}"
        if (
            proof.strict
            and not proof.vanishes_on
            and value == 0
            and not loss.expression.has(sympy.exp, sympy.tanh, sigmoid)
        ):
            return f"strict, but the gradient at {point!r} is 0"
    return ""


@dataclass
class Finding:
    """What one loss gives: seconds for the proofs and for the whole check, and by label status and contradiction."""

    proof: float
    check: float
    directions: list[tuple[str, str, tuple[float, float] | None, str]]


def examine(loss: Loss) -> Finding:
    """Prove, check and try to contradict one loss."""
    clear_cache()
    start = time.perf_counter()
    tape = Tape.of(loss.expression)
    deadline = Deadline(1.0)
    prove_direction(loss, sampled_direction(loss, 0, tape), tape, resolved_pieces(loss, deadline), deadline)
    proof_seconds = time.perf_counter() - start
    clear_cache()
    start = time.perf_counter()
    try:
        report = check(loss)
    except Exception as error:
        return Finding(proof_seconds, 0.0, [("", "crash", None, repr(error))])
    check_seconds = time.perf_counter() - start
    directions = [
        (proof.label, proof.status, proof.interval, contradiction(loss, proof, grid(loss.takes_score)))
        for proof in report.direction
    ]
    return Finding(proof_seconds, check_seconds, directions)


def percentiles(name: str, seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        f"{name}_median_ms": 1e3 * statistics.median(seconds),
        f"{name}_p99_ms": 1e3 * ordered[int(0.99 * (len(ordered) - 1))],
        f"{name}_max_ms": 1e3 * ordered[-1],
    }


@click.command()
@click.option(
    "--count",
    default=300,
    show_default=True,
    help="Losses in all: five in six drawn from the operators, the rest mutations of the zoo.",
)
@click.option("--seed", default=0, show_default=True)
@click.option("--open-eps", is_flag=True, help="Leave eps open.")
@click.option("--extended", is_flag=True, help="Draw from the extended operators too.")
@click.option("--log", type=click.Path(path_type=Path), help="Write a line there after every 100 losses.")
@click.option(
    "--jobs", default=1, show_default=True, help="Processes; more than one makes the times less exact."
)
@click.option("--json", "as_json", is_flag=True)
def main(
    count: int, seed: int, open_eps: bool, extended: bool, log: Path | None, jobs: int, as_json: bool
) -> None:
    """Check random losses and report contradictions, undecided directions and times."""
    mutated = max(1, count // 6)
    losses = sampled_losses(count - mutated, seed, ("extended",) if extended else ("paper",), open_eps)
    losses += zoo_mutations(mutated, seed)
    violations, undecided, slow = [], [], []
    checks: list[float] = []
    proofs: list[float] = []
    statuses: dict[str, int] = {}
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        found = pool.map(examine, losses, chunksize=10) if jobs > 1 else map(examine, losses)
        for number, (loss, finding) in enumerate(zip(losses, found, strict=True), 1):
            proofs.append(finding.proof)
            checks.append(finding.check)
            if checks[-1] > 1.0:
                slow.append((round(checks[-1], 2), loss.formula, loss.eps))
            for label, status, interval, problem in finding.directions:
                statuses[status] = statuses.get(status, 0) + 1
                if status == "undecided":
                    undecided.append((loss.formula, loss.eps, label, interval))
                if problem:
                    violations.append((loss.formula, loss.eps, label, problem))
            if log is not None and number % 100 == 0:
                with log.open("a") as stream:
                    print(number, statuses, "violations", violations, "slow", slow[-3:], file=stream)
    result = {
        "losses": len(losses),
        "directions": sum(statuses.values()),
        **statuses,
        "decided": 1 - len(undecided) / sum(statuses.values()),
        "violations": len(violations),
        **percentiles("proof", proofs),
        **percentiles("check", checks),
    }
    if as_json:
        click.echo(json.dumps(result | {"violation_list": violations, "undecided_list": undecided}))
    else:
        for name, value in result.items():
            click.echo(f"{name:16s} {value:.4g}" if isinstance(value, float) else f"{name:16s} {value}")
        for title, rows in (("violation", violations), ("undecided", undecided), ("slow", slow)):
            for row in rows[:30]:
                click.echo(f"{title}: {row}")
    if violations:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
