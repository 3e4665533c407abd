"""Table 5: seven losses, two models; AUC, F1 and accuracy on the test part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from autolossgen.context import Context, best_of, eps_text, figure, signed, table
from autolossgen.jobs import Job, Plan
from autolossgen.reference import (
    CLASSIFICATION,
    GENERATED,
    HANDCRAFTED,
    METRIC_TITLES,
    ML100K,
    MODEL_TITLES,
    TITLES,
    published,
)
from autolossgen.results import Trained
from symloss.contest.signed_rank import holm
from symloss.contest.significance import PairedTest, paired_test
from symloss.tasks.metrics import AUC

TOLERANCE = 0.004
TIE = 0.002
"""Losses that are closer than this in the paper have no order."""


def jobs(plan: Plan) -> list[Job]:
    """Return every loss at every eps, from every seed, for every model."""
    return [job for model in plan.models for loss in TITLES for job in grid(plan, model, loss)]


def grid(plan: Plan, model: str, loss: str) -> list[Job]:
    """Return one loss at every eps, from every seed."""
    return [plan.job(model, loss, eps=eps, seed=seed) for seed in plan.seeds for eps in plan.eps_values(loss)]


def chosen(context: Context, model: str, loss: str) -> list[Trained]:
    """Return for each seed the training with the eps that is best on validation."""
    plan = context.plan
    found = []
    for seed in plan.seeds:
        best = best_of(context.results.all([job for job in grid(plan, model, loss) if job.seed == seed]))
        if best is not None:
            found.append(best)
    return found


def run(context: Context) -> None:
    """Train what is missing."""
    context.train(jobs(context.plan), "tables 5 and 6")


def page(context: Context) -> str:
    """Return the section of the report."""
    parts = ["## Table 5: classification"]
    parts.append(
        "AUC, F1 (the largest over all thresholds) and accuracy (at that threshold) on the test part, at "
        "the epoch with the best validation AUC. For losses with eps, the value of the grid with the best "
        "validation AUC counts, chosen for each seed; the column says which (and for how many seeds). "
        "Differences are ours minus the paper's."
    )
    for model in context.plan.models:
        trained = {loss: chosen(context, model, loss) for loss in TITLES}
        parts += [f"### {MODEL_TITLES[model]}", main_table(model, trained, ML100K), summary(model, trained)]
        tests = significance(context, trained)
        if tests:
            parts += [
                "Each generated loss against the handcrafted one with the best mean validation AUC (test "
                "AUC, paired by seed; p-values with Holm's correction; the last column is what another "
                "test part of this size would change, by DeLong's variance):",
                tests,
            ]
    return "\n\n".join(parts)


def main_table(model: str, trained: dict[str, list[Trained]], dataset: str) -> str:
    """Return paper's figure, ours and the difference, for all losses and metrics."""
    reference = published(5, dataset)
    rows = []
    for loss, found in trained.items():
        cells = [TITLES[loss], eps_text(found)]
        for metric in CLASSIFICATION:
            ours = figure(found, metric)
            cells += [f"{reference[model, metric, loss]:.4f}", str(ours)]
            cells.append(signed(ours.mean - reference[model, metric, loss]))
        rows.append(cells)
    columns = ["loss", "eps"]
    for metric in CLASSIFICATION:
        columns += [f"{METRIC_TITLES[metric]}, paper", "ours", "difference"]
    return table(columns, rows)


