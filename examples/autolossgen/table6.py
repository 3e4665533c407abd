"""Table 6: RMSE and MAE of the handcrafted losses, on the same labels 0 and 1."""

from __future__ import annotations

import numpy as np

from autolossgen.context import Context, figure, signed, table
from autolossgen.jobs import Job, Plan
from autolossgen.reference import HANDCRAFTED, METRIC_TITLES, MODEL_TITLES, REGRESSION, TITLES, published

SELECTIONS = {"rmse": "lowest validation RMSE", "auc": "highest validation AUC, the trainings of Table 5"}
"""What may have chosen the epoch."""


def jobs(plan: Plan) -> list[Job]:
    """Return each loss from every seed, for every model; those chosen by AUC are in Table 5 as well."""
    return [
        plan.job(model, loss, seed=seed, metric=metric)
        for model in plan.models
        for loss in HANDCRAFTED
        for metric in SELECTIONS
        for seed in plan.seeds
    ]


def run(context: Context) -> None:
    """Train what is missing."""
    context.train(jobs(context.plan), "tables 5 and 6")


def page(context: Context) -> str:
    """Return the section of the report."""
    plan, reference = context.plan, published(6)
    parts = ["## Table 6: regression"]
    parts.append(
        "RMSE and MAE of the predicted probabilities against the labels 0 and 1, on the test part. The "
        "paper does not say which validation metric chose the epoch, so both are shown: the lowest RMSE, "
        "and the highest AUC (the very trainings of Table 5)."
    )
    for model in plan.models:
        rows: list[list[str]] = []
        gaps: dict[str, list[float]] = {metric: [] for metric in SELECTIONS}
        for loss in HANDCRAFTED:
            cells = [TITLES[loss]]
            for target in REGRESSION:
                cells.append(f"{reference[model, target, loss]:.4f}")
                for metric in SELECTIONS:
                    found = context.results.all(
                        [plan.job(model, loss, seed=seed, metric=metric) for seed in plan.seeds]
                    )
                    ours = figure(found, target)
                    gap = ours.mean - reference[model, target, loss]
                    gaps[metric].append(abs(gap))
                    cells.append(f"{ours} ({signed(gap)})")
            rows.append(cells)
        columns = ["loss"]
        for target in REGRESSION:
            columns += [f"{METRIC_TITLES[target]}, paper", "ours, by RMSE", "ours, by AUC"]
        means = {metric: float(np.mean(values)) for metric, values in gaps.items()}
        parts += [f"### {MODEL_TITLES[model]}", table(columns, rows)]
        if not any(np.isnan(value) for value in means.values()):
            nearer = min(means, key=lambda metric: means[metric])
            parts.append(
                f"Mean absolute difference: {means['rmse']:.4f} where the {SELECTIONS['rmse']} chooses the "
                f"epoch, {means['auc']:.4f} where the {SELECTIONS['auc'].split(',')[0]} does; the paper's "
                f"figures are nearer to the choice by {METRIC_TITLES[nearer]}."
            )
    return "\n\n".join(parts)
