"""From the stated options to those of click: made, grouped in `--help`, read from a file, and their values back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from symloss.options.config_file import Key, read_config
from symloss.options.kinds import File, Kind, Number, Switch, Whole
from symloss.options.option import Option, options_of

Function = TypeVar("Function", bound=Callable[..., Any])
Decorator = Callable[[Function], Function]

GIVEN = (click.core.ParameterSource.COMMANDLINE, click.core.ParameterSource.DEFAULT_MAP)
"""Where a value comes from that somebody gave: the command line, or the file of --config."""

NOT_IN_A_FILE = ("config", "resume", "help")
"""Parameters that belong to one call."""


class SchemaOption(click.Option):
    """An option that knows its section and its kind.

    Attributes:
        section: title of its group in `--help`.
        kind: what it takes.
        with_resume: whether it may be given together with --resume.
    """

    def __init__(
        self, *declared: Any, section: str, kind: Kind, with_resume: bool = False, **further: Any
    ) -> None:
        """Take what click takes, and what the schema knows."""
        super().__init__(*declared, **further)
        self.section, self.kind, self.with_resume = section, kind, with_resume


class SchemaCommand(click.Command):
    """A command whose `--help` shows options by section."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a list of options for each section, and those without one at the end."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                groups.setdefault(_section(parameter), []).append(record)
        last = groups.pop(OTHERS, [])
        for title, records in [*groups.items(), (OTHERS, last)]:
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


OTHERS = "Options"
"""Title of the options that are in no section."""


def _section(parameter: click.Parameter) -> str:
    return parameter.section if isinstance(parameter, SchemaOption) else OTHERS


def add_options(
    *owners: type[Any],
    only: Collection[str] | None = None,
    without: Collection[str] = (),
    changed: Mapping[str, Mapping[str, Any]] | None = None,
) -> Decorator[Any]:
    """Return a decorator that adds the options of dataclasses to a command.

    Args:
        owners: whose fields are options; those from Python only are left out.
        only, without: names of fields to add or to leave out.
        changed: for a field, what is other for this command: its default or its help.
    """

    def decorate(function: Function) -> Function:
        stated = [one for owner in owners for one in options_of(owner)]
        for one in reversed(stated):
            if one.flag is None or one.name in without or (only is not None and one.name not in only):
                continue
            function = click_option(replace(one, **(changed or {}).get(one.name, {})))(function)
        return function

    return decorate


def click_option(one: Option) -> Decorator[Any]:
    """Return the decorator of click for one option."""
    assert one.flag is not None
    kind = one.kind.parsed_as
    further: dict[str, Any] = {"help": one.help}
    if kind is bool:
        declared = one.flag if one.off is None else f"{one.flag}/{one.off}"
        further |= {"is_flag": True} if one.off is None else {"default": one.default}
    elif kind is tuple:
        declared = one.flag
        further |= {"multiple": True, "metavar": one.metavar}
    else:
        declared = one.flag
        text = one.kind.words(one.flag, one.default)[-1] if isinstance(one.default, tuple) else one.default
        further |= {"default": None if one.left_open else text, "show_default": one.shown}
        further |= {"metavar": one.metavar, "type": click.Path(path_type=Path) if kind is Path else kind}
    return click.option(
        one.parameter,
        declared,
        cls=SchemaOption,
        section=one.section,
        kind=one.kind,
        with_resume=one.with_resume,
        **further,
    )


def values_of(owner: type[Any], parameters: Mapping[str, Any], given: Collection[str]) -> dict[str, Any]:
    """Return the values of a dataclass's fields that were given, by name.

    Args:
        owner: whose fields are options.
        parameters: of the command.
        given: names of those that somebody gave.

    Raises:
        OptionError: a text can't be read.
    """
    found = {}
    for one in options_of(owner):
        if one.flag is not None and one.parameter in parameters and one.parameter in given:
            value = one.kind.read(parameters[one.parameter], one.flag)
            found[one.name] = not value if one.inverted else value
    return found


def given_names(context: click.Context) -> set[str]:
    """Return the names of the parameters that somebody gave, on the command line or in a file."""
    return {
        parameter.name
        for parameter in context.command.params
        if parameter.name is not None and context.get_parameter_source(parameter.name) in GIVEN
    }


def given_beside_resume(context: click.Context) -> list[str]:
    """Return the flags that were given and can't be together with --resume; LOSS for an argument."""
    names = given_names(context)
    return [
        parameter.opts[0] if isinstance(parameter, click.Option) else "LOSS"
        for parameter in context.command.params
        if parameter.name in names and not (isinstance(parameter, SchemaOption) and parameter.with_resume)
    ]


def allowed_beside_resume(command: click.Command) -> str:
    """Return the flags that may be given together with --resume, as a list in words."""
    flags = [
        parameter.opts[0]
        for parameter in command.params
        if isinstance(parameter, SchemaOption) and parameter.with_resume and parameter.name != "resume"
    ]
    return f"{', '.join(flags[:-1])} and {flags[-1]}"


def config_option(function: Function) -> Function:
    """Add --config FILE; what the command line says wins over the file."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Read options from a TOML file, under the names of their flags. The command line wins over it.",
        is_eager=True,
        expose_value=False,
        callback=_read,
        cls=SchemaOption,
        section="Run",
        kind=File(),
        with_resume=True,
    )(function)


def _read(context: click.Context, parameter: click.Parameter, path: Path | None) -> None:
    if path is not None:
        context.default_map = {**(context.default_map or {}), **read_config(path, keys_of(context.command))}


def keys_of(command: click.Command) -> list[Key]:
    """Return what a file of options may say to a command."""
    keys = []
    for parameter in command.params:
        if not isinstance(parameter, click.Option) or parameter.name in (None, *NOT_IN_A_FILE):
            continue
        kind = parameter.kind if isinstance(parameter, SchemaOption) else _kind(parameter)
        for flags, negated in ((parameter.opts, False), (parameter.secondary_opts, True)):
            names = [flag.lstrip("-") for flag in flags if flag.startswith("--")]
            keys += [Key(name, _section(parameter), str(parameter.name), kind, negated) for name in names]
    return keys


def _kind(parameter: click.Option) -> Kind:
    """Return the kind of an option that was made without the schema."""
    if parameter.is_flag:
        return Switch()
    if isinstance(parameter.type, click.Path):
        return File()
    by_type: dict[click.ParamType[Any], Kind] = {click.INT: Whole(), click.FLOAT: Number()}
    return by_type.get(parameter.type, Kind())
