"""Writes the tables of docs/options.md from the options that the commands have: `python docs/make_options.py`."""

from __future__ import annotations

from pathlib import Path

import click

from symloss.cli import main
from symloss.cli.schema import SchemaOption

PAGE = Path(__file__).parent / "options.md"
COMMANDS = ("search", "evaluate")
BEGIN, END = "<!-- {}: made by make_options.py -->", "<!-- {}: end -->"


def tables(name: str) -> str:
    """Return a table for each group of options of a command."""
    command = main.get_command(click.Context(main), name)
    assert command is not None
    sections: dict[str, list[str]] = {}
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            section = parameter.section if isinstance(parameter, SchemaOption) else "Options"
            sections.setdefault(section, []).append(_row(parameter))
    parts = [
        f"### {title} of `{name}`\n\n| option | takes | default | |\n| --- | --- | --- | --- |\n"
        + "\n".join(rows)
        for title, rows in sections.items()
    ]
    return "\n\n".join(parts)


def _row(parameter: click.Option) -> str:
    flags = ", ".join(f"`{flag}`" for flag in (*parameter.opts, *parameter.secondary_opts))
    takes = "" if parameter.is_flag else f"`{parameter.make_metavar(click.Context(main))}`"
    plain = parameter.default if isinstance(parameter.default, str | int | float) else None
    shown = str(plain) if parameter.show_default and plain is not None else ""
    cells = (cell.replace("|", "\\|") for cell in (flags, takes, shown, parameter.help or ""))
    return f"| {' | '.join(cells)} |"


def made(page: str) -> str:
    """Return the page with its tables as they should be."""
    for name in COMMANDS:
        begin, end = BEGIN.format(name), END.format(name)
        before, rest = page.split(begin)
        page = f"{before}{begin}\n\n{tables(name)}\n\n{end}{rest.split(end)[1]}"
    return page


if __name__ == "__main__":
    PAGE.write_text(made(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
