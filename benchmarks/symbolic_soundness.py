"""Normal forms and duplicates: are the verdicts right, how many are decided, how fast, and beside them sympy.simplify.

Truth comes from elsewhere: gradients as central differences in 120 digits of an
evaluator of its own (tests/mp_evaluate.py), good to more than 50 digits, at points of
the domain and on both sides of every breakpoint.

    python benchmarks/symbolic_soundness.py --losses 10000 --seed 1 [--simplify 50] [--json]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from mpmath import isfinite, mp, mpf, nstr

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from symloss.loss import Loss
from symloss.signature import Input, yhat
from symloss.symbolic.pieces.gradient import GradientForm, UndecidedError, gradient_form
from symloss.symbolic.same.duplicate_index import DuplicateIndex
from symloss.symbolic.same.same_gradient import Comparison, compare
from tests.mp_evaluate import mp_evaluate, mp_gradient
from tests.symbolic.sampling import sampled_losses, zoo_mutations

DIGITS = 120
AGREE = mpf(10) ** -50
"""Two gradients further apart than this, relative to their size, are different."""
SMALLEST = mpf(10) ** -30
"""Gradients below this count as zero: what is left of terms that cancel."""
LABELS = (0, 1)


def drawn(count: int, seed: int) -> list[Loss]:
    """Half from the paper's operators, a quarter from the extended set, a quarter mutations of the zoo."""
    quarter = count // 4
    losses = sampled_losses(count - 2 * quarter, seed) + sampled_losses(quarter, seed + 1, ("extended",))
    return losses + zoo_mutations(quarter, seed + 2)


def true_gradient(loss: Loss, point: mpf, label: int) -> mpf | None:
    """The gradient in about 80 digits, None where the loss is not a real number."""
    with mp.workdps(DIGITS):
        values = {"yhat": mpf(point), "y": label, "eps": mpf(repr(loss.eps_value))}
        try:
            if mp_evaluate(loss.formula, **values).imag != 0:
                return None
            result = mp_gradient(loss.formula, **values)
        except (ZeroDivisionError, ValueError, TypeError, OverflowError):
            return None
        return mpf(result.real) if isfinite(result) and result.imag == 0 else None


def points_of(loss: Loss, rng: random.Random, count: int) -> list[mpf]:
    low, high = loss.domain.yhat_range
    if loss.takes_score:
        return [mpf(rng.uniform(-1, 1)) * 10 ** rng.uniform(-2, 1.5) for _ in range(count)]
    points = [mpf(rng.uniform(low, high)) for _ in range(count - 4)]
    return (
        points
        + [mpf(10) ** -rng.uniform(2, 6) for _ in range(2)]
        + [1 - mpf(10) ** -rng.uniform(2, 6) for _ in range(2)]
    )


def named(loss: Loss) -> tuple[str, float | None]:
    return loss.formula, loss.eps


def numeric_key(loss: Loss) -> Any:
    """Gradients at fixed points in 50 digits, each label up to a positive factor."""
    points = [mpf(n) / 1013 for n in (23, 101, 207, 307, 399, 499, 607, 701, 809, 907, 991)]
    points += [mpf(n) / 10**7 for n in (3, 4003, 9996001, 9999993)]
    points = [6 * p - 3 for p in points] if loss.takes_score else points
    key: list[Any] = [loss.domain.input]
    with mp.workdps(DIGITS):
        for label in LABELS:
            values = [true_gradient(loss, point, label) for point in points]
            size = max((abs(v) for v in values if v is not None), default=mpf(0))
            key.append(
                tuple(None if v is None else "0" if size < SMALLEST else nstr(v / size, 50) for v in values)
            )
    return tuple(key)


def break_points(form: GradientForm | None) -> list[mpf]:
    """Points just beside the breakpoints of a form."""
    if form is None:
        return []
    ends = {piece.high.approximation for label in form.labels for piece in label.pieces[:-1]}
    return [mpf(end) + side for end in sorted(ends)[:4] for side in (mpf("-1e-9"), mpf("1e-9"))]


