"""One epoch of matrix factorisation on ML-100K's size, one loss, one core: symloss against a plain PyTorch loop.

python benchmarks/mf_epoch.py [--data-dir FOLDER] [--rounds 5] [--json]

Both sides train the same batches in the same run, in turns, on one core: the
loop as one would write it (embeddings, sigmoid, loss, backward, clip, SGD with
weight decay), and symloss's fused kernel with the loss as a program, its time
including the shuffle. The largest difference of the embeddings after one epoch
is reported beside the times; it is mostly PyTorch's: in float32 a decay of 3e-6
a step rounds away in part, and binary cross entropy loses its gradient where the
sigmoid is 1. Without a folder that holds a presplit data set, made-up interactions of
the same size (943 users, 1,682 items, 94,638 rows) are used.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from symloss import zoo
from symloss.data.dataset import Dataset, Interactions
from symloss.data.presplit import load_presplit
from symloss.models import registry
from symloss.models.mf.state import MFState
from symloss.tasks.rating_task import of
from symloss.training.assess import validation_metric
from symloss.training.member import Member, pack, rates_of
from symloss.training.orders import epoch_order
from symloss.training.settings import TrainingSettings

EPS = 0.1
LOSSES: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "mse": lambda yhat, y: ((yhat - y) ** 2).mean(),
    "bce": torch.nn.functional.binary_cross_entropy,
    "maxr": lambda yhat, y: torch.maximum((yhat + EPS) / (y + EPS), (y + EPS) / (yhat + EPS)).mean(),
}


class PlainModel(torch.nn.Module):
    def __init__(self, state: MFState) -> None:
        super().__init__()
        self.user = torch.nn.Embedding.from_pretrained(torch.tensor(state.user_embedding), freeze=False)
        self.item = torch.nn.Embedding.from_pretrained(torch.tensor(state.item_embedding), freeze=False)
        self.user_bias = torch.nn.Embedding.from_pretrained(
            torch.tensor(state.user_bias)[:, None], freeze=False
        )
        self.item_bias = torch.nn.Embedding.from_pretrained(
            torch.tensor(state.item_bias)[:, None], freeze=False
        )
        self.bias = torch.nn.Parameter(torch.tensor(state.global_bias))

    def forward(self, users: torch.Tensor, items: torch.Tensor) -> torch.Tensor:
        inner = (self.user(users) * self.item(items)).sum(-1)
        return torch.sigmoid(inner + self.user_bias(users)[:, 0] + self.item_bias(items)[:, 0] + self.bias)


def plain_epoch(
    model: PlainModel,
    criterion: Callable[..., torch.Tensor],
    dataset: Dataset,
    order: np.ndarray,
    settings: TrainingSettings,
) -> None:
    optimiser = torch.optim.SGD(model.parameters(), lr=settings.learning_rate, weight_decay=settings.l2)
    train = dataset.train
    users = torch.from_numpy(train.users[order].astype(np.int64))
    items = torch.from_numpy(train.items[order].astype(np.int64))
    labels = torch.from_numpy(train.labels[order])
    for start in range(0, len(order), settings.batch_size):
        part = slice(start, start + settings.batch_size)
        loss = criterion(model(users[part], items[part]), labels[part])
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_value_(model.parameters(), settings.gradient_clip)
        optimiser.step()


def made_up() -> Dataset:
    generator = np.random.default_rng(0)
    # Popularity falls off like a power, as it does in ML-100K.
    weights = [1 / (np.arange(size) + 20.0) for size in (943, 1682)]
    parts = []
    for rows in (94_638, 2_334, 3_028):
        users, items = (generator.choice(len(w), rows, p=w / w.sum()) for w in weights)
        parts.append(Interactions.of(users, items, generator.random(rows) < 0.55))
    return Dataset("made up, the size of ML-100K", *parts, 943, 1682)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(name: str, dataset: Dataset, rounds: int) -> dict[str, object]:
    settings = TrainingSettings()
    trainer = registry.trainer_for(registry.get("mf"), of(dataset), settings)
    loss = zoo.get(name)
    member = Member(loss.program(), eps=EPS, takes_score=loss.takes_score)
    programs, rows = pack([member]), len(dataset.train)
    state, rates = trainer.start(42), rates_of([member], settings)
    plain = PlainModel(state)
    criterion = LOSSES[name]

    def ours(epoch: int) -> None:
        trainer.epoch([state], programs, [epoch_order(42, epoch, rows)], [0], *rates)

    def ours_validated(epoch: int) -> None:
        ours(epoch)
        validation_metric(trainer, state, trainer.task, False, settings.validation_metric)

    ours(1)
    plain_epoch(plain, criterion, dataset, epoch_order(42, 1, rows), settings)
    difference = max(
        float(np.abs(state.user_embedding - plain.user.weight.detach().numpy()).max()),
        float(np.abs(state.item_embedding - plain.item.weight.detach().numpy()).max()),
    )
    ours_validated(2)
    times: dict[str, list[float]] = {"plain": [], "train": [], "train and validate": []}
    for epoch in range(rounds):
        order = epoch_order(42, epoch, rows)
        times["plain"].append(
            seconds(lambda order=order: plain_epoch(plain, criterion, dataset, order, settings))
        )
        for k in range(10):
            number = 10 * epoch + k
            times["train"].append(seconds(lambda number=number: ours(number)))
            times["train and validate"].append(seconds(lambda number=number: ours_validated(number)))
    result: dict[str, object] = {"loss": name, "largest_difference": difference}
    for kind, values in times.items():
        key = kind.replace(" ", "_")
        result[f"{key}_ms"] = round(1e3 * statistics.median(values), 3)
        result[f"{key}_best_ms"] = round(1e3 * min(values), 3)
    result["speedup"] = round(statistics.median(times["plain"]) / statistics.median(times["train"]), 1)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, help="a folder with NAME.train.csv and the other two parts")
    parser.add_argument(
        "--rounds", type=int, default=5, help="plain epochs a loss; ten times as many of the kernel"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    dataset = load_presplit(arguments.data_dir) if arguments.data_dir else made_up()
    results = [measure(name, dataset, arguments.rounds) for name in LOSSES]
    if arguments.json:
        facts = {
            "dataset": dataset.name,
            "torch": torch.__version__,
            "machine": platform.machine(),
            "results": results,
        }
        json.dump(facts, sys.stdout, indent=2)
        print()
        return
    print(f"{dataset.name}: {len(dataset.train)} rows, one core, milliseconds an epoch, median (best)")
    print(
        f"{'loss':6}{'plain PyTorch':>20}{'symloss':>18}{'with validation':>20}{'times':>8}{'difference':>12}"
    )
    for r in results:
        print(
            f"{r['loss']:6}{r['plain_ms']:>11.1f} ({r['plain_best_ms']:.1f})"
            f"{r['train_ms']:>10.2f} ({r['train_best_ms']:.2f})"
            f"{r['train_and_validate_ms']:>12.2f} ({r['train_and_validate_best_ms']:.2f})"
            f"{r['speedup']:>8.0f}{r['largest_difference']:>12.1e}"
        )


if __name__ == "__main__":
    main()
