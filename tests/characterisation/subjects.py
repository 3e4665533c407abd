"""What symloss does today, as plain data: the subjects of the characterisation tests.

Each function returns what one file under `expected/` holds. Only what a user can rely on is in it: no seconds, no
wording, nothing that a limit of time decided, and nothing that depends on the processor without a tolerance.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np
from click.testing import CliRunner

import symloss.cli
from symloss import zoo
from symloss.data import LoadOptions, SyntheticOptions, load
from symloss.loss import Loss
from symloss.models import registry
from symloss.search.validation import direction_report
from symloss.tasks.rating_task import of
from symloss.training import Member, TrainingSettings, fit
from tests.symbolic.sampling import sampled_losses, zoo_mutations

GENEROUS = 30.0
"""Seconds for one check: what is undecided then is so for a reason."""

SAMPLED = 2000
QUICK = 150


def facts_of(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a check decided, without what time decided (an undecided part may be decided tomorrow)."""
    return {
        "verdict": decided(report["verdict"]),
        "direction": {
            str(one["label"]): {
                "status": decided(one["status"]),
                "strict": one["strict"] if decided(one["status"]) else None,
                "scope": one["scope"] if decided(one["status"]) else None,
            }
            for one in report["direction"]
        },
        "zero_gradient": report["zero_gradient"],
        "duplicate_of": sorted(report["duplicate_of"]),
        "gradient": report["gradient"],
        "properties": {name: decided(one["status"]) for name, one in report["properties"].items()},
    }


def decided(status: str) -> str | None:
    return None if status == "undecided" else status


def zoo_checks() -> dict[str, Any]:
    """Every named loss on every domain."""
    found: dict[str, Any] = {"keys": sorted(json.loads(_cli("check", "bce", "--json")))}
    for name in zoo.names():
        formula = zoo.get(name).formula
        for labels in ("binary", "unit", "real"):
            for kind in ("probability", "score"):
                report = Loss(formula, labels=labels, input=kind).check(time_limit=GENEROUS)
                found[f"{name}, {labels} labels, {kind}"] = facts_of(report.to_json())
    return found


def sample() -> list[Loss]:
    """The same losses at each call: sampled from both sets of operators, and named ones with edits, in turn."""
    quarter = SAMPLED // 4
    drawn = [
        sampled_losses(quarter, 2026, ("paper",)),
        sampled_losses(quarter, 2027, ("extended",), open_eps=True),
        zoo_mutations(quarter, 2028),
        zoo_mutations(quarter, 2029),
    ]
    return [loss for four in zip(*drawn, strict=True) for loss in four]


def sampled_checks() -> list[dict[str, Any]]:
    """Whole checks of the first of the sample, with their formulas."""
    return [
        {
            "formula": loss.formula,
            "eps": loss.eps,
            "input": str(loss.domain.input),
            **facts_of(loss.check(time_limit=GENEROUS).to_json()),
        }
        for loss in sample()[:QUICK]
    ]


def sampled_verdicts() -> dict[str, Any]:
    """What is proved about the direction of each loss of the sample, in a few letters, and a digest of the formulas."""
    losses = sample()
    text = "\n".join(f"{loss.formula} at {loss.eps} of a {loss.domain.input}" for loss in losses)
    codes = []
    for loss in losses:
        report = direction_report(loss)
        proofs = "".join(one["status"][0] + ("!" if one["strict"] else "") for one in report["direction"])
        codes.append(f"{report['verdict'][0]} {proofs}")
    return {"formulas": hashlib.sha256(text.encode()).hexdigest(), "codes": codes}


MODELS = ("mf", "mlp")
OPTIMIZERS = ("sgd", "adam")
DEVICES = ("cpu", "torch-cpu")
LOSSES = {"bce": None, "maxr": 0.1, "hinge": None}


def trained(model: str, optimizer: str, device: str, names: list[str] | None = None) -> dict[str, Any]:
    """Train for three epochs, all losses together unless some are named.

    Returns:
        For each loss its validation metric after each epoch, its test metrics, and the scores of the test pairs.
    """
    options = LoadOptions(synthetic=SyntheticOptions(users=40, items=30, interactions=1000))
    dataset = load("synthetic", None, options)
    settings = TrainingSettings(
        learning_rate=0.05 if optimizer == "sgd" else 0.01,
        batch_size=64,
        max_epochs=3,
        patience=3,
        threads=1,
        device=device,
        optimizer=optimizer,
    )
    names = names or list(LOSSES)
    losses = [zoo.get(name) for name in names]
    members = [
        Member(loss.program(), eps=LOSSES[name] or 1e-6, takes_score=loss.takes_score)
        for name, loss in zip(names, losses, strict=True)
    ]
    chosen = registry.get(model)
    results = fit(chosen, members, dataset, settings)
    trainer = registry.trainer_for(chosen, of(dataset), settings)
    return {
        name: {
            "history": list(map(float, result.history)),
            "metrics": {key: float(value) for key, value in result.metrics.items()},
            "scores": np.asarray(trainer.scores([result.state], trainer.task.test))[0],
        }
        for name, result in zip(names, results, strict=True)
    }


