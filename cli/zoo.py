"""`symloss zoo`: the named losses."""

from __future__ import annotations

from typing import Any

import click

from .options import json_option
from .output import print_json, standard_output, table


@click.command("zoo")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@json_option
def command(names: tuple[str, ...], as_json: bool) -> None:
    """List the named losses, or those of the given NAMEs (RUN and RUN:3 too), with formula and source."""
    from symloss import zoo

    rankings = [_ranking(name) for name in names or zoo.ranking_names() if _is_ranking(name)]
    entries = [_entry(name) for name in names or zoo.names() if not _is_ranking(name)]
    if as_json:
        print_json({"losses": entries, "ranking": rankings})
        return
    columns = ["name", "formula", "input", "labels", "source", "note"]
    rows = [[entry[column] for column in columns] for entry in entries]
    if rows:
        standard_output().print(table("Named losses", columns, rows))
    if rankings:
        columns = ["name", "formula", "input", "params", "source", "note"]
        cells = [
            [
                ", ".join(f"{k}={v:g}" for k, v in one[c].items()) if c == "params" else str(one[c])
                for c in columns
            ]
            for one in rankings
        ]
        standard_output().print(table("Named ranking losses", columns, cells))


def _is_ranking(name: str) -> bool:
    from symloss.formula import ranking_losses

    return ranking_losses.is_name(name)


def _ranking(name: str) -> dict[str, Any]:
    from symloss import zoo

    entry, loss = zoo.ranking_entry(name), zoo.get(name)
    return {
        "name": entry.name,
        "formula": entry.formula,
        "input": entry.input,
        "params": dict(entry.params),
        "grids": {key: list(values) for key, values in entry.grids.items()},
        "negatives": entry.negatives,
        "source": entry.source,
        "note": entry.note,
        "latex": loss.latex(),
    }


def _entry(name: str) -> dict[str, str]:
    from symloss import zoo
    from symloss.search.run_argument import run_and_rank

    run = None if zoo.is_name(name) else run_and_rank(name)
    if run is not None:
        from symloss.search.found_losses import loss_of

        loss = loss_of(*run)
        eps = "" if loss.eps is None else f"eps = {loss.eps:g}, "
        return {
            "name": name,
            "formula": loss.formula,
            "input": str(loss.domain.input),
            "labels": str(loss.domain.labels),
            "source": f"the search in {run[0]}",
            "note": f"{eps}times {loss.scale:g}",
            "latex": loss.latex(),
        }
    entry = zoo.entry(name)
    return {
        "name": entry.name,
        "formula": entry.formula,
        "input": entry.input,
        "labels": entry.labels,
        "source": entry.source,
        "note": entry.note,
        "latex": zoo.get(entry.name).latex(),
    }
