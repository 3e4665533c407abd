"""Writes docs/findings.md: what the symbolic core says about the paper's losses, and what training confirms."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from autolossgen import scale_fair, strength
from autolossgen.context import Context, figure, table
from autolossgen.gradients import by_logit, largest_by_logit
from autolossgen.reference import MODEL_TITLES, TITLES, published
from autolossgen.strength import strength_of
from symloss import zoo
from symloss.constants import PAPER_EPS_GRID
from symloss.loss import Loss
from symloss.symbolic.direction.report import CheckReport
from symloss.symbolic.same.same_gradient import compare

DRAWN = ("mse", "bce", "focal", "maxr")
"""Losses whose trainings are drawn against strength."""

TIME_LIMIT = 20.0
"""Seconds for each proof."""

EPS = {"maxr": 0.1, "sumr": 0.1, "logmin": 1e-6}
"""The values of eps at which the generated losses are drawn."""

READING = (
    "So the paper's best losses are not better shapes but a better learning rate: the ratio losses could "
    "choose theirs, by eps, and the handcrafted ones could not. Even eps = 1e-6, at which MaxR hardly "
    "trains, reaches the same AUC once the loss is multiplied by a factor of a few thousandths; no new "
    "loss is needed for it. What the shape decides is what the proof of Fisher consistency says: the two "
    "losses that do not rank stay below the others at this strength. Whoever compares losses has to give "
    "each the same choice of factors."
)
"""What the full run showed; left out of the short version."""

SHORT = (
    "**The trained figures here are those of the short version** (one seed, a larger learning rate, few "
    "epochs); the proofs are complete. `make reproduce` writes the full page."
)

PICTURES = ("findings_consistency.png", "findings_gradients.png", "findings_strength.png")


def write(context: Context, path: Path) -> None:
    """Write the page and its pictures."""
    parts = [
        "# What the symbolic core says about the paper's losses",
        "Written by `python examples/autolossgen --only findings`: the proofs are those of `symloss check` "
        "and `symloss compare`, the trained figures those of [reproduction.md](reproduction.md). Labels "
        "are 0 and 1.",
        SHORT if context.plan.short else "",
        _same(context),
        _directions(),
        _eps(),
        _strength(context),
    ]
    _draw(context)
    path.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")


def _at_eps(name: str) -> Loss:
    loss = zoo.get(name)
    return loss.with_eps(EPS[name]) if name in EPS else loss


def _trained_alike(context: Context) -> str:
    """Return the trained figures of MaxR and SumR."""
    plan = context.plan
    means = [
        figure(context.results.all(strength.plain(plan, name, EPS[name])), "auc") for name in ("maxr", "sumr")
    ]
    if not all(mean.values for mean in means):
        return ""
    return f"Trained at that eps ({MODEL_TITLES[strength.model(plan)]}), their test AUC is {means[0]} and {means[1]}."


def _same(context: Context) -> str:
    """Return which losses are the same to gradient descent."""
    found = compare(zoo.get("maxr"), zoo.get("sumr"), TIME_LIMIT)
    gradients = {name: zoo.get(name).gradient(time_limit=TIME_LIMIT).text for name in ("maxr", "sumr")}
    rows = [
        [TITLES[name], f"`{zoo.get(name).formula}`", *(f"`{gradients[name][label]}`" for label in ("0", "1"))]
        for name in gradients
    ]
    factors = found.factors or {}
    return "\n\n".join(
        [
            "## Two of the three generated losses are one",
            "MaxR and SumR were published as two losses. `symloss compare maxr sumr` says: "
            f"{found.relation}; the gradient of MaxR is that of SumR times {factors.get('0')} for y = 0 and "
            f"times {factors.get('1')} for y = 1, for every eps > 0.",
            table(["loss", "formula", "gradient, y = 0", "gradient, y = 1"], rows),
            "What remains is a weight on positives, 1.1 at eps = 0.1. " + _trained_alike(context),
        ]
    )


def _directions() -> str:
    """Return direction, consistency and saturation of all seven."""
    rows = []
    for name in TITLES:
        report = _at_eps(name).check(time_limit=TIME_LIMIT)
        properties = report.properties
        rows.append(
            [
                TITLES[name] + (f", eps {EPS[name]:g}" if name in EPS else ""),
                report.verdict,
                _yes(report, "fisher_consistent"),
                _yes(report, "proper"),
                str(properties["saturation"].value or properties["saturation"].status),
                _yes(report, "convex_in_logit"),
            ]
        )
    maxr = zoo.get("maxr").check(time_limit=TIME_LIMIT)
    logmin = zoo.get("logmin").check(time_limit=TIME_LIMIT)
    scopes = {proof.scope for proof in maxr.direction}
    invalid = ", ".join(value for value, verdict in logmin.verdict_at_eps.items() if verdict == "invalid")
    hinge = zoo.get("hinge").check(time_limit=TIME_LIMIT)
    columns = [
        "loss",
        "direction",
        "ranks (Fisher consistent)",
        "calibrated (proper)",
        "at saturation",
        "convex in the logit",
    ]
    return "\n\n".join(
        [
            "## Which point the right way, and which rank",
            table(columns, rows),
            f"* The direction of MaxR and SumR is proved for {' and '.join(sorted(scopes))}; LogMin's is "
            f"not right for all: of the paper's grid it is invalid at eps = {invalid}. So direction, which "
            "the paper's validation check samples, says nothing about why some eps train and others don't.",
            "* MaxR's best prediction for a share p of positives is "
            f"`{maxr.properties['fisher_consistent'].value}`: increasing in p, so MaxR ranks, but far from "
            "p, so its outputs are no probabilities.",
            f"* Hinge: {hinge.properties['fisher_consistent'].detail}.",
            f"* LogMin: {logmin.properties['fisher_consistent'].detail}.",
            f"![Best prediction against the share of positives](pictures/{PICTURES[0]})",
        ]
    )


def _yes(report: CheckReport, name: str) -> str:
    return {"proved": "yes", "refuted": "no"}.get(report.properties[name].status, "undecided")


def _eps() -> str:
    """Return why eps decides everything for the ratio losses."""
    shown = [strength_of("maxr", value) for value in PAPER_EPS_GRID]
    rows = [
        [
            f"{value:g}",
            f"{best:.3g}",
            f"{size:.3g}",
            f"{largest_by_logit(zoo.get('maxr').with_eps(value))[0]:.3g}",
        ]
        for value, (best, size) in zip(PAPER_EPS_GRID, shown, strict=True)
    ]
    others = ", ".join(f"{TITLES[name]} {strength_of(name, None)[1]:.2g}" for name in ("mse", "bce", "focal"))
    return "\n\n".join(
        [
            "## Why eps decides everything for the ratio losses",
            "For y = 0 the gradient of MaxR and SumR is the constant 1/eps. By the logit s, with yhat = "
            "sigmoid(s), it is yhat (1 - yhat) / eps, at most 1/(4 eps). With as many positives as "
            "negatives the best prediction of MaxR is sqrt(eps (1 + eps)) - eps, and there both labels "
            "pull with the same strength, about 1/sqrt(eps) for a small eps. So eps does not keep a "
            "quotient finite, as a smoothing does: it is the strength of the loss, a learning rate.",
            table(["MaxR at eps", "best prediction at p = 1/2", "strength there", "largest gradient"], rows),
            f"The handcrafted losses have strengths of their own: {others}. The paper trains all with one "
            "learning rate and one L2 factor, so a loss with a grid of eps chooses its learning rate, and "
            "one without does not.",
        ]
    )


def _strength(context: Context) -> str:
    """Return what is left of MaxR's lead at equal strength."""
    if not context.results.all(strength.jobs(context.plan)):
        return ""
    mf = strength.model(context.plan)
    return "\n\n".join(
        [
            "## At the same strength the losses are alike",
            strength.body(context),
            f"The paper gives {published(5)[mf, 'auc', 'maxr']:.4f} for MaxR and "
            f"{published(5)[mf, 'auc', 'bce']:.4f} for BCE.",
            READING if not context.plan.short else "",
            f"![Gradients by the logit](pictures/{PICTURES[1]})",
            f"![Test AUC against strength](pictures/{PICTURES[2]})" if _points(context) else "",
        ]
    )


