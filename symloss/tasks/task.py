"""A task: data, what a loss sees of it, and how a model is measured on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from symloss.signature import Domain
from symloss.tasks.metric import Metric
from symloss.tasks.part import Part
from symloss.tasks.references import Reference

PARTS = ("train", "validation", "test")


class Task(Protocol):
    """What is to be learned. A class of your own with these members is a task; it need not inherit anything.

    What a task may offer beyond that are protocols of their own: `HasReferences`, `HasContestBaselines`, `HasWarnings`.
    `symloss.testing.TaskContract` holds a task to all this.
    """

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    @property
    def signature(self) -> Domain:
        """What a loss of this task is a function of, and where its arguments live."""
        ...

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """How a model is measured, no name twice; the first one is watched during training."""
        ...

    @property
    def baselines(self) -> tuple[str, ...]:
        """Names of the handcrafted losses that found ones are compared with."""
        ...

    @property
    def train(self) -> Part:
        """The part that gradients see."""
        ...

    @property
    def validation(self) -> Part:
        """The part that stops training and rewards losses."""
        ...

    @property
    def test(self) -> Part:
        """The part that is only reported."""
        ...

    @property
    def sizes(self) -> Mapping[str, int]:
        """What a model's factory may ask: "users" and "items" for ratings, "features" for rows of numbers."""
        ...

    def summary(self) -> dict[str, Any]:
        """Return the facts of the data, ready for JSON."""
        ...

    def fingerprint(self) -> str:
        """Return a digest of all rows: equal exactly where the data is; `symloss.tasks.fingerprint` makes one."""
        ...


@runtime_checkable
class HasReferences(Protocol):
    """A task that knows predictions without any model."""

    def references(self, metric: Metric) -> tuple[Reference, ...]:
        """Return them with their test metrics and `metric` on validation; the first one is the same for all rows."""
        ...


@runtime_checkable
class HasContestBaselines(Protocol):
    """A task that has other baselines for a contest, which can afford more."""

    @property
    def contest_baselines(self) -> tuple[str, ...]:
        """Names of the handcrafted losses that the winner of a contest is compared with."""
        ...


@runtime_checkable
class HasWarnings(Protocol):
    """A task that knows what a reader of results on its data should be warned of."""

    def warnings(self) -> tuple[str, ...]:
        """Return sentences without their full stops."""
        ...


def parts_of(task: Task) -> dict[str, Part]:
    """Return train, validation and test by name, in this order."""
    return {"train": task.train, "validation": task.validation, "test": task.test}


def references_of(task: Task, metric: Metric) -> tuple[Reference, ...]:
    """Return the trivial baselines of a task; none where it knows none."""
    return task.references(metric) if isinstance(task, HasReferences) else ()


def contest_baselines_of(task: Task) -> tuple[str, ...]:
    """Return the names of the losses that the winner of a contest is compared with."""
    return task.contest_baselines if isinstance(task, HasContestBaselines) else task.baselines


def warnings_of(task: Task) -> tuple[str, ...]:
    """Return what a reader of results should be warned of."""
    return task.warnings() if isinstance(task, HasWarnings) else ()


def in_short(task: Task) -> str:
    """Return a task in one line, for those who print it: its rows are not part of that."""
    rows = ", ".join(f"{len(part):,} {name}" for name, part in parts_of(task).items())
    sizes = ", ".join(f"{count:,} {what}" for what, count in task.sizes.items())
    return f"<{type(task).__name__} {task.name!r}: {rows} rows; {sizes}; watches {task.metrics[0].name}>"
