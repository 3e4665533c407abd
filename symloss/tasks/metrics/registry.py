"""Metrics by name: those built in, and those of packages that name theirs under the entry point group.

A package adds a metric by a line in its pyproject.toml (see `symloss.plugins`): a class of `Metric`, or a function that
returns one.

    [project.entry-points."symloss.metrics"]
    brier = "my_package.metrics:Brier"

A class of `MetricFamily` also makes NAME@NUMBER, such as "ndcg@20".
"""

from __future__ import annotations

from collections.abc import Iterable

from symloss import plugins
from symloss.errors import OptionError, unknown_name
from symloss.tasks.metric import Metric, MetricFamily
from symloss.tasks.metrics.errors import MAE, MSE, RMSE
from symloss.tasks.metrics.thresholds import F1, Accuracy, AccuracyAt, ErrorRate, ErrorRateAt
from symloss.tasks.metrics.under_curve import AUC

CLASSES: tuple[type[Metric], ...] = (AUC, F1, Accuracy, ErrorRate, RMSE, MSE, MAE)
"""The metrics that are built in; to add one, add a class."""

FAMILIES: tuple[type[MetricFamily], ...] = (AccuracyAt, ErrorRateAt)
"""Those that are built in with a number behind an @."""

NAMES = tuple(one.name for one in CLASSES)


def get(metric: str | Metric, known: Iterable[Metric] = ()) -> Metric:
    """Return a metric by its name; a metric itself is returned as it is.

    Args:
        metric: a name, such as "auc".
        known: further metrics, such as those of a task; they come first.

    Raises:
        OptionError: there is none of that name, or what a package gives for it is no metric.
    """
    if isinstance(metric, Metric):
        return metric
    name = str(metric)
    others = {one.name: one for one in known}
    if name in others:
        return others[name]
    for one in CLASSES:
        if one.name == name:
            return one()
    family, at, number = name.partition("@")
    for kind in FAMILIES:
        if at and kind.name == family:
            return kind.at(number)
    added = plugins.load("metrics", name)
    if added is None and at:
        others_family = plugins.load("metrics", family)
        if others_family is not None:
            return _of_family(family, others_family, number)
    if added is None:
        allowed = dict.fromkeys([*others, *NAMES, *plugins.names("metrics")])
        raise OptionError(unknown_name("metric", name, allowed, "--metric and metric= take one of these"))
    return _made(name, added)


def _made(name: str, added: object) -> Metric:
    """Make the metric that a package adds, and see that it is one."""
    wanted = "it must be a class of symloss.tasks.Metric, or a function that returns one"
    if not callable(added):
        raise plugins.unfit("metrics", name, f"is {type(added).__name__}; {wanted}")
    try:
        made = added()
    except Exception as error:
        raise plugins.unfit("metrics", name, f"can't be made ({plugins.in_words(error)})") from error
    if not isinstance(made, Metric):
        raise plugins.unfit("metrics", name, f"gives {type(made).__name__}; {wanted}")
    family = made.name.partition("@")[0] if isinstance(made, MetricFamily) else made.name
    if name not in (made.name, family):
        raise plugins.unfit(
            "metrics", name, f"has the name {made.name!r}; it must be that of its entry point"
        )
    return made


def _of_family(name: str, added: object, number: str) -> Metric:
    """Return NAME@NUMBER of another package's class."""
    if not (isinstance(added, type) and issubclass(added, MetricFamily)):
        raise plugins.unfit(
            "metrics",
            name,
            f"takes no number behind an @; use {name}, or have it be a class of symloss.tasks.metric.MetricFamily",
        )
    return added.at(number)


def title_of(name: str) -> str:
    """Return how a metric of that name is printed; in capitals where nobody knows it."""
    known = next((one.title for one in CLASSES if one.name == name), None)
    if known is None and name.partition("@")[0] in {one.name for one in FAMILIES}:
        try:
            return get(name).title
        except OptionError:
            # a run can hold any text
            return name.upper()
    return name.upper() if known is None else known


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return names of metrics without doubles in the order of tables: those built in first."""
    given = tuple(dict.fromkeys(names))
    return (*(name for name in NAMES if name in given), *(name for name in given if name not in NAMES))
