"""What predicts the end of a training: few epochs at a fast rate, or the beginning of the slow one?

python benchmarks/halving.py [--data-dir FOLDER] [--losses 30] [--threads 2] [--json FILE] [--picture FILE]

About 30 losses (named ones and random ones that are valid by construction) are trained at a fast rate (0.3, 100 epochs)
with seven factors each, as successive halving does. Each loss at its best factor, and some at
others, is then trained as the paper does (0.01, 3,000 epochs). The table gives Spearman's rank
correlation between the best validation AUC so far, after some epochs of either training, and
that at the end of the slow one:

* across losses: each loss by its best factor, as a rung of the halving judges it;
* across configurations: all that were trained slowly, factors included;
* across factors: within one loss, the mean over losses of which several were trained slowly;
* best kept: whether the loss that wins in the end is in the better half.

Slow training is also looked at after the same share of its epochs. Numbers and a picture can
be written. It takes 4 to 6 minutes on two quiet cores; without the data set, which is fetched, made-up
interactions stand in, and the numbers mean little.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from symloss import zoo
from symloss.contest.options import SCALE_GRID
from symloss.contest.trial import Trial, grid
from symloss.data import load
from symloss.data.dataset import Dataset
from symloss.data.presplit import load_presplit
from symloss.errors import SymlossError
from symloss.loss import Loss
from symloss.models import registry
from symloss.training.fit import fit
from symloss.training.settings import TrainingSettings

FAST_EPOCHS = (12, 25, 50, 75, 100)
SLOW_SHARES = (0.12, 0.25, 0.5, 0.75)
"""Of the slow training: the same share of its epochs as those of the fast one."""

NAMED = (
    "mse", "mae", "bce", "focal", "maxr", "sumr", "logmin", "log-cosh", "huber", "smooth-l1",
    "gce", "sce", "poisson", "hinge", "squared-hinge", "savage",
)  # fmt: skip
RISING = (
    "{}", "({})**2", "({})**3", "exp({})", "log(1 + {})", "log((1 + eps)/(1 + eps - ({})))",
    "({})/(1 + eps - ({}))", "tanh(2*({}))", "sqrt(eps + {})", "max({}, 1/4)",
)  # fmt: skip
"""Rising functions; random ones of a random one, for each label, make a random valid loss."""

EPS = 0.1
Array = NDArray[np.float64]


def losses(count: int) -> list[Loss]:
    named = [zoo.get(name) for name in NAMED][: max(2, count // 2 + 1)]
    everyone = named + random_losses(count - len(named))
    return [loss.with_eps(EPS) if loss.has_eps else loss for loss in everyone]


def random_losses(count: int) -> list[Loss]:
    """Draw losses y*g(1 - yhat) + (1 - y)*h(yhat) with rising g and h: their gradients point towards the label."""
    generator = np.random.default_rng(1)

    def rising(argument: str) -> str:
        outer, inner = generator.choice(len(RISING), 2)
        text = RISING[inner].format(argument, argument)
        # exp and quotients of each other grow too fast to be losses that anyone would train with
        return RISING[outer].format(text, text) if outer < 3 else RISING[outer].format(argument, argument)

    drawn: list[Loss] = []
    while len(drawn) < count:
        weight = generator.choice([1, 2])
        loss = Loss(f"{weight}*y*({rising('1 - yhat')}) + (1 - y)*({rising('yhat')})")
        if all(loss.expression != other.expression for other in drawn):
            drawn.append(loss)
    return drawn


def histories(trials: Sequence[Trial], dataset: Dataset, settings: TrainingSettings) -> Array:
    """Return the best validation AUC so far, for each trial after each epoch; diverged ones keep their last."""
    members = [trial.member() for trial in trials]
    results = fit(registry.get("mf"), members, dataset, settings, test=False)
    table = np.full((len(trials), settings.max_epochs), np.nan)
    for row, result in zip(table, results, strict=True):
        row[: len(result.history)] = result.history
    first = np.nan_to_num(table[:, :1], nan=0.5)
    return np.fmax.accumulate(np.hstack([first, table[:, 1:]]), axis=1)


def correlation(a: Array, b: Array) -> float:
    return float(spearmanr(a, b).statistic) if len(a) > 2 else float("nan")


def row(name: str, epochs: int, judged: Array, final: Array, parts: list[Any], best: Array) -> dict[str, Any]:
    """Compare what is known after some epochs with the end.

    Args:
        name, epochs: of which training.
        judged: validation AUC by then, of each configuration that was trained slowly.
        final: theirs at the end.
        parts: rows of them of one loss, for losses with several.
        best: validation AUC by then of each loss, at its best factor.
    """
    by_loss = np.array([final[part].max() for part in parts])
    half = np.argsort(-best)[: (len(best) + 1) // 2]
    within = [correlation(judged[part], final[part]) for part in parts if len(part) > 2]
    return {
        "training": name,
        "epochs": epochs,
        "across_losses": correlation(best, by_loss),
        "across_configurations": correlation(judged, final),
        "across_factors": float(np.nanmean(within)) if within else float("nan"),
        "best_kept": bool(int(np.argmax(by_loss)) in half),
    }


def measure(dataset: Dataset, count: int, threads: int, slow_epochs: int) -> dict[str, Any]:
    chosen = losses(count)
    fast = TrainingSettings(learning_rate=0.3, max_epochs=100, patience=100, threads=threads)
    slow = TrainingSettings(max_epochs=slow_epochs, patience=slow_epochs, threads=threads)
    began = time.perf_counter()
    trials = [trial for loss in chosen for trial in grid(loss, [EPS], SCALE_GRID, [42])]
    quick = histories(trials, dataset, fast).reshape(len(chosen), len(SCALE_GRID), -1)
    fast_seconds = time.perf_counter() - began
    # each loss at its best factor; every fifth loss at four factors
    numbers = []
    for k, curves in enumerate(quick):
        order = np.argsort(-curves[:, -1], kind="stable")
        numbers += [(k, int(place)) for place in (order[[0, 1, 3, 5]] if k % 5 == 0 else order[:1])]
    began = time.perf_counter()
    long = histories([trials[k * len(SCALE_GRID) + place] for k, place in numbers], dataset, slow)
    slow_seconds = time.perf_counter() - began
    final = long[:, -1]
    owner = np.array([k for k, _ in numbers])
    parts = [np.flatnonzero(owner == k) for k in range(len(chosen))]
    rows = []
    for epochs in FAST_EPOCHS:
        judged = np.array([quick[k, place, epochs - 1] for k, place in numbers])
        rows.append(row("fast", epochs, judged, final, parts, quick[:, :, epochs - 1].max(axis=1)))
    for share in SLOW_SHARES:
        epochs = max(1, round(share * slow_epochs))
        judged = long[:, epochs - 1]
        rows.append(
            row("slow", epochs, judged, final, parts, np.array([judged[part].max() for part in parts]))
        )
    points = {
        str(epochs): quick[:, :, epochs - 1].max(axis=1).tolist()
        for epochs in (FAST_EPOCHS[1], *FAST_EPOCHS[2::2])
    }
    return {
        "dataset": dataset.name, "losses": len(chosen), "configurations": len(trials), "slow": len(numbers),
        "fast_seconds": round(fast_seconds, 1), "slow_seconds": round(slow_seconds, 1), "rows": rows,
        "titles": [loss.title for loss in chosen],
        "final": [float(final[part].max()) for part in parts], "after_fast": points,
        "best_factor": [SCALE_GRID[int(np.argmax(curves[:, -1]))] for curves in quick],
    }  # fmt: skip


def draw(found: dict[str, Any], path: Path) -> None:
    """Draw the correlations, and the AUC after fast epochs against the final one."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, marker in (("fast", "o"), ("slow", "s")):
        rows = [row for row in found["rows"] if row["training"] == name]
        longest = FAST_EPOCHS[-1] if name == "fast" else rows[-1]["epochs"] / SLOW_SHARES[-1]
        shares = [100 * row["epochs"] / longest for row in rows]
        left.plot(
            shares, [row["across_losses"] for row in rows], marker=marker, label=f"{name} rate, across losses"
        )
        values = [row["across_configurations"] for row in rows]
        left.plot(shares, values, marker=marker, linestyle=":", label=f"{name} rate, across configurations")
    left.axhline(0, color="0.7", linewidth=0.8)
    left.set(xlabel="share of the epochs (%)", ylabel="rank correlation with the end", ylim=(-1.05, 1.05))
    left.legend(fontsize=7)
    for epochs, values in found["after_fast"].items():
        right.scatter(values, found["final"], s=14, label=f"{epochs} epochs at rate 0.3")
    right.set(xlabel="best validation AUC by then", ylabel="best validation AUC of slow training")
    right.legend(fontsize=7)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


