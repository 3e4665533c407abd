"""Amazon Electronics: Table 5 on the user's own copy of the public 5-core ratings file."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from autolossgen import table5
from autolossgen.context import Context, table
from autolossgen.reference import ELECTRONICS, MODEL_TITLES, TITLES
from autolossgen.results import Results
from autolossgen.training import say
from symloss.contest.trial import dataset_fingerprint
from symloss.data.dataset import Dataset
from symloss.data.ratings import load_ratings

EPOCHS, PATIENCE = 300, 20
"""Epochs at most, and the patience: the data is seventeen times as large as ML-100K, and the paper gives neither."""

FACT = "electronics"

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "electronics_size.py"


def run(context: Context) -> None:
    """Measure made-up data of that size, and train Table 5 on the file, where there is one."""
    if context.results.fact(_size_fact(context)) is None:
        context.results.set_fact(_size_fact(context), _measure(context))
    if context.electronics is None:
        say("electronics: skipped; name the ratings file with --electronics FILE")
        return
    dataset = load_ratings(context.electronics)
    fingerprint = dataset_fingerprint(dataset)
    own = _context(context, dataset, fingerprint)
    with closing(own.results):
        context.results.set_fact(FACT, [fingerprint, dataset.summary()])
        own.train(table5.jobs(own.plan), "electronics")


def _size_fact(context: Context) -> str:
    return f"electronics size {_share(context):g}"


def _share(context: Context) -> float:
    return 0.01 if context.plan.short else 1.0


def _measure(context: Context) -> dict[str, Any]:
    """Return what `benchmarks/electronics_size.py` measures, in a process of its own: for its peak memory."""
    say("electronics: time and memory on made-up data of that size, about two minutes")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "size.json"
        options = ["--threads", str(context.threads), "--size", f"{_share(context):g}", "--json", str(path)]
        subprocess.run([sys.executable, str(BENCHMARK), *options], check=True, stdout=subprocess.DEVNULL)
        return dict(json.loads(path.read_text()))


def _size_table(context: Context) -> str:
    facts = context.results.fact(_size_fact(context))
    if facts is None:
        return ""
    rows = [
        [MODEL_TITLES[one["model"]], f"{one['seconds_an_epoch']:.2f}", f"{one['peak_gib']:.2f}"]
        for one in facts["models"]
    ]
    return (
        f"On made-up data of that size ({facts['users']:,} users, {facts['items']:,} items, "
        f"{facts['rows']:,} rows), with {facts['threads']} trainings at a time (the data takes "
        f"{facts['peak_gib_of_data']:.2f} GiB of the memory):\n\n"
        + table(["model", "seconds an epoch", "peak memory, GiB"], rows)
    )


def _context(context: Context, dataset: Dataset, fingerprint: str) -> Context:
    plan = replace(
        context.plan,
        seeds=context.plan.seeds[:1],
        max_epochs=min(EPOCHS, context.plan.max_epochs),
        patience=PATIENCE,
    )
    return replace(context, dataset=dataset, plan=plan, results=Results(context.results.path, fingerprint))


def page(context: Context) -> str:
    """Return the section of the report."""
    parts = ["## Table 5, Amazon Electronics"]
    known = context.results.fact(FACT)
    if known is None:
        parts += [
            "Not run here: the data has to be obtained from its publisher. `python examples/autolossgen "
            "--only electronics --electronics FILE` trains the same table on the public 5-core ratings "
            "file (a line holds user, item, rating and timestamp), prepared as ML-100K is.",
            _size_table(context),
        ]
        return "\n\n".join(part for part in parts if part)
    fingerprint, facts = known
    own = _context(context, context.dataset, fingerprint)
    with closing(own.results):
        parts.append(
            f"{facts['name']}: {facts['users']:,} users, {facts['items']:,} items, {facts['rows']:,} rows; "
            f"one seed, at most {own.plan.max_epochs} epochs, patience {PATIENCE}."
        )
        for model in own.plan.models:
            trained = {loss: table5.chosen(own, model, loss) for loss in TITLES}
            parts += [f"### {MODEL_TITLES[model]}", table5.main_table(model, trained, ELECTRONICS)]
        parts.append(_size_table(context))
    return "\n\n".join(part for part in parts if part)
