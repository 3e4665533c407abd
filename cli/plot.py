"""`symloss plot`: surfaces, curves and gradients of losses."""

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
from .output import print_json, standard_output


@click.command("plot", cls=LossCommand)
@click.argument("losses", nargs=-1, required=True, metavar="LOSS...")
@click.option(
    "--kind",
    default="all",
    show_default=True,
    metavar="surface|curves|gradients|all",
    help="What to draw: f over (yhat, y), f for each label, its gradient for each label.",
)
@click.option(
    "-o",
    "--out",
    default=None,
    type=click.Path(path_type=Path),
    help="File to write: .pdf, .svg, .png or .pgf. Default: loss.png.",
)
@eps_option
@labels_option
@input_option
@protect_option
@json_option
def command(
    losses: tuple[str, ...],
    kind: str,
    out: Path | None,
    eps: str | None,
    labels: str,
    input_kind: str | None,
    protect: bool,
    as_json: bool,
) -> None:
    """Draw each LOSS: the surface over (yhat, y), curves and gradients for each label."""
    eps_value = None if eps is None else number(eps, "--eps")
    resolved = [
        resolve_loss(text, labels=labels, input_kind=input_kind, eps=eps_value, protect=protect)
        for text in losses
    ]
    from symloss.plot import figure, save

    path = out or Path("loss.png")
    save(figure(resolved, kind=kind), path)
    if as_json:
        print_json({"file": str(path), "losses": [loss.formula for loss in resolved], "kind": kind})
    else:
        standard_output().print(f"wrote {path}", highlight=False)
