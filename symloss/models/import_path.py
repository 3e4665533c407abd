"""Where a function can be imported from, as text: what names it in another process, or on another machine.

package.module:NAME     a name of a module that Python finds
/folder/FILE.py:NAME    a name in a file
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.machinery
import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from symloss.errors import OptionError


def import_path(function: Callable[..., Any]) -> str | None:
    """Return where a function or a class can be imported from.

    Returns:
        None where it can't: it was made inside of a function, or at a prompt, or by the program that runs (which a
        second import would run again).
    """
    if not (inspect.isfunction(function) or inspect.isclass(function)):
        return None
    name, module = function.__qualname__, function.__module__
    if "<" in name or module == "__main__":
        return None
    try:
        file = inspect.getsourcefile(function)
    except (TypeError, OSError):
        return None
    if file is None or not Path(file).is_file():
        return None
    return f"{module}:{name}" if _is_found(module, Path(file)) else f"{Path(file).resolve()}:{name}"


def imported(path: str) -> Any:
    """Return what `import_path` gave the place of.

    Raises:
        OptionError: there is no such file or module, or no such name in it, or importing it fails.
    """
    place, _, name = path.rpartition(":")
    try:
        found: Any = _module_of_file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
        for part in name.split("."):
            found = vars(found)[part]
    except KeyError:
        raise OptionError(f"{place} has no {name}; define it there") from None
    except Exception as error:
        reason = str(error).strip().split("\n")[0]
        raise OptionError(
            f"{place} can't be imported ({type(error).__name__}: {reason}); see that it is there"
        ) from error
    return found


def _is_found(module: str, file: Path) -> bool:
    """Return whether Python finds this file under the module's name."""
    where = None
    for part in module.split("."):
        # Asks the folders, not what was imported under this name in whatever way.
        spec = importlib.machinery.PathFinder.find_spec(part, where)
        if spec is None:
            return False
        where = list(spec.submodule_search_locations or [])
    return spec is not None and spec.origin is not None and Path(spec.origin).resolve() == file.resolve()


def _module_of_file(file: Path) -> ModuleType:
    """Import a file, once for each text of it."""
    text = file.read_bytes()
    name = f"symloss_file_{hashlib.sha256(str(file).encode() + text).hexdigest()[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError("it is no Python file")
    module = importlib.util.module_from_spec(spec)
    # dataclasses and pickle look for the module of a class there
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
