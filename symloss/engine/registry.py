"""Engines by name: the one place that a new engine is listed in."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from symloss.engine.engine import Engine
from symloss.engine.local import LocalEngine
from symloss.errors import OptionError, unknown_name
from symloss.models.model import Model
from symloss.tasks.task import Task
from symloss.training.settings import TrainingSettings

if TYPE_CHECKING:
    from symloss.data.dataset import Dataset

ENGINES: dict[str, str] = {
    "local": "all cores of this machine, or its device; needs nothing else",
    "ray": "the machines of a Ray cluster, or a local Ray; needs pip install 'symloss[ray]'",
}
"""The engines there are, each with a line on what it is."""


def check_engine(name: str) -> None:
    """Check that an engine exists and that what it needs is installed; starts nothing.

    Raises:
        OptionError: there is no such engine, or its package is missing.
    """
    if name not in ENGINES:
        raise OptionError(unknown_name("engine", name, ENGINES, "--engine takes one of these"))
    if name == "ray" and importlib.util.find_spec("ray") is None:
        raise OptionError(
            "engine 'ray' needs the package ray, which is not installed; run pip install 'symloss[ray]', "
            "or leave the engine out to train on this machine"
        )


def make_engine(
    name: str,
    model: Model,
    task: Task | Dataset,
    settings: TrainingSettings,
    *,
    address: str | None = None,
) -> Engine:
    """Return an engine, ready to train; the caller closes it.

    Args:
        name: one of `ENGINES`.
        model: what is trained.
        task: on what; a data set is one.
        settings: how, where a call does not say otherwise; its threads are the cores of a local Ray.
        address: of the Ray cluster, "host:port", or "auto" for the one that this machine belongs to;
            None starts a local Ray. For engine "ray" only.

    Raises:
        OptionError: there is no such engine, its package is missing, an option does not fit it, or nothing trains
            the model on the task.
        EngineError: the cluster can't be reached.
    """
    check_engine(name)
    if name == "ray":
        from symloss.engine.ray_engine import RayEngine

        return RayEngine(model, task, settings, address=address)
    if address is not None:
        raise OptionError(f"engine {name!r} has no address; use engine 'ray', or leave the address out")
    return LocalEngine(model, task, settings)