def summary(model: str, trained: dict[str, list[Trained]]) -> str:
    """Return what the table shows, in sentences."""
    reference = published(5)
    lines = []
    for metric in CLASSIFICATION:
        figures = {loss: figure(found, metric) for loss, found in trained.items() if found}
        if not figures:
            continue
        gaps = {loss: ours.mean - reference[model, metric, loss] for loss, ours in figures.items()}
        worst = max(gaps, key=lambda loss: abs(gaps[loss]))
        within = sum(abs(gap) <= TOLERANCE for gap in gaps.values())
        deviations = [ours.deviation for ours in figures.values()]
        inside = sum(
            abs(gap) <= 2 * deviation for gap, deviation in zip(gaps.values(), deviations, strict=True)
        )
        line = (
            f"* {METRIC_TITLES[metric]}: {within} of {len(gaps)} within {TOLERANCE} of the paper; the "
            f"largest difference is {gaps[worst]:+.4f} ({TITLES[worst]})"
        )
        if not np.isnan(deviations).any():
            line += (
                f"; {inside} lie within two standard deviations over seeds, which are {min(deviations):.4f} "
                f"to {max(deviations):.4f}"
            )
        wrong = out_of_order({loss: ours.mean for loss, ours in figures.items()}, model, metric)
        pairs = ", ".join(f"{TITLES[high]} over {TITLES[low]}" for high, low in wrong)
        line += (
            f". Of the paper's order these do not hold: {pairs}."
            if wrong
            else f". The paper's order holds for every pair that it sets apart by more than {TIE}."
        )
        lines.append(line)
    return "\n".join(lines)


def out_of_order(ours: dict[str, float], model: str, metric: str) -> list[tuple[str, str]]:
    """Return the pairs (high, low) that the paper sets apart by more than `TIE`, and that are the other way here."""
    reference = published(5)
    return [
        (high, low)
        for high in ours
        for low in ours
        if reference[model, metric, high] - reference[model, metric, low] > TIE and ours[high] < ours[low]
    ]


def best_handcrafted(trained: dict[str, list[Trained]]) -> str | None:
    """Return the handcrafted loss with the best mean validation metric."""
    ranks = {loss: np.mean([one.rank for one in trained[loss]]) for loss in HANDCRAFTED if trained[loss]}
    return min(ranks, key=lambda loss: ranks[loss], default=None)


def tests_against_best(context: Context, trained: dict[str, list[Trained]]) -> list[PairedTest]:
    """Return the paired tests of the generated losses against the best handcrafted one; none with one seed."""
    best = best_handcrafted(trained)
    complete = len(context.plan.seeds)
    if best is None or complete < 2 or len(trained[best]) < complete:
        return []
    tests = []
    for loss in GENERATED:
        if len(trained[loss]) == complete:
            scores = [np.array([one.scores for one in trained[name]]) for name in (loss, best)]
            labels = context.dataset.test.labels
            tests.append(paired_test(TITLES[loss], TITLES[best], scores[0], scores[1], labels, AUC()))
    adjusted = holm([test.wilcoxon_p for test in tests])
    return [replace(test, adjusted_p=p) for test, p in zip(tests, adjusted, strict=True)]


def significance(context: Context, trained: dict[str, list[Trained]]) -> str:
    """Return the table of the paired tests, or ""."""
    return tests_table(tests_against_best(context, trained))


def tests_table(tests: Sequence[PairedTest]) -> str:
    """Return paired tests as a table, with what Wilcoxon's test can't show with so few seeds."""
    if not tests:
        return ""
    rows = []
    for test in tests:
        rows.append(
            [
                f"{test.first} - {test.second}",
                f"{test.difference:+.4f}",
                f"{test.interval[0]:+.4f} to {test.interval[1]:+.4f}",
                f"{test.t_p:.2g}",
                f"{test.adjusted_p:.2g}",
                "-" if test.rows is None else f"{test.rows.interval[0]:+.4f} to {test.rows.interval[1]:+.4f}",
            ]
        )
    columns = ["pair", "difference", "95% over seeds", "t-test p", "Wilcoxon p (Holm)", "95% over test rows"]
    text = table(columns, rows)
    least = tests[0].least_p
    if least >= 0.05:
        text += (
            f"\n\nWith {tests[0].seeds} seeds Wilcoxon's test can't go below p = {least:.2g}, whatever the "
            "difference."
        )
    return text
