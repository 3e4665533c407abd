"""Beyond the paper: every loss at the same strength, the size of its gradient where positives and negatives balance."""

from __future__ import annotations

from functools import cache

from autolossgen.context import Context, figure, table
from autolossgen.gradients import largest_by_logit, strength
from autolossgen.jobs import Job, Plan
from autolossgen.reference import MODEL_TITLES, TITLES
from symloss import zoo
from symloss.constants import PAPER_EPS_GRID

TARGET = ("maxr", 0.1)
"""The loss whose strength the others are brought to: the paper's best."""

LOSSES: tuple[tuple[str, float | None], ...] = (
    ("mse", None),
    ("bce", None),
    ("focal", None),
    ("hinge", None),
    ("logmin", 1e-6),
    ("sumr", 0.1),
    *(("maxr", value) for value in PAPER_EPS_GRID),
)

RANKING = ("mse", "bce", "focal", "sumr", "maxr")
"""Losses whose best prediction increases with the share of positives (see docs/findings.md)."""


@cache
def strength_of(loss: str, eps: float | None) -> tuple[float, float]:
    """Return the best prediction of a loss for p = 1/2, and its strength there; see `gradients.strength`."""
    found = zoo.get(loss)
    return strength(found if eps is None else found.with_eps(eps))


@cache
def factor(loss: str, eps: float | None) -> float:
    """Return the factor that brings a loss to the strength of `TARGET`, to three digits."""
    return float(f"{strength_of(*TARGET)[1] / strength_of(loss, eps)[1]:.3g}")


def model(plan: Plan) -> str:
    """Return the model: MF, whose trainings are short."""
    return "mf" if "mf" in plan.models else plan.models[0]


def plain(plan: Plan, loss: str, eps: float | None) -> list[Job]:
    """Return a loss as it is, from all seeds: trainings of Table 5."""
    return [plan.job(model(plan), loss, eps=eps, seed=seed) for seed in plan.seeds]


def equal(plan: Plan, loss: str, eps: float | None) -> list[Job]:
    """Return a loss at the strength of `TARGET`, from all seeds."""
    scale = factor(loss, eps)
    return [plan.job(model(plan), loss, eps=eps, scale=scale, seed=seed) for seed in plan.seeds]


def jobs(plan: Plan) -> list[Job]:
    """Return all trainings of this part."""
    found: list[Job] = []
    for loss, eps in losses(plan):
        found += [*plain(plan, loss, eps), *equal(plan, loss, eps)]
    return found


def losses(plan: Plan) -> list[tuple[str, float | None]]:
    """Return the losses of this part, those of the plan's eps."""
    return [(loss, eps) for loss, eps in LOSSES if eps is None or eps in plan.eps_grid]


def run(context: Context) -> None:
    """Train what is missing."""
    context.train(jobs(context.plan), "equal strength")


def page(context: Context) -> str:
    """Return the section of the report, which findings.md shows as well."""
    return "## Beyond the paper: the same strength for all\n\n" + body(context)


def body(context: Context) -> str:
    """Return the explanation and the table."""
    plan = context.plan
    rows = []
    for loss, eps in losses(plan):
        best, size = strength_of(loss, eps)
        found = zoo.get(loss)
        largest = max(largest_by_logit(found if eps is None else found.with_eps(eps)))
        rows.append(
            [
                TITLES[loss] + ("" if eps is None else f", eps {eps:g}"),
                f"{best:.3g}" if best > 1e-9 else "none: it jumps there",
                f"{size:.3g}",
                f"{largest / size:.2g}",
                str(figure(context.results.all(plain(plan, loss, eps)), "auc")),
                f"{factor(loss, eps):g}",
                str(figure(context.results.all(equal(plan, loss, eps)), "auc")),
            ]
        )
    columns = [
        "loss",
        "best prediction at p = 1/2",
        "strength",
        "largest / strength",
        "test AUC as it is",
        "factor",
        "test AUC at equal strength",
    ]
    return (
        "Strength: |df/ds| by the logit s at the prediction that is best for as many positives as "
        "negatives, where the gradients of both labels are opposite and equal. It is a number of the "
        "formula alone. Each loss is trained as it is, and times the factor that gives it the strength of "
        f"{TITLES[TARGET[0]]} at eps = {TARGET[1]:g} ({MODEL_TITLES[model(plan)]}; all other settings as in "
        "Table 5). The third column says how far single gradients exceed the usual ones.\n\n"
        + table(columns, rows)
        + _ranges(context)
    )


def _ranges(context: Context) -> str:
    """Return the range of the test AUC, before and after, of the losses that rank and of the others."""
    plan, texts = context.plan, []
    for ranks in (True, False):
        chosen = [(loss, eps) for loss, eps in losses(plan) if (loss in RANKING) is ranks]
        ranges = []
        for find in (plain, equal):
            means = [figure(context.results.all(find(plan, loss, eps)), "auc").mean for loss, eps in chosen]
            ranges.append(f"{min(means):.4f} to {max(means):.4f}")
        kind = "whose best prediction increases with p" if ranks else "for which it does not (hinge, LogMin)"
        texts.append(f"* Losses {kind}: test AUC {ranges[0]} as they are, {ranges[1]} at equal strength.")
    return "\n\n" + "\n".join(texts)
