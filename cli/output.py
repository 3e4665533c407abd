"""What commands print: tables for people, one JSON document for machines, both on standard output."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def standard_output() -> Console:
    """Return a console for results; wide enough for formulas where the output is no terminal."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=max(console.width, 140))


def standard_error() -> Console:
    """Return a console for progress and remarks."""
    from rich.console import Console

    return Console(stderr=True)


def print_json(document: Any) -> None:
    """Print one JSON document; numbers that JSON does not know become null."""
    click.echo(json_text(document))


def json_text(document: Any) -> str:
    """Return one JSON document as text; numbers that JSON does not know become null."""
    return json.dumps(_plain(document), indent=2, ensure_ascii=False)


def indented(text: str) -> str:
    """Return a JSON text as an entry of a list."""
    return "\n".join(f"  {line}" for line in text.split("\n"))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Sequence[str] = ()
) -> Table:
    """Build a table; `right` names the columns of numbers."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*[cell if isinstance(cell, Text) else Text(_cell(cell)) for cell in row])
    return made


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4f}" if abs(value) < 1e4 else f"{value:.3g}"
    return str(value)
