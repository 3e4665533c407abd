"""A machine of a Ray cluster is lost in the middle of training: what it costs, and that no result is lost.

python benchmarks/ray_cluster.py [--quick] [--json]

Two Ray nodes of one core each run on this machine. The same population is
trained to convergence by the local engine on two threads, by the cluster, and by
the cluster again while the second node is killed (SIGKILL), once a fifth of all
epochs is done and two members are in training: one on each node, then. All
histories, outcomes, test metrics and states are compared bit for bit. Without
the package ray nothing is measured.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from symloss import zoo
from symloss.data.dataset import Dataset, Interactions
from symloss.engine import Engine, make_engine
from symloss.models import registry
from symloss.training.fit import FitResult
from symloss.training.member import Member
from symloss.training.settings import TrainingSettings

LOSSES = ("mse", "bce", "hinge", "focal")


def made_up(users: int, items: int, rows: int) -> Dataset:
    generator = np.random.default_rng(3)

    def part(count: int) -> Interactions:
        user, item = generator.integers(users, size=count), generator.integers(items, size=count)
        likes = ((user % 3) == (item % 3)) ^ (generator.random(count) < 0.2)
        return Interactions.of(user, item, likes.astype(np.float32))

    return Dataset("made-up", part(rows), part(rows // 10), part(rows // 10), users, items)


def population(count: int) -> list[Member]:
    members = []
    for number in range(count):
        loss = zoo.get(LOSSES[number % len(LOSSES)])
        members.append(
            Member(loss.program(), loss.eps_value, 1.0 + number % 3, number, loss.takes_score, loss.title)
        )
    return members


def same_bits(one: FitResult, other: FitResult) -> bool:
    """Whether two results agree in everything but time."""
    facts = [(r.history, r.best_epoch, r.epochs, r.outcome, r.metrics, r.state is None) for r in (one, other)]
    if facts[0] != facts[1] or one.state is None:
        return facts[0] == facts[1]
    pairs = zip(one.state.arrays(), other.state.arrays(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


class Killer:
    """Kills a node once a share of the epochs is done and two members are in training; a `progress`."""

    def __init__(self, kill: Callable[[], None], after: int, last: int) -> None:
        self.kill, self.after, self.last = kill, after, last
        self.epochs: dict[int, int] = {}
        self.killed_at: int | None = None

    def __call__(self, number: int, epoch: int, metric: float) -> None:
        self.epochs[number] = epoch
        done = sum(self.epochs.values())
        # What is told is up to a second old: members near their end may have ended.
        in_training = sum(epoch < 0.6 * self.last for epoch in self.epochs.values())
        if self.killed_at is None and done >= self.after and in_training >= 2:
            self.killed_at = done
            self.kill()


def timed(
    name: str, engine: Engine, members: list[Member], **named: Any
) -> tuple[dict[str, Any], list[FitResult]]:
    began = time.perf_counter()
    results = engine.fit(members, **named)
    return {"run": name, "seconds": round(time.perf_counter() - began, 2)}, results


def measure(quick: bool) -> dict[str, Any]:
    from ray.cluster_utils import Cluster

    dataset = made_up(200, 150, 20_000) if quick else made_up(943, 1682, 94_638)
    members = population(4 if quick else 12)
    epochs = 4000 if quick else 1000
    settings = TrainingSettings(
        learning_rate=0.05, max_epochs=epochs, patience=epochs, threads=2, batch_size=128
    )
    model = registry.get("mf")
    local = make_engine("local", model, dataset, settings)
    local.fit(members[:1], settings=TrainingSettings(max_epochs=1, threads=1))  # compiles
    row, expected = timed("local engine, two threads", local, members)
    rows = [{**row, "equal": len(expected), "retries": 0, "tasks": []}]
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        second = cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        engine: Any = make_engine("ray", model, dataset, settings, address=cluster.address)
        try:
            # Both processes compile, or read what was compiled.
            engine.fit(members[:4], settings=TrainingSettings(max_epochs=2))
            after = sum(result.epochs for result in expected) // 5
            killer = Killer(lambda: cluster.remove_node(second, allow_graceful=False), after, epochs)
            for name, progress in (("Ray, two nodes", None), ("Ray, one of two nodes lost", killer)):
                before = engine.summary()
                row, found = timed(name, engine, members, progress=progress)
                after = engine.summary()
                tasks = [count - before["tasks"].get(node, 0) for node, count in after["tasks"].items()]
                equal = sum(same_bits(one, other) for one, other in zip(found, expected, strict=True))
                retries = after["retries"] - before["retries"]
                rows.append({**row, "equal": equal, "retries": retries, "tasks": sorted(tasks)})
        finally:
            engine.close()
    finally:
        cluster.shutdown()
    return {
        "members": len(members), "epochs": sum(r.epochs for r in expected), "killed_after_epochs": killer.killed_at,
        "load_average": os.getloadavg()[0], "runs": rows,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer members on smaller data")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of the table")
    arguments = parser.parse_args()
    if importlib.util.find_spec("ray") is None:
        print("ray is not installed (pip install 'symloss[ray]'): nothing to measure", file=sys.stderr)
        return
    facts = measure(arguments.quick)
    if arguments.json:
        print(json.dumps(facts, indent=2))
        return
    print(
        f"{facts['members']} members, {facts['epochs']} epochs; the node was killed after "
        f"{facts['killed_after_epochs']} of them; load of the machine {facts['load_average']:.1f}\n"
    )
    print(f"{'run':30}{'seconds':>9}{'equal results':>16}{'retries':>9}   tasks by node")
    for row in facts["runs"]:
        equal = f"{row['equal']} of {facts['members']}"
        print(f"{row['run']:30}{row['seconds']:9.2f}{equal:>16}{row['retries']:9}   {row['tasks']}")


if __name__ == "__main__":
    main()
