"""`symloss zoo`: the named losses."""

from __future__ import annotations

import click

from .options import json_option
from .output import print_json, standard_output, table


@click.command("zoo")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@json_option
def command(names: tuple[str, ...], as_json: bool) -> None:
    """List the named losses, or those of the given NAMEs, with formula and source."""
    from symloss import zoo

    chosen = [zoo.entry(name) for name in names] or list(zoo.ENTRIES)
    entries = [
        {
            "name": entry.name,
            "formula": entry.formula,
            "input": entry.input,
            "labels": entry.labels,
            "source": entry.source,
            "note": entry.note,
            "latex": zoo.get(entry.name).latex(),
        }
        for entry in chosen
    ]
    if as_json:
        print_json({"losses": entries})
        return
    columns = ["name", "formula", "input", "labels", "source", "note"]
    rows = [[entry[column] for column in columns] for entry in entries]
    standard_output().print(table("Named losses", columns, rows))