def _points(context: Context) -> dict[str, list[tuple[float, float]]]:
    """Return for each loss (strength times factor, test AUC) of all its trainings from the first seed."""
    plan = context.plan
    mf = strength.model(plan)
    found: dict[str, dict[float, float]] = {}
    for name in DRAWN:
        jobs = [
            job
            for loss, eps in strength.losses(plan)
            if loss == name
            for job in strength.equal(plan, loss, eps)[:1]
        ]
        jobs += [*scale_fair.first_jobs(plan, mf, name)]
        for one in context.results.all(jobs):
            size = strength_of(name, one.job.eps)[1] * one.job.scale
            found.setdefault(name, {})[size] = one.metrics.get("auc", float("nan"))
    return {name: sorted(points.items()) for name, points in found.items()}


def _draw(context: Context) -> None:
    """Draw the three pictures."""
    from matplotlib.figure import Figure as Drawing

    from symloss.plot import consistency, save, style_context
    from symloss.plot.style import line_styles

    with style_context():
        drawn = Drawing(figsize=(4.6, 3.2), layout="constrained")
        axes = drawn.add_subplot()
        shown = [_at_eps(name) for name in ("bce", "focal", "hinge", "maxr", "logmin")]
        consistency([*shown, zoo.get("maxr").with_eps(1e-4)], axes)
        save(drawn, context.pictures / PICTURES[0], dpi=150)

        drawn = Drawing(figsize=(6.6, 2.9), layout="constrained")
        several = [
            ("MaxR, eps 0.1", zoo.get("maxr").with_eps(0.1), 1.0),
            *(
                (
                    f"{strength.factor(name, None):g} x {TITLES[name]}",
                    zoo.get(name),
                    strength.factor(name, None),
                )
                for name in ("bce", "mse", "focal")
            ),
            ("BCE", zoo.get("bce"), 1.0),
        ]
        scores = np.linspace(-6.0, 6.0, 601)
        for label in (0, 1):
            axes = drawn.add_subplot(1, 2, label + 1)
            axes.axhline(0.0, color="0.6", linewidth=0.6, linestyle="-")
            for (title, loss, scale), look in zip(several, line_styles(len(several)), strict=True):
                axes.plot(scores, scale * by_logit(loss, scores)[label], label=title, **look)
            axes.set_title(f"$y = {label}$")
            axes.set_xlabel(r"logit $s$, $\hat{y} = \sigma(s)$")
            axes.set_ylabel(r"$\partial f / \partial s$")
            if label == 0:
                axes.legend()
        save(drawn, context.pictures / PICTURES[1], dpi=150)
        points = _points(context)
        if points:
            drawn = Drawing(figsize=(4.6, 3.2), layout="constrained")
            axes = drawn.add_subplot()
            for (name, line), look in zip(points.items(), line_styles(len(points)), strict=True):
                # For MaxR values of eps lie between those of the scale: points, not a line.
                style = {"marker": "o", "linestyle": "none"} if name == "maxr" else {"marker": "s", **look}
                axes.semilogx(*zip(*line, strict=True), label=TITLES[name], **{**look, **style}, markersize=3)
            axes.set_xlabel("strength (times the factor)")
            axes.set_ylabel("test AUC")
            axes.legend()
            save(drawn, context.pictures / PICTURES[2], dpi=150)