def trainings() -> dict[str, Any]:
    """Every model, optimiser and device; of the scores their mean and deviation, in float64."""
    found: dict[str, Any] = {}
    for model in MODELS:
        for optimizer in OPTIMIZERS:
            for device in DEVICES:
                for name, result in trained(model, optimizer, device).items():
                    scores = result.pop("scores").astype(np.float64)
                    summary = {"mean": float(scores.mean()), "deviation": float(scores.std())}
                    found[f"{model}, {optimizer}, {device}, {name}"] = {**result, "scores": summary}
    return found


# Everything that a default could change is given. A random strategy and fresh rewards, so that what is sampled, dropped
# and trained does not depend on rounding; rewards do, and are compared to a tolerance. Losses that point the wrong way
# are trained too: there are few others among 3,000.
SEARCH = (
    "search --dataset synthetic --users 40 --items 30 --interactions 900 --model mf --task classification --loops 50 "
    "--batch 60 --variables 9 --operators paper --strategy random --reward fresh --reward-epochs 2 "
    "--reward-learning-rate 0.3 --search-eps 0.1 --search-scale 1 --unit-scale --train-all --duplicates exact "
    "--survivors 3 --effectiveness contest --finalists 1 --final-seeds 2 --screen-epochs 1 --screen 5 "
    "--coefficients 0 --max-epochs 3 --patience 3 --learning-rate 0.1 --optimizer sgd --l2 0.0001 --batch-size 64 "
    "--eps 0.1,0.01 --scale 1 --threads 1 --device cpu --engine local --labels binary --seed 7"
)


def search_rows(folder: Path, *more: str) -> dict[str, Any]:
    """What a search of 50 loops wrote: counts, every distinct candidate, and the rewards of those that were trained.

    Options in `more` win over those of `SEARCH`.
    """
    document = json.loads(_cli(*SEARCH.split(), *more, "--json", "--out", str(folder)))
    with sqlite3.connect(f"file:{folder / 'archive.sqlite'}?mode=ro", uri=True) as archive:
        candidates = archive.execute(
            "SELECT loop, formula, round(right_way, 6), wrong, outcome, sampled, best_reward "
            "FROM candidates ORDER BY number"
        ).fetchall()
        loops = archive.execute("SELECT trained FROM loops ORDER BY loop").fetchall()
        checks = archive.execute("SELECT passed, report FROM checks ORDER BY number").fetchall()
    return {
        "counts": document["counts"],
        "candidates": [list(row[:-1]) for row in candidates],
        "rewards": {row[1]: row[-1] for row in candidates if row[-1] is not None},
        "trained by loop": [row[0] for row in loops],
        "checks": sorted([json.loads(report)["formula"], bool(passed)] for passed, report in checks),
        "baselines": sorted({one["loss"] for one in document["baselines"]}),
    }


def options() -> dict[str, Any]:
    """Every command with its options, their ways of being written and their defaults."""
    group = symloss.cli.main
    context = click.Context(group)
    found = {}
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found[name] = {str(one.name): _option(one) for one in command.params}
    return found


def _option(parameter: click.Parameter) -> dict[str, Any]:
    default = parameter.default
    plain = default if isinstance(default, str | int | float | bool) else None
    return {
        "written": sorted([*parameter.opts, *parameter.secondary_opts]),
        "default": plain,
        "choices": list(parameter.type.choices) if isinstance(parameter.type, click.Choice) else None,
        "repeated": parameter.multiple if isinstance(parameter, click.Option) else parameter.nargs == -1,
    }


def _cli(*arguments: str) -> str:
    result = CliRunner().invoke(symloss.cli.main, list(arguments), catch_exceptions=False)
    nothing_through = arguments[0] == "search" and json.loads(result.stdout)["best"] is None
    assert result.exit_code == (3 if nothing_through else 0), result.output
    return result.stdout


SUBJECTS: dict[str, Callable[..., Any]] = {
    "options": options,
    "zoo_checks": zoo_checks,
    "sampled_checks": sampled_checks,
    "sampled_verdicts": sampled_verdicts,
    "trainings": trainings,
    "search_rows": search_rows,
}
"""By the name of the file that holds what was recorded."""
