"""Search strategies side by side, at an equal number of trained losses.

    python benchmarks/strategies.py --dataset ml-100k
    python benchmarks/strategies.py --dataset synthetic --trained 40 --seeds 2

Each strategy searches with each seed until so many losses were trained. A
loss's reward is what a fresh recommender reaches with it as in `--preset best`, losses
that point the wrong way are not trained, and all strategies see the same data,
initial model and proxy test of their seed. What counts is the best validation
AUC over the number of losses trained, as training is what takes the time.
Prints a table for people on standard error, and JSON with the whole curves on
standard output or into FILE; the picture shows the mean over the seeds and
their range.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from symloss.compile.program import Program
from symloss.data.dataset import Dataset
from symloss.data.registry import load
from symloss.engine.local import LocalEngine
from symloss.models import registry
from symloss.search.candidates.candidate import Attempt
from symloss.search.candidates.grammar import LossGrammar
from symloss.search.context import make_proxy
from symloss.search.loop.attempts import AttemptGrid
from symloss.search.loop.fresh_recommender import FreshRecommender
from symloss.search.loop.loop import LossSearch
from symloss.search.options import SearchOptions
from symloss.search.presets import preset
from symloss.search.strategies.registry import make_strategy
from symloss.signature import Domain, Input
from symloss.training.settings import TrainingSettings

NEURAL_GUIDED = "genetic from controller"
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "random": ("random", {}),
    "reinforce": ("reinforce", {}),
    "risk-seeking": ("risk-seeking", {}),
    "genetic": ("genetic", {}),
    NEURAL_GUIDED: ("genetic", {"population_from": "controller"}),
}
AT = (10, 30, 100, 300)
"""Numbers of trained losses for the table, as far as there are so many."""
PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "strategies.png"


@dataclass
class Recorder:
    """A trainee that notes every metric, and trains a program that it knows only once.

    Attributes:
        trainee: trains from scratch, so a metric depends on the program alone.
        known: attempts by program, shared by all strategies of a seed.
        metrics: of all losses, in the order of training.
        seconds: spent on training, those saved by `known` not counted.
    """

    trainee: FreshRecommender
    known: dict[bytes, Attempt]
    metrics: list[float | None] = field(default_factory=list)
    seconds: float = 0.0
    adopts: bool = False

    @property
    def metric(self) -> float:
        return self.trainee.metric

    def try_losses(self, programs: Sequence[Program], epoch: int, stop: threading.Event) -> list[Attempt]:
        began = time.perf_counter()
        keys = [
            b"".join(part.tobytes() for part in (one.opcodes, one.left, one.right, one.constants))
            for one in programs
        ]
        new = {key: program for key, program in zip(keys, programs, strict=True) if key not in self.known}
        if new:
            attempts = self.trainee.try_losses(list(new.values()), epoch, stop)
            self.known.update(zip(new, attempts, strict=True))
        found = [self.known[key] for key in keys]
        self.metrics += [attempt.metric for attempt in found]
        self.seconds += time.perf_counter() - began
        return found

    def adopt(self, number: int) -> None:
        """Nothing is adopted where every loss starts afresh."""


def run(
    variant: str, options: SearchOptions, dataset: Dataset, known: dict[bytes, Attempt]
) -> dict[str, Any]:
    """Search until enough losses were trained, or too many sampled; return the curve and what it took."""
    name, further = VARIANTS[variant]
    grammar = LossGrammar(options.operators, options.n_variables, Domain.of(dataset.labels))
    engine = LocalEngine(registry.get(options.model), dataset, options.training)
    takes_score = grammar.domain.input is Input.SCORE
    grid = AttemptGrid(options.search_eps, options.search_scale, takes_score, grammar.domain)
    fresh = FreshRecommender(
        engine, grid, epochs=options.reward_epochs, learning_rate=options.reward_learning_rate
    )
    recorder = Recorder(fresh, known)
    strategy = make_strategy(name, grammar, options.seed, **further)
    search = LossSearch(options, strategy, make_proxy(options, grammar), recorder, None)
    stop = threading.Event()
    wanted, loops = options.max_trained or 0, options.loops or 0
    began = time.perf_counter()
    while len(recorder.metrics) < wanted and search.loops < loops:
        search.step(stop)
    metrics = [-np.inf if metric is None else metric for metric in recorder.metrics[:wanted]]
    curve = np.maximum.accumulate(np.maximum(metrics, recorder.metric)) if metrics else np.zeros(0)
    best = search.best
    return {
        "strategy": variant,
        "seed": options.seed,
        "trained": len(metrics),
        "sampled": search.counts["sampled"],
        "distinct": search.counts["distinct"],
        "seconds": round(time.perf_counter() - began, 2),
        "training_seconds": round(recorder.seconds, 2),
        "untrained_auc": recorder.metric,
        "best_formula": None if best is None else search.formula(best),
        "best_auc": [round(float(value), 6) for value in curve],
    }


def at(result: dict[str, Any], trained: int) -> float:
    """Return the best AUC after so many trainings, or after all where a search had fewer."""
    curve = result["best_auc"]
    return curve[min(trained, len(curve)) - 1] if curve else result["untrained_auc"]


def table(results: list[dict[str, Any]], trained: int) -> list[dict[str, Any]]:
    """Return one row a strategy: means over seeds, and their standard deviations."""
    rows = []
    marks = [mark for mark in AT if mark < trained] + [trained]
    for variant in VARIANTS:
        own = [result for result in results if result["strategy"] == variant]
        if not own:
            continue
        row: dict[str, Any] = {"strategy": variant, "seeds": len(own)}
        for mark in marks:
            values = [at(result, mark) for result in own]
            row[f"auc_at_{mark}"] = round(float(np.mean(values)), 5)
            row[f"deviation_at_{mark}"] = round(float(np.std(values, ddof=1)) if len(own) > 1 else 0.0, 5)
        row["trained"] = float(np.mean([result["trained"] for result in own]))
        row["sampled"] = float(np.mean([result["sampled"] for result in own]))
        rows.append(row)
    return rows


def show(rows: list[dict[str, Any]]) -> None:
    marks = [key for key in rows[0] if key.startswith("auc_at_")]
    print(
        f"{'strategy':26s}" + "".join(f"{key[4:]:>18s}" for key in marks) + f"{'sampled':>12s}",
        file=sys.stderr,
    )
    for row in rows:
        cells = [f"{row[key]:.4f} +-{row[key.replace('auc', 'deviation')]:.4f}" for key in marks]
        print(
            f"{row['strategy']:26s}" + "".join(f"{cell:>18s}" for cell in cells) + f"{row['sampled']:12.0f}",
            file=sys.stderr,
        )


def draw(results: list[dict[str, Any]], trained: int, dataset: str, file: Path) -> None:
    """Draw the mean of the best AUC over losses trained, with the range over seeds."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    numbers = np.arange(1, trained + 1)
    for variant, style in zip(VARIANTS, ("-", "--", ":", "-", "-."), strict=True):
        own = [result for result in results if result["strategy"] == variant]
        if not own:
            continue
        curves = np.array([[at(result, number) for number in numbers] for result in own])
        (line,) = axes.step(numbers, curves.mean(axis=0), style, where="post", label=variant)
        axes.fill_between(
            numbers,
            curves.min(axis=0),
            curves.max(axis=0),
            step="post",
            alpha=0.12,
            color=line.get_color(),
        )
    axes.set_xscale("log")
    axes.set_xlim(1, trained)
    # the first few losses say nothing, and would leave no room for the rest
    settled = min(at(result, min(10, trained)) for result in results)
    highest = max(at(result, trained) for result in results)
    axes.set_ylim(settled - 0.1 * (highest - settled), highest + 0.1 * (highest - settled))
    axes.set_xlabel("losses trained")
    axes.set_ylabel("best validation AUC")
    seeds = len({result["seed"] for result in results})
    axes.set_title(f"Search strategies on {dataset}: mean and range, number of seeds {seeds}")
    axes.legend(frameon=False)
    axes.grid(alpha=0.3)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=150)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trained", type=int, default=300, help="losses trained by each search")
    parser.add_argument("--seeds", type=int, default=5, help="searches by each strategy")
    parser.add_argument("--dataset", help="name of a data set (see symloss data)")
    parser.add_argument("--data-dir", type=Path, help="folder or file to load it from")
    parser.add_argument("--model", default="mf", choices=registry.NAMES)
    parser.add_argument("--strategies", default=",".join(VARIANTS), help="comma-separated names of variants")
    parser.add_argument("--operators", default="paper", help='"paper" or "extended"')
    parser.add_argument("--batch", type=int, default=100, help="losses that a strategy is asked for at once")
    parser.add_argument(
        "--max-sampled", type=int, default=3_000_000, help="losses after which a search is given up"
    )
    parser.add_argument("--eps", type=float, default=0.1, help="smoothing of all losses")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", type=Path, help="write the results here, not to standard output")
    parser.add_argument("--picture", type=Path, default=PICTURE)
    arguments = parser.parse_args()
    dataset = load(arguments.dataset, arguments.data_dir)
    results = []
    for seed in range(arguments.seeds):
        options = SearchOptions(
            model=arguments.model,
            operators=(arguments.operators,),
            batch=arguments.batch,
            **{**preset("best", arguments.model), "search_eps": (arguments.eps,), "strategy": "random"},
            max_trained=arguments.trained,
            loops=arguments.max_sampled // arguments.batch,
            seed=seed,
            training=TrainingSettings(threads=arguments.threads),
        )
        known: dict[bytes, Attempt] = {}
        for variant in arguments.strategies.split(","):
            result = run(variant, options, dataset, known)
            results.append(result)
            print(
                f"seed {seed}, {variant}: AUC {at(result, arguments.trained):.4f}, {result['trained']} trained of "
                f"{result['sampled']} sampled in {result['seconds']:.0f} s: {result['best_formula']}",
                file=sys.stderr,
                flush=True,
            )
    rows = table(results, arguments.trained)
    show(rows)
    draw(results, arguments.trained, dataset.name, arguments.picture)
    document = {
        "dataset": dataset.summary(),
        "machine": f"{platform.machine()}, {arguments.threads} threads, Python {platform.python_version()}",
        "settings": {
            key: str(value) for key, value in vars(arguments).items() if key not in ("json", "picture")
        },
        "table": rows,
        "runs": results,
    }
    text = json.dumps(document, indent=1)
    if arguments.json is None:
        print(text)
    else:
        arguments.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
