"""`engine=`: where a function trains, by name or as an engine that is there already."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeGuard

from symloss.engine.engine import Engine
from symloss.engine.registry import ENGINES, check_engine, make_engine
from symloss.errors import OptionError
from symloss.models.model import Model
from symloss.tasks.fingerprint import digest
from symloss.tasks.task import Task
from symloss.training.settings import TrainingSettings

if TYPE_CHECKING:
    from collections.abc import Collection

_NEEDED = ("name", "model", "task", "settings", "fit", "one_epoch", "close")


def is_engine(engine: object) -> TypeGuard[Engine]:
    """Return whether it is an engine, and check that it can be used; False for the name of one, which is checked too.

    Raises:
        OptionError: it is neither, or what it needs is not installed.
    """
    if isinstance(engine, str):
        check_engine(engine)
        return False
    if not all(hasattr(engine, name) for name in _NEEDED):
        raise OptionError(
            f"engine is {type(engine).__name__}; it must be {' or '.join(map(repr, ENGINES))}, or an engine, such as "
            "symloss.engine.LocalEngine(model, task, settings)"
        )
    return True


def check_alone(engine: Engine, task: Task, given: Collection[str]) -> None:
    """Refuse what an engine has decided already: it brings its model and its settings.

    Args:
        engine: that was given.
        task: that was given.
        given: names of further arguments that somebody gave.

    Raises:
        OptionError: it trains on another task, or one of these was given.
    """
    if given:
        raise OptionError(
            f"{', '.join(sorted(given))} can't be given with an engine, which has a model and settings of its own; "
            "make the engine with them, or name it: engine='local'"
        )
    same = engine.task is task or digest(engine.task) == digest(task)
    if not same or engine.settings.validation_metric != task.metrics[0]:
        raise OptionError(
            f"the engine trains on {engine.task.name} by {engine.settings.metric}, which is not the task that was "
            f"given, {task.name} by {task.metrics[0]}; make it of the same task and its metric"
        )


def check_settings(engine: Engine, wanted: TrainingSettings) -> None:
    """Refuse an engine that does not train as a search wants to.

    Raises:
        OptionError: a setting is another.
    """
    names = [one.name for one in fields(wanted)]
    other = [name for name in names if getattr(engine.settings, name) != getattr(wanted, name)]
    if other:
        shown = ", ".join(
            f"{name} {getattr(engine.settings, name)!r} (here {getattr(wanted, name)!r})" for name in other
        )
        raise OptionError(
            f"the engine trains with {shown}; make it with the settings of the search, or leave it away"
        )


@contextmanager
def running(
    engine: str | Engine, model: Model, task: Task, settings: TrainingSettings, address: str | None
) -> Iterator[Engine]:
    """Give an engine that is ready to train; one that was made here is closed at the end.

    Args:
        engine: a name, or an engine, which is given as it is.
        model, task, settings, address: for one by name; see `make_engine`.
    """
    if not isinstance(engine, str):
        if address is not None:
            raise OptionError("ray_address goes with engine='ray'; an engine that is there has its cluster")
        yield engine
        return
    made = make_engine(engine, model, task, settings, address=address)
    try:
        yield made
    finally:
        made.close()


def given_names(settings: dict[str, Any], **others: bool) -> set[str]:
    """Return the names of the settings, and of other arguments that were given."""
    return {*settings, *(name for name, was_given in others.items() if was_given)}
