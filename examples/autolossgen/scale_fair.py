"""Beyond the paper: Table 5 with each loss at its best factor, which acts as a learning rate against the L2 term."""

from __future__ import annotations

import numpy as np

from autolossgen import table5
from autolossgen.context import Context, eps_text, figure, signed, table
from autolossgen.jobs import Job, Plan
from autolossgen.reference import GENERATED, MODEL_TITLES, TITLES
from autolossgen.results import Trained


def first_jobs(plan: Plan, model: str, loss: str) -> list[Job]:
    """Return a loss at every eps and every scale, from the first seed."""
    return [
        plan.job(model, loss, eps=eps, scale=scale)
        for eps in plan.eps_values(loss)
        for scale in plan.scale_grid
    ]


def finalists(context: Context, model: str, loss: str) -> list[Job]:
    """Return the points of the grid that go on: the best on validation, from all seeds."""
    plan = context.plan
    found = [one for one in context.results.all(first_jobs(plan, model, loss)) if np.isfinite(one.rank)]
    best = sorted(found, key=lambda one: one.rank)[: plan.finalists]
    return [
        plan.job(model, loss, eps=one.job.eps, scale=one.job.scale, seed=seed)
        for one in best
        for seed in plan.seeds
    ]


def chosen(context: Context, model: str, loss: str) -> list[Trained]:
    """Return the trainings, one a seed, of the finalist with the best mean validation metric."""
    plan = context.plan
    jobs = finalists(context, model, loss)
    groups = [
        context.results.all(jobs[start : start + len(plan.seeds)])
        for start in range(0, len(jobs), len(plan.seeds))
    ]
    complete = [group for group in groups if len(group) == len(plan.seeds)]
    return min(complete, key=lambda group: float(np.mean([one.rank for one in group])), default=[])


def run(context: Context) -> None:
    """Train the grid from the first seed, then the finalists from the others."""
    plan = context.plan
    context.train(
        [job for model in plan.models for loss in TITLES for job in first_jobs(plan, model, loss)],
        "scale-fair, first seed",
    )
    context.train(
        [job for model in plan.models for loss in TITLES for job in finalists(context, model, loss)],
        "scale-fair, finalists",
    )


def page(context: Context) -> str:
    """Return the section of the report."""
    plan = context.plan
    scales = ", ".join(f"{scale:g}" for scale in plan.scale_grid)
    parts = ["## Beyond the paper: Table 5 at equal terms"]
    parts.append(
        "A loss times c has the same minimum, but c acts as a learning rate does: it sets how strong the "
        f"loss is against the L2 term. Here every loss may choose its factor ({scales}), as it may choose "
        f"its eps: all points of the grid are trained from seed {plan.seeds[0]}, the {plan.finalists} best "
        "on validation from all seeds, and the one with the best "
        'mean validation AUC counts. "Lead" is the test AUC minus that of the handcrafted loss with the best '
        "mean validation AUC in the same column. Losses with eps choose among seven times as many points."
    )
    for model in plan.models:
        plain = {loss: table5.chosen(context, model, loss) for loss in TITLES}
        fair = {loss: chosen(context, model, loss) for loss in TITLES}
        parts += [f"### {MODEL_TITLES[model]}", _table(plain, fair), _sentence(plain, fair)]
        tests = table5.significance(context, fair)
        if tests:
            parts += ["Paired tests, as in Table 5, at the best factors:", tests]
    return "\n\n".join(part for part in parts if part)


def _table(plain: dict[str, list[Trained]], fair: dict[str, list[Trained]]) -> str:
    rows = []
    leads = [_leads(trained) for trained in (plain, fair)]
    for loss in TITLES:
        rows.append(
            [
                TITLES[loss],
                str(figure(plain[loss], "auc")),
                signed(leads[0].get(loss, float("nan"))),
                f"{fair[loss][0].job.scale:g}" if fair[loss] else "-",
                eps_text(fair[loss][:1]),
                str(figure(fair[loss], "auc")),
                signed(leads[1].get(loss, float("nan"))),
            ]
        )
    return table(["loss", "AUC, factor 1", "lead", "best factor", "eps", "AUC, best factor", "lead"], rows)


def _leads(trained: dict[str, list[Trained]]) -> dict[str, float]:
    best = table5.best_handcrafted(trained)
    if best is None:
        return {}
    base = figure(trained[best], "auc").mean
    return {loss: figure(found, "auc").mean - base for loss, found in trained.items() if found}


def _sentence(plain: dict[str, list[Trained]], fair: dict[str, list[Trained]]) -> str:
    """Return what is left of the lead of the best generated loss."""
    parts = []
    for trained in (plain, fair):
        best = table5.best_handcrafted(trained)
        generated = {
            loss: float(np.mean([one.rank for one in trained[loss]])) for loss in GENERATED if trained[loss]
        }
        if best is None or not generated:
            return ""
        leader = min(generated, key=lambda loss: generated[loss])
        parts.append((TITLES[leader], TITLES[best], _leads(trained)[leader]))
    (one, against, before), (other, rival, after) = parts
    return (
        f"The generated loss with the best validation AUC leads the handcrafted one by {before:+.4f} at "
        f"factor 1 ({one} against {against}), and by {after:+.4f} where all choose their factor ({other} "
        f"against {rival})."
    )
