"""symloss: training losses as mathematics. Check, compare, search, plot and export them.

The public names are loaded when they are first used, so that importing the
package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from symloss.moved import install
from symloss.version import __version__ as __version__

if TYPE_CHECKING:
    from symloss import data, export, models, ops, plot, tasks, zoo
    from symloss.api import evaluate, search, train
    from symloss.errors import (
        DataError,
        DomainError,
        FetchError,
        FormulaError,
        OptionError,
        RunError,
        SymlossError,
    )
    from symloss.formula.parse import parse
    from symloss.loss import Loss
    from symloss.search.found_losses import loss_of

__all__ = [
    "DataError",
    "DomainError",
    "FetchError",
    "FormulaError",
    "Loss",
    "OptionError",
    "RunError",
    "SymlossError",
    "data",
    "evaluate",
    "export",
    "loss_of",
    "models",
    "ops",
    "parse",
    "plot",
    "search",
    "tasks",
    "train",
    "zoo",
]

_HOME = {
    "DataError": "symloss.errors",
    "DomainError": "symloss.errors",
    "FetchError": "symloss.errors",
    "FormulaError": "symloss.errors",
    "OptionError": "symloss.errors",
    "RunError": "symloss.errors",
    "SymlossError": "symloss.errors",
    "Loss": "symloss.loss",
    "evaluate": "symloss.api",
    "train": "symloss.api",
    "loss_of": "symloss.search.found_losses",
    "parse": "symloss.formula.parse",
}

install()


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    if name in __all__:
        return importlib.import_module(f"symloss.{name}")
    raise AttributeError(f"module 'symloss' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
