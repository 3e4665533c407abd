"""Why some figures do not reproduce: other ways of stopping, measuring and training, tried one at a time.

Each loss is trained once more from the first seed with all metrics of every epoch kept. Other rules
of stopping and other thresholds are then applied to the same training; other ways of training are trained.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from autolossgen import table5
from autolossgen.context import Context, table
from autolossgen.jobs import Job
from autolossgen.reference import CLASSIFICATION, METRIC_TITLES, MODEL_TITLES, TITLES, published
from autolossgen.results import Floats, Trained
from autolossgen.trace import COLUMNS
from autolossgen.variants import VARIANTS, dropout_of

PATIENCE = 20
"""The shorter patience that is tried."""


@dataclass(frozen=True)
class Rule:
    """A way to choose the epoch, and the columns that count as AUC, F1 and accuracy there."""

    title: str
    epoch: Callable[[Floats], int]
    columns: tuple[str, str, str] = ("test auc", "test f1", "test accuracy")


def _column(trace: Floats, name: str) -> Floats:
    return trace[:, COLUMNS.index(name)]


def _highest(name: str) -> Callable[[Floats], int]:
    return lambda trace: int(np.argmax(_column(trace, name)))


def _impatient(trace: Floats) -> int:
    """Return the epoch at which training with a patience of `PATIENCE` ends up."""
    best = 0
    values = _column(trace, "valid auc")
    for epoch, value in enumerate(values):
        if value > values[best]:
            best = epoch
        elif epoch - best >= PATIENCE:
            break
    return best


BY_AUC = _highest("valid auc")
RULES = (
    Rule("as in Table 5: epoch by validation AUC", BY_AUC),
    Rule("epoch by validation F1", _highest("valid f1")),
    Rule("epoch by validation accuracy", _highest("valid accuracy")),
    Rule("epoch by validation RMSE", lambda trace: int(np.argmin(_column(trace, "valid rmse")))),
    Rule(f"stop after {PATIENCE} epochs without a better validation AUC", _impatient),
    Rule("epoch by test AUC (not allowed)", _highest("test auc")),
    Rule("epoch by test F1 (not allowed)", _highest("test f1")),
    Rule(
        "threshold from validation",
        BY_AUC,
        (
            "test auc",
            "f1 at the threshold of validation",
            "accuracy at the threshold of validation",
        ),
    ),
    Rule("accuracy at the prediction 0.5", BY_AUC, ("test auc", "test f1", "accuracy at 0.5")),
    Rule(
        "accuracy at the highest of equally good thresholds",
        BY_AUC,
        ("test auc", "test f1", "accuracy at the highest of equal thresholds"),
    ),
)


def jobs(context: Context, variant: str) -> list[Job]:
    """Return the traces of one variant: every loss at the eps that Table 5 chose from the first seed."""
    plan = context.plan
    found = []
    # MF's AUC reproduces: other ways of training are tried on the MLP only.
    for model in plan.models if not variant else {"mlp"} & set(plan.models):
        for loss in TITLES:
            if trained := table5.chosen(context, model, loss):
                found.append(replace(trained[0].job, seed=plan.seeds[0], trace=True, variant=variant))
    return found


def variants(context: Context) -> tuple[str, ...]:
    """Return the variants that are trained: the quick look has one only."""
    return ("",) if context.plan.short else tuple(VARIANTS)


def run(context: Context) -> None:
    """Train all variants."""
    table5.run(context)
    for variant in variants(context):
        with dropout_of(variant):
            context.train(jobs(context, variant), "reasons")


def page(context: Context) -> str:
    """Return the section of the report."""
    parts = ["## Why some figures do not reproduce"]
    parts.append(
        f"Every loss trained from seed {context.plan.seeds[0]}, at the eps of Table 5, with one thing "
        "changed at a time: the mean absolute difference to the paper over the seven losses (and in "
        "brackets the mean difference). A change that the paper's authors made would bring all three "
        "columns down."
    )
    for model in context.plan.models:
        traces = {
            variant: [one for one in context.results.all(jobs(context, variant)) if one.job.model == model]
            for variant in variants(context)
        }
        if not traces[""]:
            continue
        rows = [[rule.title, *_differences(traces[""], rule)] for rule in RULES]
        rows += [
            [f"trained differently: {VARIANTS[variant]}", *_differences(found, RULES[0])]
            for variant, found in traces.items()
            if variant and found
        ]
        columns = ["what is changed", *(METRIC_TITLES[metric] for metric in CLASSIFICATION)]
        parts += [
            f"### {MODEL_TITLES[model]}",
            table(columns, rows),
            _nearest(rows),
            _restlessness(model, traces[""]),
        ]
    return "\n\n".join(parts)


def _nearest(rows: list[list[str]]) -> str:
    """Return which row is nearest to the paper in each metric."""
    texts = []
    for column, metric in enumerate(CLASSIFICATION, start=1):
        best = min(rows, key=lambda row: float(row[column].split()[0]) if row[column] != "-" else np.inf)
        texts.append(
            f"{METRIC_TITLES[metric]}: {best[0]} ({best[column].split()[0]} against {rows[0][column].split()[0]})"
        )
    return "Nearest to the paper: " + "; ".join(texts) + "."


def _differences(found: list[Trained], rule: Rule) -> list[str]:
    """Return for each metric how far the figures are from the paper's."""
    reference = published(5)
    cells = []
    for metric, name in zip(CLASSIFICATION, rule.columns, strict=True):
        gaps = [
            float(_column(one.history, name)[rule.epoch(one.history)])
            - reference[one.job.model, metric, one.job.loss]
            for one in found
            if len(one.history)
        ]
        cells.append(f"{np.mean(np.abs(gaps)):.4f} ({np.mean(gaps):+.4f})" if gaps else "-")
    return cells


def _restlessness(model: str, found: list[Trained]) -> str:
    """Return how much the figures change between epochs that validation can't tell apart."""
    reference = published(5)
    rows = []
    for one in found:
        if not len(one.history):
            continue
        valid = _column(one.history, "valid auc")
        near = valid >= valid.max() - 0.005
        cells = [TITLES[one.job.loss], str(int(near.sum()))]
        for metric in CLASSIFICATION:
            values = _column(one.history, f"test {metric}")[near]
            inside = values.min() <= reference[model, metric, one.job.loss] <= values.max()
            cells.append(
                f"{values.min():.4f} to {values.max():.4f}" + (" (holds the paper's)" if inside else "")
            )
        rows.append(cells)
    columns = ["loss", "epochs", *(METRIC_TITLES[metric] for metric in CLASSIFICATION)]
    return (
        "Range of each figure over the epochs of one training whose validation AUC is within 0.005 of its best, which "
        "validation hardly tells apart:\n\n" + table(columns, rows)
    )
