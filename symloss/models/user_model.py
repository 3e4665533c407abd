"""A user's own model: `build(task, seed)` in a file, `FILE.py:build`, or a callable of Python.

The file is code of the user's, run as a module of its own when it is named; nothing else of it is read. A run records
the reference and a digest of the text, and goes on only with the same.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
import threading
import traceback
from functools import cache
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final, TypeAlias

from symloss.errors import ModelError, nearest
from symloss.models.model import Build, Model

FORM: Final = "a model of your own is given as FILE.py:build, the file and the name of a function build(task, seed)"

Given: TypeAlias = "str | Build | Model"
"""What names a user's model."""

_PREFIX = "symloss_user_"


def is_reference(text: str) -> bool:
    """Return whether a text has the form FILE.py:NAME, whatever is there."""
    file, colon, name = text.rpartition(":")
    return bool(colon) and file.endswith(".py") and bool(name)


def model_of(given: Given) -> Model:
    """Return the model that a reference, a callable or a model stands for.

    Args:
        given: "FILE.py:build" with a path relative to the working directory; a callable build(task, seed), which a
            class of modules with such a constructor is too; or a model, which is returned as it is.

    Raises:
        ModelError: there is no such file or name, the file fails when it is run, or the thing can't be called with
            a task and a seed.
    """
    if isinstance(given, Model):
        return given
    if isinstance(given, str):
        return _from_text(given)
    if not callable(given):
        raise ModelError(
            f"a model can't be made of a {type(given).__name__}; give build(task, seed), a symloss Model, or text of "
            "the form FILE.py:build"
        )
    return _from_callable(given)


def digest_of(path: Path) -> str:
    """Return the digest of a file's text, hexadecimal.

    Raises:
        ModelError: it can't be read.
    """
    return hashlib.sha256(_bytes_of(path)).hexdigest()


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ModelError(f"the file {path} of a model can't be read: {reason}; {FORM}") from error


def difference(model: Model, recorded: str) -> str | None:
    """Return why a run can't go on with a model, a sentence; None where it is the one that the run was begun with.

    Args:
        model: as it is now.
        recorded: the digest that the run wrote down; empty for a model of a package.
    """
    if model.digest == recorded:
        return None
    if not recorded:
        return f"the run was begun with a model {model.name} of a package, and now it is read from a file"
    now = "there is no file to compare" if not model.digest else f"{model.digest[:12]} now"
    return (
        f"the file of model {model.name} has changed since the run was begun (digest {recorded[:12]} then, {now}); "
        "put the old text back, or begin a new run"
    )


def _from_text(text: str) -> Model:
    if not is_reference(text):
        raise ModelError(f"model {text!r} is not known; {FORM}")
    file, _, name = text.rpartition(":")
    path = Path(file).expanduser().absolute()
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "is not there"
        raise ModelError(f"model {text}: the file {path} {what}; {FORM}")
    source = _bytes_of(path)
    digest = hashlib.sha256(source).hexdigest()
    module = _loaded(path, source)
    found: Any = module
    for part in name.split("."):
        names = sorted(key for key in vars(found) if not key.startswith("_"))
        if part not in vars(found):
            guess = nearest(part, names)
            own = [key for key in names if _is_own(vars(found)[key], module)]
            hint = f"did you mean {guess!r}?" if guess else f"it defines {', '.join(own[:8]) or 'nothing'}"
            raise ModelError(f"model {text}: {file} has no {name!r}; {hint}")
        found = vars(found)[part]
    if isinstance(found, Model):
        return Model(text, found.build, found.groups, found.accelerations, digest)
    if not callable(found):
        raise ModelError(
            f"model {text}: {name!r} is a {type(found).__name__}; it has to be a function build(task, seed)"
        )
    _check_arguments(found, text)
    return Model(text, found, digest=digest)


def _from_callable(build: Build) -> Model:
    name = _name_of(build)
    _check_arguments(build, name)
    path = _source_of(build)
    if path is None or "<" in name:
        # a lambda, a function inside of another one, or of a notebook: it can't be found again by a name
        return Model(name, build)
    return Model(f"{path}:{name}", build, digest=digest_of(path))


def _name_of(build: object) -> str:
    """Return what a callable is called, with the class it is in."""
    if inspect.isroutine(build) or inspect.isclass(build):
        return build.__qualname__
    return type(build).__qualname__


def _source_of(build: Any) -> Path | None:
    """Return the file that a callable can be read from again; None where there is none."""
    if not (inspect.isfunction(build) or inspect.isclass(build)):
        return None
    try:
        file = inspect.getsourcefile(build)
    except TypeError:
        return None
    if file is None or not file.endswith(".py") or not Path(file).is_file():
        return None
    return Path(file).absolute()


def _check_arguments(build: Any, name: str) -> None:
    try:
        signature = inspect.signature(build)
    except (TypeError, ValueError):
        # some callables of C don't tell
        return
    try:
        signature.bind(object(), 0)
    except TypeError as error:
        raise ModelError(
            f"model {name}: it is called as build(task, seed), but takes {signature} ({error})"
        ) from error


def _is_own(value: Any, module: ModuleType) -> bool:
    return (inspect.isfunction(value) or inspect.isclass(value)) and value.__module__ == module.__name__


@cache
def _one_at_a_time() -> threading.RLock:
    return threading.RLock()


class _TextLoader(SourceFileLoader):
    """Loads a text that was read before, never what an older text was compiled to."""

    def __init__(self, name: str, path: Path, source: bytes) -> None:
        super().__init__(name, str(path))
        self._source = source

    def get_code(self, fullname: str) -> CodeType | None:
        return self.source_to_code(self._source, self.path)


def _loaded(path: Path, source: bytes) -> ModuleType:
    """Return a file as a module, run once for each text of it."""
    name = f"{_PREFIX}{hashlib.sha256(str(path).encode() + source).hexdigest()[:16]}"
    with _one_at_a_time():
        if name in sys.modules:
            return sys.modules[name]
        loader = _TextLoader(name, path, source)
        spec = importlib.util.spec_from_loader(name, loader)
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        # dataclasses and the like look their module up
        sys.modules[name] = module
        beside = str(path.parent)
        sys.path.insert(0, beside)
        try:
            loader.exec_module(module)
        except SyntaxError as error:
            del sys.modules[name]
            where = f"{error.filename}, line {error.lineno}"
            raise ModelError(f"the file of a model is not Python: {error.msg} ({where})") from error
        except Exception as error:
            del sys.modules[name]
            lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
            where = f", line {lines[-1]}" if lines else ""
            first = (str(error).strip().splitlines() or [""])[0]
            raise ModelError(
                f"the file of a model failed when it was run: {type(error).__name__}: {first} ({path}{where})"
            ) from error
        finally:
            if beside in sys.path:
                sys.path.remove(beside)
        return module
