"""The paper's figures, read from the CSV files beside this module."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent

TITLES = {
    "mse": "MSE",
    "bce": "BCE",
    "hinge": "Hinge",
    "focal": "Focal",
    "maxr": "MaxR",
    "sumr": "SumR",
    "logmin": "LogMin",
}
"""The paper's seven losses: their name in the zoo, and what the paper calls them."""

HANDCRAFTED = ("mse", "bce", "hinge", "focal")
GENERATED = ("maxr", "sumr", "logmin")
CLASSIFICATION = ("auc", "f1", "accuracy")
REGRESSION = ("rmse", "mae")
METRIC_TITLES = {"auc": "AUC", "f1": "F1", "accuracy": "Accuracy", "rmse": "RMSE", "mae": "MAE"}
MODEL_TITLES = {"mf": "MF", "mlp": "MLP"}
ML100K, ELECTRONICS = "ML-100K", "Electronics"


@cache
def published(table: int, dataset: str = ML100K) -> dict[tuple[str, str, str], float]:
    """Return the figures of Table 5 or 6 by (model, metric, loss), in symloss's names."""
    names = {title: name for name, title in TITLES.items()}
    metrics = {title: name for name, title in METRIC_TITLES.items()}
    found = {}
    for row in _rows(f"paper_table{table}.csv"):
        if row["dataset"] == dataset:
            model, metric = row["model"].lower(), metrics[row["metric"]]
            for title, name in names.items():
                if title in row:
                    found[model, metric, name] = float(row[title])
    return found


def ablation() -> list[dict[str, str]]:
    """Return the rows of Table 7: how many losses were sampled in 24 hours without and with the proxy test."""
    return _rows("paper_table7.csv")


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
