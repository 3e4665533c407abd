"""Search: strategies that propose losses, the proxy test, the three phases, the run folder.

`symloss.search(task=..., model=...)` searches with one call: this module is callable, and hands on to
`symloss.api.search`. Otherwise import from the modules; training and torch are only loaded by what needs them.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from types import ModuleType
from typing import Any


class _CallableModule(ModuleType):
    """A package that is a function too: the name `symloss.search` is both, whichever is loaded first."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        # by name, as it lies on a floor above this one
        return importlib.import_module("symloss.api").search(*args, **options)

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(importlib.import_module("symloss.api").search)


sys.modules[__name__].__class__ = _CallableModule
