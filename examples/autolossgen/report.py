"""Writes docs/reproduction.md from the results; no figure on that page is typed by hand."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import symloss
from autolossgen import electronics, reasons, scale_fair, strength, table5, table6, table7, transfer
from autolossgen.context import Context
from autolossgen.reference import FOLDER
from autolossgen.training import duration


@dataclass(frozen=True)
class Section:
    """A part of the reproduction: what runs it, and what writes it up."""

    run: Callable[[Context], None]
    page: Callable[[Context], str]


SECTIONS = {
    "table5": Section(table5.run, table5.page),
    "table6": Section(table6.run, table6.page),
    "reasons": Section(reasons.run, reasons.page),
    "transfer": Section(transfer.run, transfer.page),
    "table7": Section(table7.run, table7.page),
    "scale-fair": Section(scale_fair.run, scale_fair.page),
    "strength": Section(strength.run, strength.page),
    "electronics": Section(electronics.run, electronics.page),
}
"""The parts by the names that --only takes, in the order of the page."""

FACT = "finished parts"


def mark_finished(context: Context, name: str) -> None:
    """Note that a part has come to its end, with this plan."""
    finished = _finished(context)
    context.results.set_fact(_fact(context), sorted({*finished, name}))


def _finished(context: Context) -> list[str]:
    return list(context.results.fact(_fact(context)) or [])


def _fact(context: Context) -> str:
    # Another plan has other trainings: what it finished says nothing about this one.
    return f"{FACT}: {context.plan}"


def write(context: Context, path: Path) -> None:
    """Write the page: every part that is finished."""
    finished = _finished(context)
    parts = [_heading(context)]
    for name, section in SECTIONS.items():
        if name in finished:
            parts.append(section.page(context))
            prose = FOLDER / f"prose_{name}.md"
            if prose.is_file() and not context.plan.short:
                parts.append(prose.read_text(encoding="utf-8").strip())
    missing = [name for name in SECTIONS if name not in finished]
    if missing:
        parts.append(f"Parts that were not run: {', '.join(missing)}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")


def _heading(context: Context) -> str:
    plan, dataset = context.plan, context.dataset
    rows = {name: len(part) for name, part in dataset.parts().items()}
    lines = ["# The AutoLossGen paper, reproduced"]
    if plan.short:
        lines.append(
            "**This is the short version**: one seed, MF only, a larger learning rate and few epochs. It "
            "shows that the command works; its figures are not those to compare with the paper. `make "
            "reproduce` writes the full page."
        )
    lines.append(
        "Written by `python examples/autolossgen` (`make reproduce`) from the results of its trainings: "
        "the figures of Li, Ji, Ge and Zhang, AutoLossGen, SIGIR 2022, beside ours. What the symbolic core "
        "says about the same losses is in [findings.md](findings.md)."
    )
    lines.append(
        f"* Data: {dataset.name}, {dataset.n_users:,} users, {dataset.n_items:,} items; "
        + ", ".join(f"{count:,} rows in {name}" for name, count in rows.items())
        + ".\n"
        f"* Settings: SGD, learning rate {plan.learning_rate:g}, L2 factor 3e-4, 128 interactions a step, "
        f"gradients clipped to 50, at most {plan.max_epochs:,} epochs, stopped after {plan.patience} "
        "without a better validation metric; embeddings of length 64 from N(0, 1); the MLP has layers of "
        "64 and 16 with batch norm and dropout 0.2.\n"
        f'* Seeds: {", ".join(map(str, plan.seeds))}; "ours" is the mean over them ± the standard deviation.\n'
        f"* eps: {', '.join(f'{value:g}' for value in plan.eps_grid)}.\n* symloss {symloss.__version__}, "
        f"Python {platform.python_version()}, {context.threads} cores."
    )
    times = [
        f"{what} {duration(seconds)}"
        for what in (
            "tables 5 and 6",
            "reasons",
            "transfer, losses found here",
            "scale-fair, first seed",
            "scale-fair, finalists",
            "equal strength",
        )
        if (seconds := context.results.fact(f"seconds {what}"))
    ]
    if times:
        lines.append(f"Wall time of the trainings: {'; '.join(times)}.")
    return "\n\n".join(lines)
