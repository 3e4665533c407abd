"""`symloss export`: a loss as standalone code, LaTeX or data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from symloss.errors import OptionError

from .group import LossCommand
from .options import (
    eps_option,
    input_option,
    json_option,
    loss_labels_option,
    optional_number,
    protect_option,
    resolve_loss,
    scale_option,
)
from .output import print_json, standard_error
from .params import one_value_each, param_option

if TYPE_CHECKING:
    from symloss.loss import Loss

SECONDS = 1.0
"""Time limit of the check that goes with an export."""

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
@click.option(
    "--name", default=None, metavar="NAME", help="Names the loss, its class and its macro in the export."
)
@click.option(
    "--check",
    "must_be_valid",
    is_flag=True,
    help="Write only what the check proves right; exit codes are those of it.",
)
@eps_option
@scale_option
@param_option
@loss_labels_option
@input_option
@protect_option
@json_option
def command(
    loss: str,
    target: str,
    out: Path | None,
    name: str | None,
    must_be_valid: bool,
    eps: str | None,
    scale: str | None,
    params: tuple[str, ...],
    labels: str | None,
    input_kind: str | None,
    protect: bool,
    as_json: bool,
) -> None:
    """Write LOSS as code that needs no symloss, as LaTeX, or as data.

    LOSS is a name, a formula, or RUN or RUN:3, a loss that a search found, with its eps and scale. eps stays an option
    of exported code; --eps sets its default. The scale is in the code.
    """
    resolved = resolve_loss(
        loss,
        labels=labels,
        input_kind=input_kind,
        eps=optional_number(eps, "--eps"),
        protect=protect,
        scale=optional_number(scale, "--scale"),
        params=one_value_each(params, [loss]).settings()[0],
    )
    if name is not None:
        if not name.strip():
            raise OptionError("--name is empty; give a name, such as pinball90")
        resolved = resolved.with_name(name.strip())
    from symloss.export import export, save

    text = export(resolved, target)
    _remark(resolved, must_be_valid)
    if out is not None:
        save(text, out)
    if as_json:
        document = {
            "loss": resolved.title,
            "formula": resolved.formula,
            "params": dict(resolved.params),
            "eps": resolved.eps,
            "scale": resolved.scale,
            "target": target,
        }
        print_json(document | ({"text": text} if out is None else {"file": str(out)}))
    elif out is None:
        click.echo(text, nl=False)
    else:
        standard_error().print(f"wrote {out}", highlight=False, markup=False)


def _remark(loss: Loss, must_be_valid: bool) -> None:
    """Say in a line where the check refutes a loss; with --check, end there unless it is proved."""
    report = loss.check(time_limit=SECONDS)
    if report.verdict == "invalid" or (must_be_valid and report.verdict != "valid"):
        line = f"{report.verdict}: {report.sentence}"
        click.echo(line + (" Nothing was written." if must_be_valid else ""), err=True)
        if must_be_valid:
            raise SystemExit(report.exit_code)
