"""Search a loss for matrix factorisation on MovieLens-100K, test it beside handcrafted ones tuned alike, and draw it.

    python examples/demo.py                                    about two minutes on two cores
    python examples/demo.py --dataset synthetic --seconds 3    a quick look, nothing is fetched

This is what `make demo` runs. The same search on the command line:

    symloss search --time 60s --survivors 6 --eps 0.1 --finalists 2 --final-seeds 5 \\
        --learning-rate 0.3 --max-epochs 100 --patience 25 --evaluation-time 120s

Thirty times the paper's learning rate and 100 epochs train to the same AUC as its 0.01 and 3,000 epochs.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import symloss as sl
from symloss.cli.interrupt import stop_on_interrupt
from symloss.cli.output import standard_output, table
from symloss.data import load
from symloss.plot import figure, save
from symloss.progress_display import SearchDisplay
from symloss.search.options import SearchOptions
from symloss.search.presets import preset
from symloss.search.search import open_run, search
from symloss.training.settings import TrainingSettings


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="ml-100k")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of phase I (default 60)")
    parser.add_argument(
        "--evaluation-seconds", type=float, default=120.0, help="longest phase III (default 120)"
    )
    parser.add_argument("--max-epochs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--out", type=Path, default=Path("demo"), help="folder for the run and the picture")
    options = parser.parse_args()

    try:
        dataset = load(options.dataset)
    except sl.SymlossError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    settings = SearchOptions(
        **preset("best", "mf"),
        time_limit=options.seconds,
        survivors=6,
        finalists=2,
        final_seeds=5,
        eps_grid=(0.1,),
        evaluation_time=options.evaluation_seconds,
        seed=options.seed,
        training=TrainingSettings(learning_rate=0.3, max_epochs=options.max_epochs, patience=25),
    )
    folder = free_folder(options.out)
    with open_run(settings, dataset, folder) as run, stop_on_interrupt() as stop, SearchDisplay() as display:
        result = search(settings, dataset, run, display, stop)

    console = standard_output()
    if result.best is None:
        console.print("No loss got through all phases; try more --seconds or another --seed.")
        return 1
    rows = [
        [
            name,
            entry.formula,
            "" if entry.eps is None else f"{entry.eps:g}",
            f"{entry.scale:g}",
            entry.metrics["auc"],
        ]
        for name, entry in [("best found", result.best), *((entry.loss, entry) for entry in result.baselines)]
    ]
    columns = ["loss", "formula", "eps", "times", "test AUC"]
    # a time limit may have ended it before all five
    seeds = len(result.comparison["winner"]["seeds"]) if result.comparison is not None else 1
    title = f"MF on {dataset.name}, each at its best eps and scale by validation, mean of {seeds} seeds"
    console.print(table(title, columns, rows))
    if result.comparison is not None:
        console.print(result.comparison["sentence"], highlight=False, markup=False)
    best = sl.Loss(result.best.formula, eps=result.best.eps)
    report = best.check()
    console.print(f"check: {report.verdict}. {report.sentence}", highlight=False, markup=False)
    picture = folder / "best_loss.png"
    save(figure([best]), picture)
    console.print(f"picture of the loss: {picture}", highlight=False)
    console.print(f"everything that was tried: {folder}", highlight=False)
    return 0 if report.verdict == "valid" else 1


def free_folder(wanted: Path) -> Path:
    """Return `wanted`, or `wanted`-2 and so on where it is in use."""
    folder, number = wanted, 1
    while folder.exists():
        number += 1
        folder = wanted.with_name(f"{wanted.name}-{number}")
    return folder


if __name__ == "__main__":
    sys.exit(main())
