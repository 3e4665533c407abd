"""Training any module: `GenericTorch` against a PyTorch loop as a careful user would write it, in the same process.

    python benchmarks/generic_training.py [--rows 20000] [--rounds 5]

Both train the same modules on the same batches, with clipped gradients and L2; times are the medians of rounds that
take turns, on one core. For 16 losses the loop runs 16 times.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from symloss import zoo
from symloss.data.synthetic import SyntheticOptions, load_synthetic
from symloss.models.generic_torch import GenericTorch
from symloss.models.mf.module import build as build_mf
from symloss.models.mlp.module import build as build_mlp
from symloss.models.model import Model
from symloss.tasks.rating_task import of
from symloss.training.member import Member, pack
from symloss.training.orders import epoch_order
from symloss.training.settings import TrainingSettings


class TwoTower(nn.Module):
    def __init__(self, n_users: int, n_items: int) -> None:
        super().__init__()
        self.users = nn.Sequential(nn.Embedding(n_users, 32), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 16))
        self.items = nn.Sequential(nn.Embedding(n_items, 32), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 16))

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        return (self.users(users) * self.items(items)).sum(-1)


def bce(yhat: Tensor, y: Tensor) -> Tensor:
    return -(y * torch.log(yhat) + (1 - y) * torch.log(1 - yhat)).mean()


def plain(module: nn.Module, task: Any, order: np.ndarray, settings: TrainingSettings) -> float:
    """Train one epoch by hand: autograd, clip_grad_value_, torch.optim."""
    kind = torch.optim.Adam if settings.optimizer == "adam" else torch.optim.SGD
    optimiser = kind(module.parameters(), lr=settings.learning_rate, weight_decay=settings.l2)
    inputs = [torch.from_numpy(column[order].astype(np.int64)) for column in task.train.inputs]
    labels = torch.from_numpy(task.train.labels[order])
    total = 0.0
    for start in range(0, len(order), settings.batch_size):
        part = slice(start, start + settings.batch_size)
        yhat = torch.sigmoid(module(*(column[part] for column in inputs))).clamp(2.0**-126, 1 - 2.0**-24)
        loss = bce(yhat, labels[part])
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_value_(module.parameters(), settings.gradient_clip)
        optimiser.step()
        total += float(loss.detach()) * len(labels[part])
    return total / len(order)


def alternate(rounds: int, *functions: Callable[[], object]) -> list[float]:
    """Return the median seconds of each function, called in turn."""
    times: list[list[float]] = [[] for _ in functions]
    for number in range(rounds + 1):
        for function, found in zip(functions, times, strict=True):
            begin = time.perf_counter()
            function()
            if number:
                found.append(time.perf_counter() - begin)
    return [statistics.median(found) for found in times]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--members", type=int, default=16)
    given = parser.parse_args()
    torch.set_num_threads(1)
    task = of(load_synthetic(SyntheticOptions(interactions=given.rows)))
    rows, count = len(task.train), given.members
    builds = {
        "mf": build_mf,
        "mlp": build_mlp,
        "two towers": lambda task, seed: TwoTower(task.sizes["users"], task.sizes["items"]),
    }
    print(f"{rows} rows, batches of 128; milliseconds an epoch and loss")
    print(
        f"{'model':<11} {'':<5} {'loop':>7} {'one':>7} {'ratio':>6} {'together':>9} {'ratio to ' + str(count):>12}"
    )
    for name, build in builds.items():
        for optimizer, rate in (("sgd", 0.01), ("adam", 0.001)):
            settings = TrainingSettings(optimizer=optimizer, learning_rate=rate)
            trainer = GenericTorch(Model(name, build), task, settings)
            members = [Member(zoo.get("bce").program())] * count
            module = trainer.module(trainer.start(0)).train()
            one, many = [trainer.start(0)], [trainer.start(k) for k in range(count)]
            order = epoch_order(0, 1, rows)
            rates, l2s = np.full(count, rate), np.full(count, settings.l2)

            def run(states: list[Any], trainer=trainer, members=members, order=order, rates=rates, l2s=l2s):
                size = len(states)
                losses = pack(members[:size])
                return trainer.epoch(states, losses, [order] * size, [0] * size, rates[:size], l2s[:size])

            loop, single, together = alternate(
                given.rounds,
                lambda module=module, settings=settings, order=order: plain(module, task, order, settings),
                lambda run=run, one=one: run(one),
                lambda run=run, many=many: run(many),
            )
            ratio, ratios = single / loop, together / (count * loop)
            print(
                f"{name:<11} {optimizer:<5} {loop * 1e3:7.0f} {single * 1e3:7.0f} {ratio:6.2f} "
                f"{together / count * 1e3:9.0f} {ratios:12.2f}"
            )


if __name__ == "__main__":
    main()
