"""An option as the field of a dataclass: default, help, kind and flag are stated there, and only there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from inspect import get_annotations
from typing import Any

from symloss.options.kinds import Kind

_KEY = "symloss option"


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        help: one or two sentences.
        kind: what it takes.
        flag: on the command line; "" for that of the field's name, None for an option from Python only.
        off: the flag of its opposite, where it is a switch that has one.
        inverted: whether the flag, a switch, says no to the field.
        parameter: its name in click's parameters; "" for that of the flag.
        metavar: what stands for the value in help; None for what click writes.
        shown: whether help shows the default.
        left_open: whether a command that was not given the option leaves it to the field or the preset.
        with_resume: whether it may be given together with --resume.
        section, name, default: of the dataclass and the field, filled in by `options_of`.
    """

    help: str
    kind: Kind
    flag: str | None = ""
    off: str | None = None
    inverted: bool = False
    parameter: str = ""
    metavar: str | None = None
    shown: bool = False
    left_open: bool = False
    with_resume: bool = False
    section: str = ""
    name: str = ""
    default: Any = None

    def words(self, value: Any) -> list[str] | None:
        """Return the words of a command line that give a value; None where no words can."""
        if self.flag is None or value is None:
            return None
        if not isinstance(value, bool):
            return self.kind.words(self.flag, value)
        if value != self.inverted:
            return [self.flag]
        return None if self.off is None else [self.off]


def option(default: Any, help: str, kind: Kind, **further: Any) -> Any:
    """Return a field of a dataclass that is an option.

    Args:
        default: its value where it is not given; a callable makes it.
        help, kind, further: see `Option`.
    """
    metadata = {_KEY: Option(help, kind, **further)}
    if callable(default):
        made: Callable[[], Any] = default
        return field(default_factory=made, metadata=metadata)
    return field(default=default, metadata=metadata)


def options_of(owner: type[Any]) -> tuple[Option, ...]:
    """Return the options of a dataclass in the order of its fields; fields that are none are left out."""
    found = []
    for one in fields(owner):
        stated: Option | None = one.metadata.get(_KEY)
        if stated is None:
            continue
        flag = f"--{one.name.replace('_', '-')}" if stated.flag == "" else stated.flag
        parameter = stated.parameter or (flag or one.name).lstrip("-").replace("-", "_")
        # a dataclass made of several has the fields of all; each knows the section that it was stated in
        stating = next(base for base in owner.__mro__ if one.name in get_annotations(base))
        section = stating.__dict__.get("SECTION", "")
        default = one.default_factory() if one.default_factory is not MISSING else one.default
        found.append(
            replace(stated, flag=flag, parameter=parameter, section=section, name=one.name, default=default)
        )
    return tuple(found)


def check_values(owner: Any) -> None:
    """Refuse a field whose value is not allowed; None is, where it is the default.

    Raises:
        OptionError: there is one; the message names it and what is allowed.
    """
    for one in options_of(type(owner)):
        value = getattr(owner, one.name)
        if value is not None or one.default is not None:
            one.kind.check(one.name, value)


def words_of(
    values: Mapping[str, Any],
    before: Mapping[str, Any],
    options: Collection[Option],
    pinned: Mapping[str, bool] | None = None,
) -> list[str] | None:
    """Return the words of a command line that give values, where they differ from those that it has without.

    Args:
        values, before: by name of the option.
        options: that are looked at, in their order; those from Python only have no words.
        pinned: options for which it is known already whether they are written out.

    Returns:
        None where a value differs that no words give.
    """
    words: list[str] = []
    for one in options:
        if one.flag is None or one.name not in values:
            continue
        value = values[one.name]
        if not (pinned or {}).get(one.name, value != before.get(one.name)):
            continue
        own = one.words(value)
        if own is None:
            return None
        words += own
    return words
