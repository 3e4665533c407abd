"""Numba's decorators as every kernel here uses them: without the GIL, cached on disk, and never stale.

Numba keeps compiled code beside the source and drops it when the file of the
compiled function changes. Functions that it calls are compiled into it, and
constants are frozen into it; where these come from another file that changed,
as after a `git pull`, Numba would go on with the old code. So the stamp that
Numba compares covers here the function's module and all that this imports from
its own package, directly or not.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import CompileResultCacheImpl, FunctionCache
from numba.core.ccallback import CFunc

CONTRACT = frozenset({"contract"})
"""Fused multiply-add is allowed; NaN, infinity and the order of additions keep their meaning."""
SUMS = frozenset({"contract", "reassoc", "nsz"})
"""A sum may also be reordered, which SIMD needs; NaN and infinity keep their meaning."""


def njit(
    function: Callable[..., Any] | None = None,
    *,
    fastmath: frozenset[str] = CONTRACT,
    forceinline: bool = False,
) -> Any:
    """Compile a function on its first call, or take it from the cache.

    Used as `@njit` or `@njit(...)`. Where no folder can be written to, each process compiles anew.

    Args:
        function: what to compile.
        fastmath: the freedom given to the compiler, `CONTRACT` or `SUMS`.
        forceinline: compile it into its callers.
    """

    def wrap(function: Callable[..., Any]) -> Any:
        options: dict[str, Any] = {"forceinline": True} if forceinline else {}
        compiled = numba.njit(nogil=True, error_model="numpy", fastmath=set(fastmath), **options)(function)
        # The one thing that Numba has no option for. Without it, kernels still work, compiled in each process.
        stamped = _stamped_cache(function)
        if stamped is not None:
            compiled._cache = stamped
        return compiled

    return wrap if function is None else wrap(function)


def cfunc(signature: Any, function: Callable[..., Any]) -> Any:
    """Compile a function to a C function now, or take it from the cache."""
    options = {"nopython": True, "error_model": "numpy", "fastmath": set(CONTRACT)}
    compiled: Any = CFunc(function, (signature.args, signature.return_type), locals={}, options=options)
    stamped = _stamped_cache(function)
    if stamped is not None:
        compiled._cache = stamped
    compiled.compile()
    return compiled


def has_code(compiled: Any) -> bool:
    """Return whether a function of `njit` has code that is up to date, in this process or in the cache on disk.

    Also true where it has no cache: then nothing can be prepared for it.
    """
    kept = getattr(compiled, "_cache", None)
    if not isinstance(kept, _StampedCache) or compiled.signatures:
        return True
    try:
        return bool(kept._cache_file._load_index())
    except (AttributeError, OSError):
        return True


def sources_of(module: str, file: Path) -> frozenset[Path]:
    """Return the files that a module's compiled functions can depend on: its own and what it imports.

    Args:
        module: its full name; only imports from its own top package count.
        file: where it is.
    """
    top, *inner = module.split(".")
    is_package = file.name == "__init__.py"
    # A module a.b.c lies two folders below the one that holds the package a.
    root = file.parents[len(inner) + is_package]
    found: set[Path] = set()
    waiting = [(module, file)]
    while waiting:
        name, path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        for imported in _imports(path, name):
            target = _file_of(root, imported) if imported.split(".")[0] == top else None
            if target is not None:
                waiting.append((imported, target))
    return frozenset(found)


@cache
def _source(path: Path) -> bytes:
    return path.read_bytes()


@cache
def _imports(path: Path, module: str) -> tuple[str, ...]:
    """Return what may be a module among the imported names, as full names."""
    names: list[str] = []
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(_source(path))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return tuple(names)


def _file_of(root: Path, module: str) -> Path | None:
    path = root.joinpath(*module.split("."))
    candidates = path.with_suffix(".py"), path / "__init__.py"
    return next((candidate for candidate in candidates if candidate.is_file()), None)


@cache
def _stamp(module: str, file: Path) -> bytes:
    """Return a hash of all that the functions of a module can depend on."""
    digest = hashlib.sha256()
    for path in sorted(sources_of(module, file)):
        digest.update(hashlib.sha256(_source(path)).digest())
    return digest.digest()


class _StampedImplementation(CompileResultCacheImpl):
    """Numba's cache of a function, with the stamp of all sources added to that of the function's file."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        own = self._locator.get_source_stamp
        stamp = _stamp(function.__module__, Path(function.__code__.co_filename).resolve())
        self._locator.get_source_stamp = lambda: (own(), stamp)


class _StampedCache(FunctionCache):
    _impl_class = _StampedImplementation


def _stamped_cache(function: Callable[..., Any]) -> Any:
    """Return the cache for a function; None where its source can't be read or no folder can be written to."""
    try:
        return _StampedCache(function)
    except (OSError, RuntimeError, IndexError):
        # OSError and IndexError: no file, or not where its name says. RuntimeError: Numba found no folder.
        return None
