"""`symloss report`: what a search found, as a page."""

from __future__ import annotations

from pathlib import Path

import click

from .options import json_option
from .output import print_json, standard_output


@click.command("report")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    default=None,
    type=click.Path(path_type=Path),
    help="File to write, in the place of one that is there. Default: report.html in the run folder.",
)
@json_option
def command(run: Path, out: Path | None, as_json: bool) -> None:
    """Write what the search in RUN found as one HTML file with pictures, formulas, proofs and settings.

    The file needs no network and no JavaScript. A search that has not ended is
    reported as far as it got.
    """
    from symloss.report import write_report

    path, facts = write_report(run, out)
    if as_json:
        print_json({"file": str(path), **facts.to_json()})
        return
    console = standard_output()
    console.print(facts.title, highlight=False, markup=False)
    if not facts.to_json()["finished"]:
        console.print(str(facts.progress), highlight=False, markup=False)
    console.print(facts.sentence, highlight=False, markup=False)
    console.print(f"wrote {path}", highlight=False, markup=False, soft_wrap=True)