def violation(a: Loss, b: Loss, found: Comparison, points: list[mpf]) -> str | None:
    """Return what is wrong with a verdict, None where nothing is."""
    if found.relation == "undecided":
        return None
    low, high = a.domain.yhat_range
    points = [point for point in points if low < point < high]
    with mp.workdps(DIGITS):
        if found.relation == "different":
            return wrong_difference(a, b, found, points)
        assert found.factors is not None
        for label in LABELS:
            factor = mpf(found.factors[str(label)].evalf(DIGITS)._mpf_)
            for point in points:
                left, right = true_gradient(a, point, label), true_gradient(b, point, label)
                if (left is None) != (right is None):
                    return f"one is not real at yhat = {nstr(point, 10)}, y = {label}"
                if left is not None and right is not None and not agree(left, factor * right):
                    return f"gradients differ at yhat = {nstr(point, 10)}, y = {label}"
    return None


def agree(left: mpf, right: mpf) -> bool:
    return bool(abs(left - right) <= AGREE * max(abs(left), abs(right)) + SMALLEST)


def wrong_difference(a: Loss, b: Loss, found: Comparison, points: list[mpf]) -> str | None:
    """Two losses called different: at one label no positive factor may fit all points, the witness among them."""
    if found.witness is None:
        return None if a.domain != b.domain else "different without a witness"
    label = int(found.witness.label)
    points = [mpf(int(found.witness.yhat.p)) / int(found.witness.yhat.q), *points]
    pairs = [(true_gradient(a, point, label), true_gradient(b, point, label)) for point in points]
    if any((left is None) != (right is None) for left, right in pairs):
        return None
    real = [(left, right) for left, right in pairs if left is not None and right is not None]
    top = max(real, key=lambda pair: min(abs(pair[0]), abs(pair[1])), default=None)
    if top is None or min(abs(top[0]), abs(top[1])) < SMALLEST:
        same = all(abs(left) < SMALLEST and abs(right) < SMALLEST for left, right in real)
        return "both gradients are zero" if same else None
    factor = top[0] / top[1]
    if factor > 0 and all(agree(left, factor * right) for left, right in real):
        return "no point shows a difference"
    return None


def simplified(connection: Any) -> None:
    """Worker: simplify the derivative at both labels of the losses that come in."""
    import sympy

    while True:
        expression = connection.recv()
        for label in LABELS:
            try:
                sympy.simplify(expression.subs({"y": label}).diff(yhat))
            except Exception:
                break
        connection.send("done")


def time_simplify(losses: list[Loss], limit: float) -> list[float]:
    """Seconds of sympy.simplify for each loss, `limit` where it took longer."""
    times = []
    context = multiprocessing.get_context("spawn")
    worker: Any = None
    for loss in losses:
        if worker is None:
            here, there = context.Pipe()
            worker = context.Process(target=simplified, args=(there,), daemon=True)
            worker.start()
            here.send(yhat)
            here.recv()
        start = time.perf_counter()
        here.send(loss.numeric_expression)
        if here.poll(limit):
            here.recv()
            times.append(time.perf_counter() - start)
        else:
            worker.kill()
            worker = None
            times.append(limit)
    if worker is not None:
        worker.kill()
    return times


