"""`symloss export`: a loss as standalone code, LaTeX or data."""

from __future__ import annotations

from pathlib import Path

import click

from .group import LossCommand
from .options import (
    eps_option,
    input_option,
    json_option,
    labels_option,
    number,
    protect_option,
    resolve_loss,
)
from .output import print_json, standard_error

_TARGETS = "torch|jax|numpy|keras|xgboost|lightgbm|latex|json"


@click.command("export", cls=LossCommand)
@click.argument("loss", metavar="LOSS")
@click.option("--to", "target", required=True, metavar="TARGET", help=f"One of {_TARGETS}.")
@click.option(
    "-o",
    "--out",
    default=None,
    type=click.Path(path_type=Path),
    help="File to write, in the place of one that is there. Default: standard output.",
)
@eps_option
@labels_option
@input_option
@protect_option
@json_option
def command(
    loss: str,
    target: str,
    out: Path | None,
    eps: str | None,
    labels: str,
    input_kind: str | None,
    protect: bool,
    as_json: bool,
) -> None:
    """Write LOSS as code that needs no symloss, as LaTeX, or as data.

    eps stays an option of exported code; --eps sets its default.
    """
    eps_value = None if eps is None else number(eps, "--eps")
    resolved = resolve_loss(loss, labels=labels, input_kind=input_kind, eps=eps_value, protect=protect)
    from symloss.export import export, save

    text = export(resolved, target)
    if out is not None:
        save(text, out)
    if as_json:
        document = {
            "loss": resolved.title,
            "formula": resolved.formula,
            "eps": resolved.eps,
            "target": target,
        }
        print_json(document | ({"text": text} if out is None else {"file": str(out)}))
    elif out is None:
        click.echo(text, nl=False)
    else:
        standard_error().print(f"wrote {out}", highlight=False, markup=False)
