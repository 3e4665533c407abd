"""`symloss data`: list the data sets, fetch one, look at one."""

from __future__ import annotations

from typing import Any

import click

from .options import data_options, json_option, labels_option, load_dataset, seed_option
from .output import print_json, standard_error, standard_output, table


@click.command("data")
@data_options
@labels_option
@seed_option
@json_option
def command(labels: str, seed: int, as_json: bool, **parameters: Any) -> None:
    """List the data sets; with --dataset or --data-dir, fetch that one and show what is in it."""
    if parameters["dataset"] is None and parameters["data_dir"] is None:
        _list(as_json)
        return
    from symloss.data.balance import imbalance

    dataset = load_dataset(parameters, seed=seed, labels=labels)
    summary = dataset.summary()
    share = imbalance(dataset)
    if as_json:
        warnings = [] if share is None else [{"code": "extreme_share", "text": share}]
        print_json({**summary, "warnings": warnings})
        return
    console = standard_output()
    console.print(
        f"[bold]{dataset.name}[/bold]: {dataset.n_users:,} users, {dataset.n_items:,} items", highlight=False
    )
    console.print(f"from {dataset.source}", highlight=False)
    columns = ["part", "rows", "users", "items", "positive share"]
    rows = [
        [name, part["rows"], part["users"], part["items"], part["positive_share"]]
        for name, part in summary["parts"].items()
    ]
    console.print(table("", columns, rows, right=columns[1:]))
    if share is not None:
        standard_error().print(f"Warning: {share}.", markup=False, highlight=False, soft_wrap=True)
    if dataset.rejected:
        standard_error().print(dataset.rejected.describe(), markup=False, highlight=False)


def _list(as_json: bool) -> None:
    from symloss.data import listing

    entries = [
        {
            "name": entry.name,
            "description": entry.description,
            "cached": entry.cached,
            "path": None if entry.path is None else str(entry.path),
        }
        for entry in listing()
    ]
    if as_json:
        print_json({"datasets": entries})
        return
    console = standard_output()
    columns = ["name", "description", "cached", "path"]
    console.print(table("Data sets", columns, [list(entry.values()) for entry in entries]))
    console.print(
        "symloss data --dataset NAME fetches one; --data-dir reads your own files.", highlight=False
    )
