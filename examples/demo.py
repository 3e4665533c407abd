"""Search a loss for matrix factorisation on MovieLens-100K, test it beside BCE and MSE, and draw it.

    python examples/demo.py                                    about two minutes on two cores
    python examples/demo.py --dataset synthetic --seconds 3    a quick look, nothing is fetched

This is what `make demo` runs. The same search on the command line:

    symloss search --check-first --time 60s --screen-epochs 25 --survivors 6 --eps 0.1 --scale 1,4,16 \\
        --learning-rate 0.3 --max-epochs 80 --evaluation-time 90s

Thirty times the paper's learning rate and 80 epochs train to the same AUC as its 0.01 and 3,000 epochs.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import symloss as sl
from symloss.cli.interrupt import stop_on_interrupt
from symloss.cli.output import standard_output, table
from symloss.cli.progress import SearchDisplay
from symloss.data import load
from symloss.plot import figure, save
from symloss.search.options import SearchOptions
from symloss.search.search import open_run, search
from symloss.training.settings import TrainingSettings


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="ml-100k")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of phase I (default 60)")
    parser.add_argument(
        "--evaluation-seconds", type=float, default=90.0, help="longest phase III (default 90)"
    )
    parser.add_argument("--max-epochs", type=int, default=80)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--out", type=Path, default=Path("demo"), help="folder for the run and the picture")
    options = parser.parse_args()

    dataset = load(options.dataset)
    settings = SearchOptions(
        time_limit=options.seconds,
        check_first=True,
        survivors=6,
        screen=40,
        screen_epochs=min(25, options.max_epochs),
        eps_grid=(0.1,),
        scale_grid=(1.0, 4.0, 16.0),
        evaluation_time=options.evaluation_seconds,
        seed=options.seed,
        training=TrainingSettings(learning_rate=0.3, max_epochs=options.max_epochs),
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
    console.print(table(f"MF on {dataset.name}, each at its best eps and scale by validation", columns, rows))
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
