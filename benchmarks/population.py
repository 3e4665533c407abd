"""Populations of losses against plain PyTorch, one loss at a time and with torch.func.vmap.

python benchmarks/population.py [--quick] [--json FILE]

All of it is measured in this run, in turns, on made-up interactions of the size
of MovieLens-100K; an epoch includes its shuffle and validation (AUC). Then:
how speed grows with the population and with a second core, with the size of
the data (each size in a process of its own, so that peak memory is its own),
and where the time of a search's loop goes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from plain_torch import Plain, Vmapped

from symloss import zoo
from symloss.data.dataset import Dataset, Interactions
from symloss.models import registry
from symloss.search.candidates.grammar import LossGrammar, program_of
from symloss.search.candidates.proxy import ProxyTest
from symloss.search.strategies.registry import make_strategy
from symloss.search.strategies.strategy import Feedback
from symloss.tasks.rating_task import of
from symloss.training.assess import validation_metric
from symloss.training.member import Member, pack, rates_of
from symloss.training.one_epoch import train_one_epoch
from symloss.training.orders import epoch_order
from symloss.training.settings import TrainingSettings

SETTINGS = TrainingSettings(threads=1)
SIZES = {
    "ml-100k": (943, 1_682, 94_638),
    "ml-1m": (6_040, 3_706, 900_188),
    "electronics": (192_403, 63_001, 1_689_188),
}
MEMBERS_OF_VMAP = 16


def made_up(users: int, items: int, rows: int) -> Dataset:
    generator = np.random.default_rng(0)
    # Popularity falls off like a power, as it does in real data.
    weights = [1 / (np.arange(size) + 20.0) for size in (users, items)]
    parts = []
    for count in (rows, rows // 40, rows // 40):
        columns = (generator.choice(len(w), count, p=w / w.sum()) for w in weights)
        parts.append(Interactions.of(*columns, generator.random(count) < 0.55))
    return Dataset(f"made up, {users} users, {items} items, {rows} rows", *parts, users, items)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def members(count: int) -> list[Member]:
    program = zoo.get("maxr").program()
    return [Member(program, eps=float(eps)) for eps in np.logspace(-2, 0, count)]


def population(model: str, dataset: Dataset, count: int, threads: int) -> Callable[[], object]:
    trained = registry.get(model)
    losses, settings = members(count), replace(SETTINGS, threads=threads)
    state = registry.trainer_for(trained, of(dataset), settings).start(42)
    return lambda: train_one_epoch(trained, state, losses, dataset, settings, 1)


def speed(dataset: Dataset, rounds: int, cores: int) -> list[dict[str, Any]]:
    """Loss-epochs a second of each way to train, measured in turns."""
    rows = []
    for model in registry.NAMES:
        plain = Plain(model, dataset, SETTINGS)
        batched = Vmapped(model, dataset, SETTINGS, MEMBERS_OF_VMAP)
        order = epoch_order(42, 1, len(dataset.train))
        steps = -(-len(order) // SETTINGS.batch_size)
        # vmap's steps are all alike: a tenth of them is enough.
        part = max(1, steps // 10)
        share = MEMBERS_OF_VMAP * part / steps
        count = 32
        ways: dict[str, tuple[float, Callable[[], object]]] = {
            "plain": (1.0, lambda order=order, plain=plain: plain.epoch(order)),
            "vmap": (share, lambda order=order, batched=batched, part=part: batched.epoch(order, part)),
            "one core": (count, population(model, dataset, count, 1)),
            f"{cores} cores": (count, population(model, dataset, count, cores)),
        }
        ways["one core"][1]()
        times: dict[str, list[float]] = {name: [] for name in ways}
        busy: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, (epochs, work) in ways.items():
                before = time.process_time()
                times[name].append(seconds(work) / epochs)
                busy[name].append((time.process_time() - before) / epochs)
        typical = {name: statistics.median(values) for name, values in times.items()}
        rows.append(
            {
                "model": model,
                "milliseconds": {name: round(1e3 * value, 3) for name, value in typical.items()},
                "times_plain": round(typical["plain"] / typical["one core"], 1),
                "times_vmap": round(typical["vmap"] / typical["one core"], 1),
                "cores": cores,
                "times_one_core": round(typical["one core"] / typical[f"{cores} cores"], 2),
                "times_one_core_best": round(min(times["one core"]) / min(times[f"{cores} cores"]), 2),
                # Where other processes take part of the cores, wall time tells of them; processor time does not.
                "processor_milliseconds": {
                    name: round(1e3 * statistics.median(values), 3) for name, values in busy.items()
                },
            }
        )
    return rows


def scaling(dataset: Dataset, sizes: list[int], cores: int) -> list[dict[str, Any]]:
    """Loss-epochs a second by the size of the population, on all cores."""
    rows = []
    for model in registry.NAMES:
        for count in sizes if model == "mf" else sizes[:-1]:
            time_of = min(seconds(population(model, dataset, count, cores)) for _ in range(2))
            rows.append({"model": model, "members": count, "loss_epochs_a_second": round(count / time_of, 1)})
    return rows


def memory_mb(field: str) -> int | None:
    """A line of Linux's account of this process's memory; other counters start from the parent's."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith(field + ":")), None)


