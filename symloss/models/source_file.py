"""A Python file outside of any package as a module of its own."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import threading
import traceback
from functools import cache
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from symloss.errors import ModelError


def read(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        ModelError: it can't be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ModelError(f"the file {path} of a model can't be read: {reason}") from error


def digest_of(path: Path) -> str:
    """Return the digest of a file's text, hexadecimal.

    Raises:
        ModelError: it can't be read.
    """
    return hashlib.sha256(read(path)).hexdigest()


def module_of(path: Path, source: bytes) -> ModuleType:
    """Return a file as a module, run once for each text of it.

    Args:
        path: of the file, absolute; its folder is searched for what it imports.
        source: what was read from it.

    Raises:
        ModelError: the file is not Python, or fails when it is run; the message names the line.
    """
    name = f"symloss_file_{hashlib.sha256(str(path).encode() + source).hexdigest()[:16]}"
    with _one_at_a_time():
        if name in sys.modules:
            return sys.modules[name]
        loader = _TextLoader(name, path, source)
        spec = importlib.util.spec_from_loader(name, loader)
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        # dataclasses and pickle look for the module of a class there
        sys.modules[name] = module
        beside = str(path.parent)
        sys.path.insert(0, beside)
        try:
            loader.exec_module(module)
        except BaseException as error:
            del sys.modules[name]
            if isinstance(error, Exception):
                raise ModelError(_said(path, error)) from error
            raise
        finally:
            if beside in sys.path:
                sys.path.remove(beside)
        return module


class _TextLoader(SourceFileLoader):
    """Loads a text that was read before, never what an older text was compiled to."""

    def __init__(self, name: str, path: Path, source: bytes) -> None:
        super().__init__(name, str(path))
        self._source = source

    def get_code(self, fullname: str) -> CodeType | None:
        return self.source_to_code(self._source, self.path)


@cache
def _one_at_a_time() -> threading.RLock:
    """Return the lock of the table of modules."""
    return threading.RLock()


def _said(path: Path, error: Exception) -> str:
    """Return what went wrong in a file, and in which line of it."""
    if isinstance(error, SyntaxError):
        return f"{error.filename} is not Python: {error.msg} (line {error.lineno})"
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)
    ]
    where = f" (line {lines[-1]})" if lines else ""
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{path} failed when it was run: {type(error).__name__}: {first}{where}"
