"""A population of members of a model on a GPU: loss-epochs a second beside the memory-traffic floor.

python benchmarks/gpu_population.py [--model mf|mlp] [--optimizer sgd|adam] [--device cuda]
    [--members 1 16 256 1024] [--epochs 3] [--json]

Data are made up, of ML-100K's size (943 users, 1,682 items, 94,638 rows); losses are
those of the zoo, over and over, each at a smoothing of its own. The floor is what a
step can't do without: each interaction reads two rows of the table and writes
them back, and reads two indices and a label; Adam reads and writes all of the table and
its two moments in each step. For the perceptron it leaves the arithmetic of its layers out.
It is set against the bandwidth of a large copy, measured in the same run. Epochs are timed
after two others, which record the CUDA graphs; the time of the first is reported too, and
so is validation (AUC of all members).

Where CUDA is missing, this says so and runs a few members on the CPU device, with fewer
rows: a check that the path works, no figure of a GPU.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from symloss import zoo
from symloss.data.dataset import Dataset, Interactions
from symloss.models import registry
from symloss.models.device.torch_device import torch_device
from symloss.tasks.rating_task import of
from symloss.training.member import Member, pack, rates_of
from symloss.training.memory import free_memory, member_bytes, plan_population
from symloss.training.orders import epoch_order
from symloss.training.population_metrics import validation_metrics
from symloss.training.settings import Optimizer, TrainingSettings

ROW_BYTES = {"mf": 65 * 4, "mlp": 64 * 4}
"""Of a row of the table."""


def floor_bytes(model: str, optimizer: str, dataset: Dataset, settings: TrainingSettings) -> float:
    """Return what an interaction of one loss has to move at least."""
    row = ROW_BYTES[model]
    if optimizer == "sgd":
        return 4 * row + 12
    return 6 * row * (dataset.n_users + dataset.n_items) / settings.batch_size + 2 * row + 12


def made_up(rows: int) -> Dataset:
    generator = np.random.default_rng(0)
    # Popularity falls off like a power, as it does in ML-100K.
    weights = [1 / (np.arange(size) + 20.0) for size in (943, 1682)]
    parts = []
    for size in (rows, 2_334, 3_028):
        users, items = (generator.choice(len(w), size, p=w / w.sum()) for w in weights)
        parts.append(Interactions.of(users, items, generator.random(size) < 0.55))
    return Dataset("made up, the size of ML-100K", *parts, 943, 1682)


def members(count: int) -> list[Member]:
    losses = [zoo.get(name) for name in zoo.names()]
    chosen = [losses[k % len(losses)] for k in range(count)]
    eps = np.geomspace(0.01, 1.0, count)
    return [
        Member(loss.program(), eps=float(e), takes_score=loss.takes_score)
        for loss, e in zip(chosen, eps, strict=True)
    ]


def synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds(work: Callable[[], object], device: torch.device) -> float:
    synchronize(device)
    start = time.perf_counter()
    work()
    synchronize(device)
    return time.perf_counter() - start


def bandwidth(device: torch.device) -> float:
    """Return bytes a second of a large copy, read and written."""
    size = 2**28 if device.type == "cuda" else 2**25
    source = torch.zeros(size, device=device)
    target = torch.empty_like(source)
    best = min(seconds(lambda: target.copy_(source), device) for _ in range(5))
    return 2 * size * 4 / best


def measure(
    model: Any, settings: TrainingSettings, count: int, dataset: Dataset, epochs: int
) -> dict[str, object]:
    name = settings.device
    device = torch_device(name)
    group, rows = members(count), len(dataset.train)
    longest = max(len(member.program.opcodes) for member in group)
    trainer = registry.trainer_for(model, of(dataset), settings)
    need = trainer.memory(longest)
    fit = plan_population(count, need, free_memory(name), name)
    if fit < count:
        return {"members": count, "skipped": f"{fit} members fit into the memory that is free"}
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    start = trainer.start(42)
    states = [trainer.copy(start) for _ in group]
    programs, rates = pack(group), rates_of(group, settings)
    diverged: list[int] = []

    def epoch(number: int) -> None:
        order = epoch_order(42, number, rows)
        losses = trainer.epoch(states, programs, [order] * count, [0] * count, *rates)
        # Those that diverge take part in every step all the same.
        diverged.append(count - int(np.isfinite(losses).sum()))

    def validate() -> None:
        flags = [member.takes_score for member in group]
        validation_metrics(trainer, states, trainer.task, flags, settings.validation_metric)

    first = seconds(lambda: epoch(0), device)
    validate()
    epoch(1)
    trained = [seconds(lambda number=number: epoch(number), device) for number in range(2, epochs + 2)]
    validated = [seconds(validate, device) for _ in range(epochs)]
    train, check = float(np.median(trained)), float(np.median(validated))
    return {
        "members": count,
        "diverged": diverged[-1],
        "first_epoch_s": round(first, 3),
        "epoch_s": round(train, 4),
        "validation_s": round(check, 4),
        "loss_epochs_per_s": round(count / (train + check), 1),
        "training_only_per_s": round(count / train, 1),
        "peak_bytes": torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None,
        "planned_bytes": need.shared + rows * need.by_row
        + count * member_bytes(need, False),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--device", default=None, help="what torch calls it; default: cuda where there is one"
    )
    parser.add_argument("--model", default="mf", choices=registry.NAMES)
    parser.add_argument("--optimizer", default="sgd", choices=list(Optimizer))
    parser.add_argument("--members", type=int, nargs="+", help="population sizes")
    parser.add_argument("--epochs", type=int, default=3, help="timed epochs of each size")
    parser.add_argument("--rows", type=int, help="training rows")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    options = parser.parse_args()
    name = options.device or ("cuda" if torch.cuda.is_available() else "torch-cpu")
    device = torch_device(name)
    on_gpu = device.type == "cuda"
    rows = options.rows or (94_638 if on_gpu else 9_464)
    sizes = options.members or ([1, 16, 256, 1024] if on_gpu else [1, 4, 16])
    dataset, speed = made_up(rows), bandwidth(device)
    settings = TrainingSettings(device=name, optimizer=options.optimizer)
    by_row = floor_bytes(options.model, options.optimizer, dataset, settings)
    floor = speed / (rows * by_row)
    model = registry.get(options.model)
    results = [measure(model, settings, count, dataset, options.epochs) for count in sizes]
    for result in results:
        if "epoch_s" in result:
            result["share_of_floor"] = round(float(str(result["training_only_per_s"])) / floor, 4)
    report = {
        "device": torch.cuda.get_device_name(device) if on_gpu else f"CPU ({platform.machine()})",
        "cuda": on_gpu,
        "torch": torch.__version__,
        "model": options.model,
        "optimizer": options.optimizer,
        "rows": rows,
        "bandwidth_bytes_per_s": round(speed),
        "floor_loss_epochs_per_s": round(floor, 1),
        "results": results,
    }
    if options.json:
        print(json.dumps(report, indent=1))
        return
    if not on_gpu:
        print("There is no CUDA here: this is the same path on the CPU device; GPU figures are missing.")
    print(f"{report['device']}, torch {torch.__version__}, {rows:,} rows, copies {speed / 1e9:.0f} GB/s")
    print(f"floor: {by_row:,.0f} bytes an interaction, {floor:,.0f} loss-epochs a second")
    print(f"{'K':>6} {'first':>9} {'epoch':>9} {'check':>9} {'losses/s':>9} {'trained/s':>9} {'of floor':>9}")
    for result in results:
        if "skipped" in result:
            print(f"{result['members']:>6} {result['skipped']}")
            continue
        print(
            f"{result['members']:>6} {result['first_epoch_s']:>8}s {result['epoch_s']:>8}s {result['validation_s']:>8}s"
            f" {result['loss_epochs_per_s']:>9} {result['training_only_per_s']:>9} {result['share_of_floor']:>9.2%}"
        )


if __name__ == "__main__":
    main()