def one_size(name: str, model: str) -> dict[str, Any]:
    """Train one member for an epoch and tell its time, and the peak memory of this process."""
    dataset = made_up(*SIZES[name])
    # The kernels are loaded on a few rows.
    tiny = replace(dataset, train=dataset.train.take(np.arange(256)))
    trained = registry.get(model)
    state = registry.trainer_for(trained, of(dataset), SETTINGS).start(42)
    (member,) = members(1)
    train_one_epoch(trained, state, [member], tiny, SETTINGS, 1)
    before = memory_mb("VmRSS")
    time_of = seconds(lambda: train_one_epoch(trained, state, [member], dataset, SETTINGS, 1))
    return {
        "size": name, "model": model, "users_items_rows": list(SIZES[name]), "seconds": round(time_of, 3),
        "nanoseconds_a_row": round(1e9 * time_of / SIZES[name][2], 1), "peak_mb": memory_mb("VmHWM"),
        "before_training_mb": before,
    }  # fmt: skip


def data_sizes(names: list[str]) -> list[dict[str, Any]]:
    rows = []
    for name in names:
        for model in registry.NAMES:
            command = [sys.executable, __file__, "--one-size", name, model]
            rows.append(
                json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            )
    return rows


def parts_of_a_loop(dataset: Dataset, batches: int) -> dict[str, Any]:
    """Milliseconds a sampled or trained loss of each part of a search's loop, MF, one core."""
    grammar = LossGrammar()
    strategy = make_strategy("reinforce", grammar, 1)
    proxy = ProxyTest(grammar, delta=1e-4, eps=1e-6, seed=1)
    trainer = registry.trainer_for(registry.get("mf"), of(dataset), SETTINGS)
    state = trainer.start(42)
    order = epoch_order(42, 1, len(dataset.train))
    proxy.test(strategy.ask(100))
    spent = dict.fromkeys(("sampling", "proxy test", "controller update", "training", "metrics"), 0.0)
    sampled = trained = 0
    for _ in range(batches):
        start = time.perf_counter()
        tokens = strategy.ask(1024)
        spent["sampling"] += time.perf_counter() - start
        start = time.perf_counter()
        report = proxy.test(tokens)
        spent["proxy test"] += time.perf_counter() - start
        spent["controller update"] += seconds(
            lambda tokens=tokens, report=report: strategy.tell(
                tokens, Feedback(np.zeros(len(tokens)), report.number, report.right_way)
            )
        )
        sampled += len(tokens)
        programs = proxy.programs(tokens)
        for k in np.flatnonzero(report.new)[:50].tolist():
            copy, member = trainer.copy(state), Member(program_of(programs, k))
            batch, rates = pack([member]), rates_of([member], SETTINGS)
            start = time.perf_counter()
            trainer.epoch([copy], batch, [order], [0], *rates)
            spent["training"] += time.perf_counter() - start
            spent["metrics"] += seconds(
                lambda copy=copy: validation_metric(
                    trainer, copy, trainer.task, False, SETTINGS.validation_metric
                )
            )
            trained += 1
    by = {"training": trained, "metrics": trained}
    split = {name: round(1e3 * value / max(1, by.get(name, sampled)), 4) for name, value in spent.items()}
    return {"milliseconds_a_loss": split, "sampled": sampled, "trained": trained}


def show(facts: dict[str, Any]) -> None:
    print(f"{facts['dataset']}; load of the machine {facts['load_average']}\n")
    print("milliseconds an epoch and loss, validation included")
    for row in facts["speed"]:
        cells = "".join(f"{name:>10} {value:9.2f}" for name, value in row["milliseconds"].items())
        print(
            f"{row['model']:4}{cells}   {row['times_plain']:.0f} times plain, {row['times_vmap']:.0f} times vmap, "
            f"{row['cores']} cores {row['times_one_core']:.2f} times one (best {row['times_one_core_best']:.2f})"
        )
        cells = "".join(f"{name:>10} {value:9.2f}" for name, value in row["processor_milliseconds"].items())
        print(f"    {cells}   of processor time")
    print("\nloss-epochs a second by size of the population, all cores")
    for row in facts["scaling"]:
        print(f"{row['model']:4}{row['members']:6} members {row['loss_epochs_a_second']:10.1f}")
    print("\none epoch of one member by size of the data, one core")
    for row in facts["sizes"]:
        users, items, rows = row["users_items_rows"]
        print(
            f"{row['model']:4}{users:>9,} x {items:>7,} x {rows:>10,}{row['seconds']:8.3f} s"
            f"{row['nanoseconds_a_row']:8.1f} ns a row, peak {row['peak_mb']} MB "
            f"({row['before_training_mb']} MB before training)"
        )
    parts = facts["parts"]
    print(
        f"\nparts of a search's loop, milliseconds ({parts['sampled']} sampled, {parts['trained']} trained)"
    )
    for name, value in parts["milliseconds_a_loss"].items():
        print(f"{name:18}{value:9.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, the smallest data only")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--one-size", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.one_size:
        print(json.dumps(one_size(*arguments.one_size)))
        return
    quick, dataset = arguments.quick, made_up(*SIZES["ml-100k"])
    cores = min(2, replace(SETTINGS, threads=None).n_threads)
    facts: dict[str, Any] = {
        "dataset": dataset.name, "torch": torch.__version__, "machine": platform.machine(),
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "speed": speed(dataset, 2 if quick else 5, cores),
        "scaling": scaling(dataset, [1, 4, 16, 64] if quick else [1, 4, 16, 64, 256], cores),
        "sizes": data_sizes(["ml-100k"] if quick else list(SIZES)),
        "parts": parts_of_a_loop(dataset, 1 if quick else 4),
    }  # fmt: skip
    show(facts)
    if arguments.json:
        arguments.json.write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()
