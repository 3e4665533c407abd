"""Named losses, each with its formula, its input and where it comes from.

`zoo.maxr` or `zoo.get("maxr")` is a `Loss`. Those of a prediction and its label (`names`) are written for labels 0
and 1; `ZooEntry.labels` says up to which label domain the formula keeps its meaning. Those of rankings
(`ranking_names`), such as `zoo.sl`, have their usual constants, which `with_params` changes.
"""

from __future__ import annotations

from functools import cache

from symloss.errors import OptionError, unknown_name
from symloss.formula import known, ranking_losses
from symloss.formula.known import ENTRIES, ZooEntry, entry, names
from symloss.formula.ranking_losses import RANKING_ENTRIES, RankingEntry
from symloss.formula.ranking_losses import entry as ranking_entry
from symloss.formula.ranking_losses import names as ranking_names
from symloss.loss import Loss

__all__ = [
    "ENTRIES",
    "RANKING_ENTRIES",
    "RankingEntry",
    "ZooEntry",
    "entry",
    "get",
    "is_name",
    "names",
    "ranking_entry",
    "ranking_names",
]


def is_name(text: str) -> bool:
    """Return whether `text` names a loss of either kind; case, "-" and "_" do not matter."""
    return known.is_name(text) or ranking_losses.is_name(text)


@cache
def get(name: str) -> Loss:
    """Return the loss of a name, with eps left open.

    Raises:
        OptionError: no loss has that name.
    """
    if ranking_losses.is_name(name):
        ranking = ranking_entry(name)
        return Loss(
            ranking.formula,
            input=ranking.input,
            name=ranking.name,
            params=ranking.params,
            negatives=ranking.negatives,
        )
    if not known.is_name(name):
        everything = [*names(), *ranking_names()]
        raise OptionError(unknown_name("loss", name, everything, "symloss zoo lists all"))
    found = entry(name)
    return Loss(found.formula, labels="binary", input=found.input, name=found.name)


def __getattr__(name: str) -> Loss:
    if name.startswith("_"):
        raise AttributeError(name)
    try:
        return get(name)
    except OptionError as error:
        raise AttributeError(str(error)) from None


def __dir__() -> list[str]:
    return [
        *__all__,
        *(name.replace("-", "_") for name in (*names(), *ranking_names())),
    ]
