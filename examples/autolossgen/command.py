"""The command line: what `make reproduce` runs."""

from __future__ import annotations

import argparse
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path

from autolossgen import findings, table5, table6
from autolossgen.context import Context
from autolossgen.jobs import Plan
from autolossgen.reference import MODEL_TITLES
from autolossgen.report import SECTIONS, mark_finished, write
from autolossgen.results import Results
from autolossgen.training import Stopped, say
from symloss.contest.trial import dataset_fingerprint
from symloss.data import LoadOptions, load
from symloss.errors import OptionError, SymlossError

FINDINGS = "findings"
"""The part that writes a page of its own, from proofs and from the trainings that there are."""

ROOT = Path(__file__).resolve().parents[2]


def parser() -> argparse.ArgumentParser:
    """Return the options."""
    found = argparse.ArgumentParser(
        prog="python examples/autolossgen",
        description="Train what the AutoLossGen paper reports on ML-100K, and write docs/reproduction.md. "
        "Finished trainings are kept: a run that was cut off goes on where it was.",
    )
    found.add_argument(
        "--data-dir", help="the paper's split (a folder with NAME.train.csv and so on), or another copy"
    )
    found.add_argument(
        "--dataset", help="a data set by name; ml-100k in the paper's order of ties where nothing is given"
    )
    found.add_argument(
        "--only", metavar="PARTS", help=f"some of {','.join(SECTIONS)},findings; all where not given"
    )
    found.add_argument("--models", default="mf,mlp", help="mf, mlp or both")
    found.add_argument("--seeds", type=int, default=5, help="seeds of each figure, from 42 on (default 5)")
    found.add_argument(
        "--max-epochs", type=int, default=None, help="epochs of a training at most (default 3000; short: 60)"
    )
    found.add_argument(
        "--short", action="store_true", help="a quick look: one seed, MF, a larger rate and few epochs"
    )
    found.add_argument(
        "--threads", type=int, default=None, help="trainings at a time; all cores where not given"
    )
    found.add_argument(
        "--out", type=Path, default=ROOT / "docs", metavar="FOLDER", help="where reproduction.md goes"
    )
    found.add_argument(
        "--results",
        type=Path,
        default=ROOT / "runs" / "reproduction.sqlite3",
        metavar="FILE",
        help="where finished trainings are kept",
    )
    found.add_argument(
        "--electronics", type=Path, metavar="FILE", help="ratings of Amazon Electronics, 5-core"
    )
    found.add_argument("--report-only", action="store_true", help="train nothing, write the page again")
    return found


def plan_of(options: argparse.Namespace) -> Plan:
    """Return the plan that the options ask for."""
    if options.seeds < 1:
        raise OptionError(f"--seeds is {options.seeds}; it must be at least 1")
    if options.max_epochs is not None and options.max_epochs < 1:
        raise OptionError(f"--max-epochs is {options.max_epochs}; it must be at least 1")
    if options.short:
        return Plan.quick(options.max_epochs or 60)
    models = tuple(dict.fromkeys(options.models.split(",")))
    unknown = [name for name in models if name not in MODEL_TITLES]
    if unknown:
        raise OptionError(f"--models holds {unknown[0]!r}; it takes mf, mlp, or mf,mlp")
    plan = Plan(models=models, seeds=tuple(range(42, 42 + options.seeds)))
    return plan if options.max_epochs is None else replace(plan, max_epochs=options.max_epochs)


def parts_of(only: str | None) -> list[str]:
    """Return the parts to run, in the order of the page."""
    allowed = [*SECTIONS, FINDINGS]
    wanted = allowed if only is None else [name.strip() for name in only.split(",")]
    unknown = [name for name in wanted if name not in allowed]
    if unknown:
        raise OptionError(f"--only holds {unknown[0]!r}; the parts are {', '.join(allowed)}")
    return [name for name in allowed if name in wanted]


def run(options: argparse.Namespace, stop: threading.Event) -> None:
    """Train and write the page."""
    parts, plan = parts_of(options.only), plan_of(options)
    threads = options.threads or (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    ties = "published" if options.data_dir is None and options.dataset in (None, "ml-100k") else None
    dataset = load(options.dataset, options.data_dir, LoadOptions(ties=ties))
    (options.out / "pictures").mkdir(parents=True, exist_ok=True)
    results = Results(options.results, dataset_fingerprint(dataset))
    context = Context(
        dataset, plan, results, max(1, threads), stop, options.out / "pictures", options.electronics
    )
    page = options.out / "reproduction.md"
    try:
        if not options.report_only:
            if {"table5", "table6"} <= set(parts):
                # One population for both, so that no core is idle between them.
                context.train([*table5.jobs(plan), *table6.jobs(plan)], "tables 5 and 6")
            for name in [part for part in parts if part in SECTIONS]:
                SECTIONS[name].run(context)
                mark_finished(context, name)
                write(context, page)
        written = []
        if parts != [FINDINGS]:
            write(context, page)
            written.append(page)
        if FINDINGS in parts:
            say("findings: proofs and pictures, about a minute")
            written.append(options.out / "findings.md")
            findings.write(context, written[-1])
        say(f"written: {', '.join(map(str, written))}")
    finally:
        results.close()


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    stop = threading.Event()
    options = parser().parse_args(arguments)
    before = signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        run(options, stop)
    except Stopped:
        say("stopped; the same command goes on from here")
        return 130
    except SymlossError as error:
        say(f"error: {error}")
        return 2
    finally:
        signal.signal(signal.SIGINT, before)
    return 0
