"""Where a function can be imported from, as text: what names it in another process, or on another machine.

package.module:NAME     a name of a module that Python finds
/folder/FILE.py:NAME    a name in a file
"""

from __future__ import annotations

import importlib
import importlib.machinery
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from symloss.errors import OptionError, SymlossError
from symloss.models.source_file import module_of, read


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
        ModelError: a file can't be read or run.
    """
    place, _, name = path.rpartition(":")
    try:
        found: Any = (
            module_of(Path(place), read(Path(place)))
            if place.endswith(".py")
            else importlib.import_module(place)
        )
        for part in name.split("."):
            found = vars(found)[part]
    except SymlossError:
        # it says more of the file
        raise
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
