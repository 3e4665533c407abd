"""The part of `symloss plot` that trains: reliability and loss landscape of a model trained by each loss."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from symloss.errors import SymlossError

from .interrupt import stop_on_interrupt
from .options import load_dataset, training_settings
from .output import standard_error
from .schema import given_names

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from symloss.data.dataset import Dataset
    from symloss.loss import Loss
    from symloss.tasks.task import Task
    from symloss.training.settings import TrainingSettings

QUICK = {"learning_rate": 0.3, "max_epochs": 60, "patience": 10}
"""Training for a picture of MovieLens-100K: thirty times the paper's learning rate, and as many times fewer epochs."""

LEAST = 10
"""Epochs and patience at least, on data of any size."""


def quick_settings(
    settings: TrainingSettings, task: Task | Dataset, given: Collection[str] = ()
) -> TrainingSettings:
    """Return settings for a picture: what was not given follows from the data, as in `symloss.training.clock`.

    Args:
        settings: learning_rate, max_epochs and patience count where they were given, all else always.
        task: trained on.
        given: names of settings that somebody chose.
    """
    from symloss.training.clock import FAST_RATES, Size, rescaled, short_epochs
    from symloss.training.settings import Optimizer

    usual = FAST_RATES[Optimizer(settings.optimizer)]
    if "learning_rate" not in given:
        settings = replace(settings, learning_rate=usual)
    size, ratio = Size.of(task), usual / settings.learning_rate
    chosen: dict[str, Any] = {
        name: max(LEAST, short_epochs(rescaled(int(QUICK[name]), ratio), settings, size))
        for name in ("max_epochs", "patience")
        if name not in given
    }
    return replace(settings, **chosen)


def draw_trained(
    losses: list[Loss],
    kind: str,
    size: str | None,
    style: str | None,
    labels: str,
    seed: int,
    parameters: dict[str, Any],
) -> tuple[Figure, dict[str, Any]]:
    """Train a model by each loss and draw it; return the figure and what --json says about it.

    Raises:
        SymlossError: data or options can't be used, training diverged or was stopped.
    """
    from symloss.engine import LocalEngine
    from symloss.models import registry
    from symloss.plot.formula import label_of
    from symloss.tasks.rating_task import RatingTask
    from symloss.training import Member

    settings = training_settings(parameters, seed=seed)
    model = registry.get(parameters["model"])
    dataset = load_dataset(parameters, seed=seed, labels=labels)
    task = RatingTask.of(dataset, parameters["task"], settings.metric)
    members = [
        Member(
            loss.program(),
            eps=loss.eps_value,
            scale=loss.scale,
            seed=seed,
            takes_score=loss.takes_score,
            label=loss.title,
        )
        for loss in losses
    ]
    settings = quick_settings(settings, task, given_names(click.get_current_context()))
    console = standard_error()
    # The picture shows the validation part; nobody reads the test part for it.
    engine = LocalEngine(model, task, settings)
    with stop_on_interrupt() as stop, console.status(f"training {model.name} on {dataset.name}"):
        results = engine.fit(members, test=False, stop=stop)
    for loss, result in zip(losses, results, strict=True):
        if result.state is None:
            raise SymlossError(
                f"training by {loss} gave no model ({result.outcome}); try a lower --learning-rate or another --eps"
            )
    names = [label_of(loss, 2.0) for loss in losses]
    trained = list(zip(names, losses, results, strict=True))
    if kind == "reliability":
        return _reliability(trained, engine, size, style)
    return _landscape(trained, model, task, size, style, seed)


def _reliability(
    trained: list[Any], engine: Any, size: str | None, style: str | None
) -> tuple[Figure, dict[str, Any]]:
    from symloss.plot.reliability import reliability_bins
    from symloss.plot.training_figure import reliability_figure
    from symloss.tasks.auc_rmse import sigmoid
    from symloss.training.assess import host_scores

    part = engine.task.validation
    found = {
        name: reliability_bins(sigmoid(host_scores(engine.trainer, result.state, part)), part.labels)
        for name, _, result in trained
    }
    title = f"{engine.model.name} on {engine.task.name}, validation part"
    facts = [
        {
            "loss": str(loss),
            "calibration_error": found[name].error,
            "valid_metric": result.valid_metric,
            "best_epoch": result.best_epoch,
        }
        for name, loss, result in trained
    ]
    return reliability_figure(found, title=title, size=size, style=style), {"models": facts}


def _landscape(
    trained: list[Any], model: Any, task: Any, size: str | None, style: str | None, seed: int
) -> tuple[Figure, dict[str, Any]]:
    from symloss.plot.landscape import landscape_grid
    from symloss.plot.training_figure import landscape_figure

    found = {
        name: landscape_grid(model, result.state, task, loss, seed=seed) for name, loss, result in trained
    }
    facts = [
        {
            "loss": str(loss),
            "at_the_model": float(
                found[name].values[len(found[name].second) // 2, len(found[name].first) // 2]
            ),
            "smallest": float(found[name].values.min()),
            "largest": float(found[name].values.max()),
            "valid_metric": result.valid_metric,
        }
        for name, loss, result in trained
    ]
    return landscape_figure(found, size=size, style=style), {"models": facts}