def data(folder: Path | None) -> Dataset:
    if folder is not None:
        return load_presplit(folder)
    try:
        return load("ml-100k")
    except SymlossError as error:
        print(f"{error}\nMade-up interactions stand in: these numbers say little about real data.")
        return load("synthetic")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, help="folder of a presplit data set")
    parser.add_argument("--losses", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--slow-epochs", type=int, default=3000)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--picture", type=Path, metavar="FILE")
    options = parser.parse_args()
    found = measure(data(options.data_dir), options.losses, options.threads, options.slow_epochs)
    print(
        f"{found['dataset']}: {found['losses']} losses, {found['configurations']} fast trainings in "
        f"{found['fast_seconds']} s, {found['slow']} slow ones in {found['slow_seconds']} s"
    )
    print(f"{'training':<9}{'epochs':>7}{'losses':>9}{'configs':>9}{'factors':>9}  best kept")
    for entry in found["rows"]:
        numbers = "".join(
            f"{entry[key]:>9.3f}" for key in ("across_losses", "across_configurations", "across_factors")
        )
        print(f"{entry['training']:<9}{entry['epochs']:>7}{numbers}  {'yes' if entry['best_kept'] else 'no'}")
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    if options.picture is not None:
        draw(found, options.picture)


if __name__ == "__main__":
    main()
