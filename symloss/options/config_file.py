"""`--config FILE.toml`: options in a file, under the names of their flags, in tables by section or without."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symloss.errors import OptionError, unknown_name
from symloss.files import read_regular
from symloss.options.kinds import Kind, WrongTypeError

LARGEST_FILE = 1 << 20
"""Bytes of a file of options at most; a long list of losses to begin from has a few thousand."""


@dataclass(frozen=True)
class Key:
    """What a file may say.

    Attributes:
        name: of the flag, without dashes before it.
        section: title of its group.
        parameter: name under which the command takes it.
        kind: what it takes.
        negated: whether it is the flag of the opposite.
    """

    name: str
    section: str
    parameter: str
    kind: Kind
    negated: bool = False

    def value(self, value: Any) -> Any:
        """Return a value as the command line would hand it over.

        Raises:
            WrongTypeError: it is of another type.
        """
        found = self.kind.from_file(value)
        return not found if self.negated else found


def read_config(path: Path, keys: Sequence[Key]) -> dict[str, Any]:
    """Return what a file says, by parameter, as the command line would hand it over.

    Raises:
        OptionError: the file can't be read, or says what the command does not know or in another type.
    """
    known = {key.name: key for key in keys}
    sections = {key.section.lower() for key in keys}
    found: dict[str, Any] = {}
    said: dict[str, str] = {}
    for table, given, value in _entries(_document(path), sections, known, path):
        name = given.replace("_", "-")
        key = known.get(name)
        if key is None:
            where = [one.name for one in keys if table is None or one.section.lower() == table]
            hint = f"{path} takes the names of the options of the command, as --help shows them"
            raise OptionError(unknown_name("option", given, where, hint))
        if table is not None and key.section.lower() != table:
            raise OptionError(
                f"{given} stands under [{table}] in {path}, but belongs under [{key.section.lower()}]; "
                f"move it there, or above all tables"
            )
        if key.parameter in found:
            raise OptionError(f"{path} gives {given} and {said[key.parameter]}; leave one of the two")
        try:
            found[key.parameter] = key.value(value)
        except WrongTypeError:
            shown = repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:57]}..."
            raise OptionError(f"{given} is {shown} in {path}; it takes {key.kind.in_file}") from None
        said[key.parameter] = given
    return found


def _entries(
    document: Mapping[str, Any], sections: set[str], known: Mapping[str, Key], path: Path
) -> Iterator[tuple[str | None, str, Any]]:
    """Yield table, name and value of each entry; the table is None for those above all tables."""
    for name, value in document.items():
        option = known.get(name.replace("_", "-"))
        if not isinstance(value, dict) or (option is not None and name not in sections):
            yield None, name, value
        elif name in sections:
            for inner, one in value.items():
                yield name, inner, one
        else:
            hint = f"tables of {path} are the groups of options that --help shows"
            raise OptionError(unknown_name("table", name, sorted(sections), hint))


def _document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_regular(path, LARGEST_FILE).decode("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise OptionError(f"{path} is not written as TOML: {error}") from None
    except UnicodeDecodeError:
        raise OptionError(f"{path} can't be read: it is not a text in UTF-8") from None
    except RecursionError:
        raise OptionError(f"{path} can't be read: its values are nested too deeply") from None
    except OSError as error:
        raise OptionError(
            f"--config {path} can't be read: {error.strerror or error}; name a file such as options.toml"
        ) from None
    except ValueError as error:
        raise OptionError(f"{path} can't be read: {error}") from None
