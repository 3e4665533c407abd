"""A user's own model: `build(task, seed)` in a file, `FILE.py:build`, or a callable of Python.

The file is code of the user's, run as a module of its own when it is named. A run records the reference and a digest
of the text, and goes on only with the same.
"""

from __future__ import annotations

import hashlib
import inspect
from pathlib import Path
from typing import Any, Final, TypeAlias

from symloss.errors import ModelError, nearest
from symloss.models.import_path import import_path, imported
from symloss.models.model import Build, Model
from symloss.models.source_file import digest_of, module_of, read

FORM: Final = (
    "a model of your own is given as FILE.py:build, the file and the name of a function build(task, seed)"
)

Given: TypeAlias = "str | Build | Model"
"""What stands for a user's model."""


def is_reference(text: str) -> bool:
    """Return whether a text has the form FILE.py:NAME or package.module:NAME, whatever is there."""
    place, colon, name = text.rpartition(":")
    return bool(colon) and bool(name) and (_is_file(place) or _is_dotted(place))


def absolute(reference: str) -> str:
    """Return a reference that holds in every working directory; a module stays as it is."""
    place, _, name = reference.rpartition(":")
    return f"{Path(place).expanduser().absolute()}:{name}" if _is_file(place) else reference


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


def difference(model: Model, recorded: str) -> str | None:
    """Return why a run can't go on with a model, a sentence; None where it is the one that the run was begun with.

    Args:
        model: as it is now.
        recorded: the digest that the run wrote down; empty for a model without a file.
    """
    if model.digest == recorded:
        return None
    if not recorded:
        return f"the run was begun with a model {model.name} that is in no file, and now it is read from one"
    now = f"{model.digest[:12]} now" if model.digest else "it is in no file now"
    return (
        f"the file of model {model.name} has changed since the run was begun (digest {recorded[:12]} then, {now}); "
        "put the old text back, or begin a new run"
    )


def _is_file(place: str) -> bool:
    return place.endswith(".py")


def _is_dotted(place: str) -> bool:
    return bool(place) and not _is_file(place) and all(part.isidentifier() for part in place.split("."))


def _from_text(text: str) -> Model:
    if not is_reference(text):
        raise ModelError(f"model {text!r} is not known; {FORM}")
    file, _, name = text.rpartition(":")
    if not _is_file(file):
        known = imported(text)
        return known if isinstance(known, Model) else _from_callable(known)
    path = Path(file).expanduser().absolute()
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "is not there"
        raise ModelError(f"model {text}: the file {path} {what}; {FORM}")
    source = read(path)
    found: Any = module_of(path, source)
    for part in name.split("."):
        inside = vars(found)
        if part not in inside:
            raise ModelError(f"model {text}: {file} has no {name!r}; {_instead(part, inside)}")
        found = inside[part]
    digest = hashlib.sha256(source).hexdigest()
    if isinstance(found, Model):
        return Model(text, found.build, found.groups, found.accelerations, digest)
    if not callable(found):
        raise ModelError(
            f"model {text}: {name!r} is a {type(found).__name__}; it has to be a function build(task, seed)"
        )
    _check_arguments(found, text)
    return Model(text, found, digest=digest)


def _instead(name: str, inside: dict[str, Any]) -> str:
    """Return what a user may have meant by a name that a file does not have."""
    module = inside.get("__name__")
    own = sorted(
        key for key, value in inside.items() if inspect.isroutine(value) and value.__module__ == module
    )
    guess = nearest(name, own)
    if guess is not None:
        return f"did you mean {guess!r}?"
    return f"its functions are {', '.join(own[:8])}" if own else "define a function build(task, seed) there"


def _from_callable(build: Build) -> Model:
    named = inspect.isroutine(build) or inspect.isclass(build)
    name: str = build.__qualname__ if named else type(build).__qualname__
    _check_arguments(build, name)
    place = import_path(build)
    if place is None:
        # a lambda, a function inside of another one or of a notebook: it can't be found again by a name
        return Model(name, build)
    file = inspect.getsourcefile(build)
    assert file is not None
    return Model(place, build, digest=digest_of(Path(file)))


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
