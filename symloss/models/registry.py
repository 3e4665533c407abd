"""Models by name, and who trains them: the one place that a new model is listed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symloss import plugins
from symloss.errors import OptionError, unknown_name
from symloss.models.import_path import imported
from symloss.models.model import Model
from symloss.models.trainer import StepSettings, Trainer
from symloss.models.user_model import Given, absolute, is_reference, model_of

if TYPE_CHECKING:
    from symloss.tasks.task import Task

MODELS: dict[str, str] = {
    "mf": "symloss.models.mf.model:MF",
    "mlp": "symloss.models.mlp.model:MLP",
}
"""The built-in models: name, and where each is, as "package.module:NAME"."""

NAMES = tuple(MODELS)
"""The built-in models' names."""

GENERIC = "symloss.models.generic_torch:GenericTorch"
"""Trains what no acceleration of the model takes."""


def names() -> tuple[str, ...]:
    """Return the names of the built-in models, and of those that installed packages add; loads none of them.

    A package adds a `Model` under the entry point group "symloss.models" (see `symloss.plugins`).
    """
    return (*NAMES, *(name for name in plugins.names("models") if name not in MODELS))


def has(name: str) -> bool:
    """Return whether a model has that name; installed packages are looked at only for one that is not built in."""
    return name in MODELS or name in plugins.names("models")


def get(name: Given) -> Model:
    """Return the model with that name; a user's own by FILE.py:build or by its function (see `user_model`).

    Raises:
        OptionError: there is none, or the package that adds it does not give one.
        ModelError: a user's own can't be had.
    """
    if not isinstance(name, str) or is_reference(name):
        return model_of(name)
    if name in MODELS:
        found = imported(MODELS[name])
        assert isinstance(found, Model)
        return found
    added = plugins.load("models", name)
    if added is None:
        raise OptionError(_unknown(name))
    if not isinstance(added, Model):
        raise plugins.unfit("models", name, "is no symloss.models.Model")
    if added.name != name:
        raise plugins.unfit(
            "models", name, f"has the name {added.name!r}; it must be that of its entry point"
        )
    return added


def check_name(name: str) -> str:
    """Return the name of a model as a run writes it down: a file by its absolute path. Loads nothing.

    Raises:
        OptionError: no model has that name, and it is no reference to one of a user's own.
    """
    if is_reference(name):
        return absolute(name)
    if not has(name):
        raise OptionError(_unknown(name))
    return name


def _unknown(name: str) -> str:
    ways = "--model takes one of these, or FILE.py:build for one of your own"
    return unknown_name("model", name, names(), ways)


def trainer_for(model: Model, task: Task, settings: StepSettings) -> Trainer:
    """Return the first acceleration of the model that does not refuse, else the trainer of any torch module.

    Nothing is imported for those after it.

    Raises:
        OptionError: nobody trains the model on the task by the settings; the message holds all reasons.
    """
    reasons = []
    for place in (*model.accelerations, GENERIC):
        kind: type[Trainer] = imported(place)
        why = kind.refuses(model, task, settings)
        if why is None:
            return kind(model, task, settings)
        reasons.append(why)
    raise OptionError(f"nothing can train {model.name} on {task.name}: {'; '.join(reasons)}")