def run(count: int, seed: int, simplify: int) -> dict[str, Any]:
    """Draw losses and return all numbers of the table."""
    losses = drawn(count, seed)
    rng = random.Random(seed)
    gradient_form(losses[0])
    times: list[float] = []
    forms: list[GradientForm | None] = []
    for loss in losses:
        start = time.perf_counter()
        try:
            forms.append(gradient_form(loss))
        except UndecidedError:
            forms.append(None)
        times.append(time.perf_counter() - start)

    groups: dict[Any, list[int]] = {}
    for i, loss in enumerate(losses):
        groups.setdefault(numeric_key(loss), []).append(i)
    pairs = [(members[0], i) for members in groups.values() for i in members[1:]]
    duplicates = len(pairs)
    firsts = [members[0] for members in groups.values()]
    pairs += [(rng.choice(firsts), rng.choice(firsts)) for _ in range(len(firsts))]
    counts = dict.fromkeys(("equal", "proportional", "different", "undecided"), 0)
    missed = {"recognised": 0, "undecided": 0, "different": 0}
    violations: list[Any] = []
    pair_times = []
    index, entries, index_seconds, index_wall = indexed(losses)
    for number, (i, j) in enumerate(pairs):
        start = time.perf_counter()
        found = compare(losses[i], losses[j])
        pair_times.append(time.perf_counter() - start)
        counts[found.relation] += 1
        if number < duplicates:
            missed["recognised" if found.same else found.relation] += 1
        points = points_of(losses[i], rng, 8) + break_points(forms[i]) + break_points(forms[j])
        wrong = violation(losses[i], losses[j], found, points)
        if wrong is None and i in entries and j in entries and found.relation != "undecided":
            left, right = entries[i], entries[j]
            if None not in (left, right) and (left == right) != found.same:
                wrong = "the index says otherwise"
        if wrong is not None:
            violations.append(
                [losses[i].formula, losses[i].eps, losses[j].formula, losses[j].eps, found.relation, wrong]
            )
    same_forms = forms_agree(losses, forms, rng)
    violations += same_forms

    ms = 1e3 * np.array(times)
    result: dict[str, Any] = {
        "losses": count,
        "seed": seed,
        "forms undecided": sum(form is None for form in forms),
        "form ms, median": float(np.median(ms)),
        "form ms, 99%": float(np.percentile(ms, 99)),
        "form ms, longest": float(ms.max()),
        "pairs": len(pairs),
        **{f"pairs {name}": number for name, number in counts.items()},
        "pairs decided": 1 - counts["undecided"] / max(1, len(pairs)),
        "pair ms, median": 1e3 * float(np.median(pair_times)),
        "pair ms, 99%": 1e3 * float(np.percentile(pair_times, 99)),
        "numeric duplicates": duplicates,
        "of them recognised": missed["recognised"],
        "of them undecided": missed["undecided"],
        "of them different at another point": missed["different"],
        "violations": violations,
        "index losses": len(entries),
        "index losses a processor second": len(entries) / index_seconds,
        "index losses a second": len(entries) / index_wall,
        "index entries": len(index),
    }
    if simplify:
        slow = 1e3 * np.array(time_simplify(rng.sample(losses, min(simplify, len(losses))), 2.0))
        result["sympy.simplify ms, median"] = float(np.median(slow))
        result["sympy.simplify ms, 90%"] = float(np.percentile(slow, 90))
        result["sympy.simplify, losses"] = len(slow)
        result["of them stopped at 2 s"] = int((slow >= 2000).sum())
    return result


def indexed(losses: list[Loss]) -> tuple[DuplicateIndex, dict[int, int | None], float, float]:
    """Put all losses on probabilities into one index; return it, the entry of each (None: undecided), seconds.

    Processor time as well: the claim is about one core, and others may be busy on this machine.
    """
    numbers = [i for i, loss in enumerate(losses) if loss.domain.input is Input.PROBABILITY]
    chosen = [losses[i] for i in numbers]
    programs = [loss.program() for loss in chosen]
    index = DuplicateIndex()
    index.add_all(chosen[:1], programs[:1])
    index = DuplicateIndex()
    start, wall = time.process_time(), time.perf_counter()
    matches = index.add_all(chosen, programs)
    seconds, wall = time.process_time() - start, time.perf_counter() - wall
    entries: dict[int, int | None] = {}
    new = 0
    for number, match in zip(numbers, matches, strict=True):
        if match is None:
            entries[number], new = new, new + 1
        else:
            entries[number] = None if match.relation == "undecided" else match.entry
    return index, entries, seconds, wall


def forms_agree(losses: list[Loss], forms: list[GradientForm | None], rng: random.Random) -> list[Any]:
    """Losses with equal (hashed) forms must have equal gradients."""
    by_form: dict[Any, int] = {}
    wrong = []
    for i, form in enumerate(forms):
        if form is None:
            continue
        first = by_form.setdefault((losses[i].domain, form), i)
        if first == i or losses[first].expression == losses[i].expression:
            continue
        for point in points_of(losses[i], rng, 6):
            for label in LABELS:
                left, right = (
                    true_gradient(losses[first], point, label),
                    true_gradient(losses[i], point, label),
                )
                if left is None or right is None:
                    continue
                with mp.workdps(DIGITS):
                    same = agree(left, right)
                if not same:
                    wrong.append(
                        [
                            losses[first].formula,
                            losses[first].eps,
                            losses[i].formula,
                            losses[i].eps,
                            "equal forms",
                        ]
                    )
    return wrong


def main() -> None:
    """Read the options, run, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--losses", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--simplify", type=int, default=50, help="time sympy.simplify on this many of the losses"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = run(options.losses, options.seed, options.simplify)
    if options.json:
        print(json.dumps(result, indent=2))
        return
    for name, value in result.items():
        if name == "violations":
            print(f"{name:28} {len(value)}")
            for item in value[:10]:
                print("   ", item)
        else:
            print(f"{name:28} {value:.4g}" if isinstance(value, float) else f"{name:28} {value}")


if __name__ == "__main__":
    main()
