"""Is it as fast as before? Two source trees, measured in turns: check, and training of MF and MLP.

    git worktree add ../before REVISION
    python benchmarks/before_after.py --old ../before [--new .] [--rounds 7] [--sampled 200] [--json FILE]

Each round runs each tree once, in a process of its own that imports symloss from that tree (in the order old new,
then new old, ...): a check of every named loss and of sampled ones, and epochs of both models on made-up
interactions. Start-up and compilation are not measured. Printed are the ratios new / old of the wall times, and of
the processor time of the process that asks (without the processes that it has started), with their quartiles over
the rounds; below 1 is faster. Without --old a tree is measured against itself: what is left is the noise of the
machine, which no claim may be smaller than.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

Times = dict[str, Any]


def child(tree: Path, tasks: list[dict[str, Any]], epochs: int) -> Times:
    """Measure one tree, from which symloss is imported."""
    import symloss
    from symloss.data import LoadOptions, SyntheticOptions, load
    from symloss.loss import Loss
    from symloss.models import registry
    from symloss.training.fit import fit
    from symloss.training.member import Member
    from symloss.training.one_epoch import train_one_epoch
    from symloss.training.settings import TrainingSettings

    assert Path(symloss.__file__).resolve().is_relative_to(tree.resolve()), symloss.__file__
    Loss("(yhat - y)**2 + 0.1*abs(yhat - y)").check()
    times = []
    processor = time.process_time()
    for task in tasks:
        loss = Loss(task["formula"], eps=task["eps"], labels=task["labels"], input=task["input"])
        began = time.perf_counter()
        loss.check()
        times.append(time.perf_counter() - began)
    found: Times = {"checks": times, "check": sum(times), "check, processor": time.process_time() - processor}
    sizes = SyntheticOptions(users=943, items=1682, interactions=100_000, seed=1)
    dataset = load("synthetic", None, LoadOptions(seed=1, synthetic=sizes))
    members = [Member(Loss(text, eps=0.1).program(), eps=0.1) for text in
               ("(yhat - y)**2", "-y*log(yhat + eps) - (1 - y)*log(1 - yhat + eps)",
                "max((yhat + eps)/(y + eps), (y + eps)/(yhat + eps))", "abs(yhat - y)")]  # fmt: skip
    for name, count in (("mf", epochs), ("mlp", max(1, epochs // 4))):
        model, settings = registry.get(name), TrainingSettings(learning_rate=0.01, threads=1)
        # Both trees make a state this way.
        (start,) = fit(model, members[:1], dataset, replace(settings, max_epochs=1), test=False)
        state = start.state
        train_one_epoch(model, state, members[:1], dataset, settings, 0)
        began, processor = time.perf_counter(), time.process_time()
        for epoch in range(1, count + 1):
            train_one_epoch(model, state, members, dataset, settings, epoch)
        found[name] = (time.perf_counter() - began) / count
        found[f"{name}, processor"] = (time.process_time() - processor) / count
    return found


def measured(tree: Path, tasks: Path, epochs: int) -> Times:
    """Run the child with symloss from a tree."""
    command = [sys.executable, str(Path(__file__).resolve()), "--child", str(tree), "--tasks", str(tasks)]
    environment = {**os.environ, "PYTHONPATH": str(tree), "NUMBA_NUM_THREADS": "1"}
    ended = subprocess.run(
        [*command, "--epochs", str(epochs)],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tree,
        check=False,
    )
    if ended.returncode != 0:
        raise SystemExit(f"{tree} can't be measured:\n{ended.stderr[-3000:]}")
    return dict(json.loads(ended.stdout.splitlines()[-1]))


def sampled(count: int, seed: int) -> list[dict[str, Any]]:
    """Return what is checked: every named loss, and losses as a search samples them, the same for both trees."""
    sys.path.insert(0, str(ROOT))
    from symloss import zoo
    from symloss.errors import SymlossError
    from symloss.loss import Loss
    from tests.symbolic.sampling import sampled_losses

    named = [zoo.get(name) for name in zoo.names()]
    tasks = []
    for loss in [
        *named,
        *sampled_losses(count // 2, seed),
        *sampled_losses(count - count // 2, seed + 1, ("extended",)),
    ]:
        domain = {"labels": str(loss.domain.labels), "input": str(loss.domain.input)}
        try:
            Loss(loss.formula, eps=loss.eps, **domain)
        except SymlossError:
            continue
        tasks.append({"formula": loss.formula, "eps": loss.eps, **domain})
    return tasks


def quartiles(values: list[float]) -> list[float]:
    """Return first quartile, median and third quartile."""
    if len(values) < 2:
        return values * 3
    return [round(value, 4) for value in statistics.quantiles(values, n=4, method="inclusive")]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--old", type=Path, default=ROOT)
    parser.add_argument("--new", type=Path, default=ROOT)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sampled", type=int, default=200)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--tasks", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child is not None:
        print(json.dumps(child(options.child, json.loads(options.tasks.read_text()), options.epochs)))
        return
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        tasks = Path(folder) / "tasks.json"
        tasks.write_text(json.dumps(sampled(options.sampled, options.seed)))
        trees = {"old": options.old.resolve(), "new": options.new.resolve()}
        rounds: list[dict[str, Times]] = []
        for number in range(options.rounds):
            order = ("old", "new") if number % 2 == 0 else ("new", "old")
            rounds.append({name: measured(trees[name], tasks, options.epochs) for name in order})
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
    document: dict[str, Any] = {"rounds": options.rounds, "ratio new/old: [quartile, median, quartile]": {}}
    ratios = document["ratio new/old: [quartile, median, quartile]"]
    for name in [f"{what}{kind}" for what in ("check", "mf", "mlp") for kind in ("", ", processor")]:
        ratios[name] = quartiles([one["new"][name] / one["old"][name] for one in rounds])
        document[f"{name}, seconds: old, new"] = [
            round(statistics.median(one[side][name] for one in rounds), 4) for side in ("old", "new")
        ]
    pairs = zip(
        *(zip(one["old"]["checks"], one["new"]["checks"], strict=True) for one in rounds), strict=True
    )
    single = [
        statistics.median(new for _, new in pair) / statistics.median(old for old, _ in pair)
        for pair in pairs
    ]
    ratios["check, loss by loss"] = quartiles(single)
    print(json.dumps(document, indent=2))
    if options.json:
        options.json.write_text(json.dumps({**document, "all": rounds}, indent=2) + "\n")


if __name__ == "__main__":
    main()
