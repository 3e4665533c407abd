"""Transfer: what was found on one model, used on the other."""

from __future__ import annotations

from typing import Any

from autolossgen import table5
from autolossgen.context import Context, best_of, figure, table
from autolossgen.jobs import Job, Plan
from autolossgen.reference import GENERATED, MODEL_TITLES, TITLES
from autolossgen.results import Trained
from autolossgen.training import Stopped, say
from symloss.search.options import SearchOptions
from symloss.search.search import search
from symloss.training.settings import TrainingSettings


def run(context: Context) -> None:
    """Search a loss on each model, then train it with both."""
    table5.run(context)
    for model in context.plan.models:
        if context.results.fact(_fact(context.plan, model)) is None:
            context.results.set_fact(_fact(context.plan, model), _search(context, model))
    context.train(
        [job for source in context.plan.models for job in _jobs(context, source)],
        "transfer, losses found here",
    )


def _fact(plan: Plan, model: str) -> str:
    return f"found on {model} in {plan.found_seconds:g} s"


def _search(context: Context, model: str) -> dict[str, Any]:
    """Search for a few minutes; return the loss with the best validation AUC, its eps and what it took."""
    plan = context.plan
    say(f"transfer: searching a loss on {model}, {plan.found_seconds:g} s and as long again for the test")
    options = SearchOptions(
        model=model,
        time_limit=plan.found_seconds,
        evaluation_time=plan.found_seconds,
        check_first=True,
        survivors=6,
        screen=40 if not plan.short else 4,
        screen_epochs=25 if not plan.short else 2,
        eps_grid=(0.1, 1e-2, 1e-4) if not plan.short else (0.1,),
        seed=plan.seeds[0],
        # A larger rate needs fewer epochs; the losses found are then trained by the paper's settings.
        training=TrainingSettings(
            learning_rate=0.3, max_epochs=80 if not plan.short else 5, threads=context.threads
        ),
    )
    result = search(options, context.dataset, stop=context.stop)
    if context.stop.is_set():
        raise Stopped
    counts = dict(result.counts)
    if result.best is None:
        return {"formula": None, "counts": counts}
    return {"formula": result.best.formula, "eps": result.best.eps, "counts": counts}


def _jobs(context: Context, source: str) -> list[Job]:
    """Return the trainings of the loss that was found on `source`, with every model."""
    plan, found = context.plan, context.results.fact(_fact(context.plan, source))
    if not found or found["formula"] is None:
        return []
    return [
        plan.job(model, found["formula"], eps=found["eps"], seed=seed)
        for model in plan.models
        for seed in plan.seeds
    ]


def page(context: Context) -> str:
    """Return the section of the report."""
    plan = context.plan
    parts = ["## Transfer between models"]
    if len(plan.models) > 1:
        parts += [
            "The paper's generated losses at the eps that validation chose on the one model (seed by "
            "seed), trained with the other one (test AUC):",
            _eps_table(context),
        ]
    rows = []
    for source in plan.models:
        found = context.results.fact(_fact(plan, source))
        if not found or found["formula"] is None:
            continue
        cells = [
            MODEL_TITLES[source],
            f"`{found['formula']}`",
            "-" if found["eps"] is None else f"{found['eps']:g}",
        ]
        for model in plan.models:
            mine = [job for job in _jobs(context, source) if job.model == model]
            cells.append(str(figure(context.results.all(mine), "auc")))
        rows.append(cells)
    if rows:
        best = [_best_line(context, model) for model in plan.models]
        parts += [
            f"Losses found here, by a search of {plan.found_seconds:g} s on the one model, trained by the "
            "paper's settings with each (test AUC):",
            table(
                ["found on", "loss", "eps", *(f"with {MODEL_TITLES[model]}" for model in plan.models)], rows
            ),
            f"For comparison, the best handcrafted loss: {'; '.join(best)}.",
        ]
    else:
        parts.append(
            f"The searches of {plan.found_seconds:g} s found no loss that passed its check and trained."
        )
    return "\n\n".join(parts)


def _eps_table(context: Context) -> str:
    rows = []
    for loss in GENERATED:
        for model in context.plan.models:
            for source in context.plan.models:
                if source != model:
                    own = table5.chosen(context, model, loss)
                    carried = _carried(context, source, model, loss)
                    rows.append(
                        [
                            TITLES[loss],
                            f"{MODEL_TITLES[source]} to {MODEL_TITLES[model]}",
                            str(figure(carried, "auc")),
                            str(figure(own, "auc")),
                        ]
                    )
    rows += [
        ["best handcrafted", MODEL_TITLES[model], "", _best_line(context, model)]
        for model in context.plan.models
    ]
    return table(["loss", "transfer", "eps of the other model", "eps of its own"], rows)


def _carried(context: Context, source: str, model: str, loss: str) -> list[Trained]:
    """Return the trainings with `model` at the eps that is best on validation with `source`, seed by seed."""
    plan, found = context.plan, []
    for seed in plan.seeds:
        best = best_of(
            context.results.all([job for job in table5.grid(plan, source, loss) if job.seed == seed])
        )
        if best is not None:
            found += context.results.all([plan.job(model, loss, eps=best.job.eps, seed=seed)])
    return found


def _best_line(context: Context, model: str) -> str:
    trained = {loss: table5.chosen(context, model, loss) for loss in TITLES}
    best = table5.best_handcrafted(trained)
    return "-" if best is None else f"{MODEL_TITLES[model]} {TITLES[best]} {figure(trained[best], 'auc')}"
