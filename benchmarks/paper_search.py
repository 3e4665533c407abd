"""The search of the paper's table 7: 93,792 losses sampled, 3,200 of them trained for one epoch each.

python benchmarks/paper_search.py [--data-dir FOLDER] [--threads 2] [--json FILE]

The controller samples, the search's proxy test drops useless and known
gradients, each loss that is left trains a copy of the recommender for one epoch
(MF), the best copy takes its place and the controller learns from the rewards.
AutoLossGen reports 24 hours on an RTX 2080 Ti (with MF, on ML-100K); the target
here is 90 seconds on two cores. Where fewer than 3,200 gradients are new,
known ones are trained again, as a search does when the recommender has changed.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from population import SIZES, made_up

from symloss.data.dataset import Dataset
from symloss.data.presplit import load_presplit
from symloss.models import registry
from symloss.search.candidates.grammar import LossGrammar, program_of
from symloss.search.candidates.proxy import ProxyTest
from symloss.search.strategies.registry import make_strategy
from symloss.search.strategies.strategy import Feedback
from symloss.tasks.rating_task import of
from symloss.training.assess import validation_metric
from symloss.training.member import Member
from symloss.training.one_epoch import train_one_epoch
from symloss.training.settings import TrainingSettings

SAMPLED, TRAINED, BATCH = 93_792, 3_200, 2_931
"""32 loops of 2,931 losses."""
EPS, WORST = 1e-6, -1.0


def search(dataset: Dataset, threads: int) -> dict[str, Any]:
    settings = TrainingSettings(threads=threads)
    grammar = LossGrammar()
    strategy = make_strategy("reinforce", grammar, settings.seed)
    proxy = ProxyTest(grammar, delta=1e-4, eps=EPS, seed=settings.seed)
    model = registry.get("mf")
    trainer = registry.trainer_for(model, of(dataset), settings)
    state = trainer.start(settings.seed)
    metric = validation_metric(trainer, state, trainer.task, False, settings.validation_metric)
    spent = dict.fromkeys(("sampling", "proxy test", "training and metrics", "controller update"), 0.0)
    sampled = trained = distinct = 0
    began = time.perf_counter()
    while sampled < SAMPLED:
        marks = [time.perf_counter()]
        tokens = strategy.ask(min(BATCH, SAMPLED - sampled))
        marks.append(time.perf_counter())
        report = proxy.test(tokens)
        marks.append(time.perf_counter())
        sampled += len(tokens)
        distinct += int(report.new.sum())
        useful = np.flatnonzero(report.number >= 0)
        # One loss a gradient, new gradients first.
        _, first = np.unique(report.number[useful], return_index=True)
        rows = useful[np.sort(first)]
        rows = np.concatenate([rows[report.new[rows]], rows[~report.new[rows]]])
        rows = rows[: max(0, TRAINED * sampled // SAMPLED - trained)]
        programs = proxy.programs(tokens)
        members = [Member(program_of(programs, k), eps=EPS) for k in rows.tolist()]
        results = train_one_epoch(model, state, members, dataset, settings, sampled, keep="best")
        trained += len(members)
        gains = np.array([result.metric for result in results]) - metric
        best = [result for result in results if result.state is not None]
        if best and best[0].metric >= metric:
            state, metric = best[0].state, best[0].metric
        marks.append(time.perf_counter())
        rewards = np.full(len(tokens), WORST)
        rewards[rows] = np.where(gains >= 0, gains, WORST)
        strategy.tell(tokens, Feedback(rewards, report.number, report.right_way))
        marks.append(time.perf_counter())
        for name, start, end in zip(spent, marks[:-1], marks[1:], strict=True):
            spent[name] += end - start
    return {
        "dataset": dataset.name, "threads": threads, "sampled": sampled, "distinct": distinct, "trained": trained,
        "seconds": round(time.perf_counter() - began, 1),
        "parts": {name: round(value, 1) for name, value in spent.items()},
        "validation_auc": round(metric, 4),
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, help="a folder with NAME.train.csv and the other two parts")
    parser.add_argument("--threads", type=int, default=2, help="cores to use")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    arguments = parser.parse_args()
    dataset = load_presplit(arguments.data_dir) if arguments.data_dir else made_up(*SIZES["ml-100k"])
    facts = search(dataset, arguments.threads)
    print(
        f"{facts['dataset']}\n{facts['sampled']} losses sampled, {facts['distinct']} distinct gradients, "
        f"{facts['trained']} trained: {facts['seconds']} s on {facts['threads']} cores (target 90 s; "
        f"load of the machine {facts['load_average']})"
    )
    for name, value in facts["parts"].items():
        print(f"{name:22}{value:8.1f} s")
    print(f"validation AUC {facts['validation_auc']}")
    if arguments.json:
        arguments.json.write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()
