"""Table 7 and the two figures of the ablations: the search without its proxy test, and without its reward filter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from autolossgen.context import Context, table
from autolossgen.reference import ablation
from autolossgen.training import Stopped, say
from symloss.progress import LoopDone, SearchEvent
from symloss.search.options import SearchOptions
from symloss.search.search import search
from symloss.training.settings import TrainingSettings

SETTINGS = {
    "with both": {},
    "without the proxy test": {"proxy_test": False},
    "without the reward filter": {"reward_filter": False},
}
"""The options of the search that each ablation changes."""

PICTURES = ("reproduction_proxy_test.png", "reproduction_reward_filter.png")


def run(context: Context) -> None:
    """Run the three searches, for the same time each."""
    for name, options in SETTINGS.items():
        if context.results.fact(_fact(context, name)) is None:
            context.results.set_fact(_fact(context, name), _search(context, name, options))
    draw(context)


def _fact(context: Context, name: str) -> str:
    return f"ablation {name} {context.plan.search_seconds:g} s"


def _search(context: Context, name: str, changed: dict[str, Any]) -> list[dict[str, float]]:
    """Search for a while; return one record a loop."""
    plan = context.plan
    say(f"ablations: a search of {plan.search_seconds:g} s {name}")
    history: list[dict[str, float]] = []

    def note(event: SearchEvent) -> None:
        if isinstance(event, LoopDone):
            counts = event.counts
            history.append(
                {
                    "loop": event.loop,
                    "seconds": event.seconds,
                    "metric": event.metric,
                    "sampled": counts["sampled"],
                    "trained": counts["trained"],
                    "distinct": counts["distinct"],
                }
            )

    options = SearchOptions(
        model=plan.models[0],
        time_limit=plan.search_seconds,
        # Phases II and III are not what is measured: as short as they can be.
        max_checks=1,
        survivors=1,
        eps_grid=(0.1,),
        seed=plan.seeds[0],
        training=TrainingSettings(max_epochs=1, threads=context.threads),
        **changed,
    )
    search(options, context.dataset, progress=note, stop=context.stop)
    if context.stop.is_set():
        raise Stopped
    return history


def draw(context: Context) -> list[Path]:
    """Draw both pictures; nothing where a search is missing."""
    from matplotlib.figure import Figure

    from symloss.plot import save, style_context
    from symloss.plot.style import line_styles

    found = {name: context.results.fact(_fact(context, name)) for name in SETTINGS}
    if not all(found.values()):
        return []
    paths = []
    for picture, other, quantity, label in (
        (PICTURES[0], "without the proxy test", "sampled", "losses explored"),
        (PICTURES[1], "without the reward filter", "metric", "validation AUC of the recommender"),
    ):
        with style_context():
            drawn = Figure(figsize=(4.5, 2.8), layout="constrained")
            axes = drawn.add_subplot()
            for name, look in zip(("with both", other), line_styles(2), strict=True):
                history = found[name]
                title = name if name != "with both" else f"with {other.removeprefix('without ')}"
                axes.plot(
                    [r["seconds"] for r in history], [r[quantity] for r in history], label=title, **look
                )
            if quantity == "sampled":
                axes.set_ylim(bottom=0)
            axes.set_xlim(left=0)
            axes.set_xlabel("seconds")
            axes.set_ylabel(label)
            axes.legend()
            save(drawn, context.pictures / picture, dpi=150)
        paths.append(context.pictures / picture)
    return paths


def page(context: Context) -> str:
    """Return the section of the report."""
    found = {name: context.results.fact(_fact(context, name)) for name in SETTINGS}
    if not all(found.values()):
        return ""
    seconds = context.plan.search_seconds
    paper = {row["setting"]: int(row["losses"]) for row in ablation()}
    speeds = {}
    rows = []
    for name, setting in (
        ("without the proxy test", "without the proxy test"),
        ("with both", "with the proxy test"),
    ):
        last = found[name][-1]
        speeds[setting] = last["sampled"] / last["seconds"] * 60
        hours = float(ablation()[0]["hours"])
        rows.append(
            [
                setting,
                f"{paper[setting]:,}",
                f"{paper[setting] / hours / 60:,.1f}",
                f"{speeds[setting]:,.0f}",
                f"{last['trained'] / last['seconds'] * 60:,.0f}",
                f"{last['distinct'] / last['seconds'] * 60:,.0f}",
            ]
        )
    columns = [
        "search",
        "paper: losses in 24 h",
        "a minute",
        "here: losses a minute",
        "trained",
        "distinct gradients",
    ]
    ratios = [paper["with the proxy test"] / paper["without the proxy test"]]
    ratios.append(speeds["with the proxy test"] / speeds["without the proxy test"])
    filtered, plain = found["with both"][-1], found["without the reward filter"][-1]
    links = [f"![{name}](pictures/{name})" for name in PICTURES]
    return "\n\n".join(
        [
            "## Table 7 and the ablations",
            f"Each search ran {seconds:g} s on {context.threads} cores, with "
            f"{context.plan.models[0].upper()}. The paper's 24 hours were on one {ablation()[0]['device']}.",
            table(columns, rows),
            f"With the proxy test a search explores {ratios[0]:.1f} times as many losses in the paper, "
            f"{ratios[1]:.1f} times as many here, where a training takes milliseconds and so costs less "
            "against a proxy test.",
            links[0],
            "Without the reward filter the recommender becomes the best copy of every loop, better or not, "
            f"and no reward is cut to -1. Validation AUC: {plain['metric']:.4f} after {plain['loop']} loops "
            f"without the filter, {filtered['metric']:.4f} after {filtered['loop']} with it. In the paper's "
            "figure it stays near 0.5 without.",
            links[1],
        ]
    )
