"""`symloss plot`: pictures of losses, of models trained by them and of searches."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symloss.options.training import Problem, TrainingOptions

from .group import GroupedLossCommand
from .options import (
    data_options,
    eps_option,
    input_option,
    json_option,
    loss_labels_option,
    number,
    optional_number,
    protect_option,
    resolve_losses,
    scale_option,
    seed_option,
)
from .output import print_json, standard_output
from .params import one_value_each, param_option
from .plot_training import QUICK
from .schema import add_options, config_option

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from symloss.loss import Loss

KINDS = (
    "surface",
    "contour",
    "curves",
    "gradients",
    "logit",
    "compare",
    "consistency",
    "reliability",
    "landscape",
    "progress",
    "all",
)

QUICK_HELP = {
    "learning_rate": "Default: 0.3, or 0.01 with Adam.",
    "max_epochs": "Longest training. Default: by rate x L2 x steps, 60 on ml-100k.",
    "patience": "Epochs without a better validation metric. Default: likewise, 10 on ml-100k.",
}
QUICKER = {name: {"default": value, "help": QUICK_HELP[name]} for name, value in QUICK.items()}
"""What is other about training for a picture."""


@click.command("plot", cls=GroupedLossCommand)
@click.argument("losses", nargs=-1, metavar="LOSS...")
@click.option(
    "--kind",
    default="all",
    show_default=True,
    metavar="|".join(KINDS),
    help="What to draw. A panel a loss: surface and contour (f over yhat and y), curves, gradients, logit (gradient on "
    "the logit), all (three of them). All losses together: compare, consistency. A model trained by each loss: "
    "reliability, landscape. A search: progress.",
)
@click.option(
    "-o",
    "--out",
    default=None,
    type=click.Path(path_type=Path),
    help="File to write: .pdf, .svg, .png or .pgf. Default: loss.png.",
)
@click.option(
    "--size",
    metavar="single|double|W,H",
    help="Width of one column (3.33 in) or two (7 in), or width and height in inches. Default: by the kind.",
)
@click.option("--dpi", default=300, show_default=True, type=int, help="Dots an inch of a PNG.")
@click.option(
    "--style",
    metavar="NAME|FILE",
    help="A matplotlib style, such as grayscale, or a file .mplstyle, on top of the default look.",
)
@click.option(
    "--normalise",
    default="mean",
    show_default=True,
    metavar="mean|middle|none",
    help="For compare: scale each loss to mean |gradient| 1, or to |gradient| 1 in the middle, or not at all.",
)
@click.option(
    "--run", "run_folder", type=click.Path(path_type=Path), help="For progress: the folder of a search."
)
@eps_option
@scale_option
@param_option
@loss_labels_option
@input_option
@protect_option
@data_options
@add_options(Problem, TrainingOptions, changed=QUICKER)
@seed_option
@json_option
@config_option
def command(
    losses: tuple[str, ...],
    kind: str,
    out: Path | None,
    size: str | None,
    dpi: int,
    style: str | None,
    normalise: str,
    run_folder: Path | None,
    eps: str | None,
    scale: str | None,
    params: tuple[str, ...],
    labels: str | None,
    input_kind: str | None,
    protect: bool,
    seed: int,
    as_json: bool,
    **parameters: Any,
) -> None:
    """Draw each LOSS, models trained by it, or the progress of a search.

    Data and training options count for reliability and landscape only.
    """
    from symloss.errors import OptionError, unknown_name

    if kind not in KINDS:
        raise OptionError(unknown_name("kind of plot", kind, KINDS, "--kind takes one of these"))
    if (kind == "progress") != (run_folder is not None):
        raise OptionError("--kind progress and --run FOLDER, the folder of a search, go together")
    if kind == "progress" and losses:
        raise OptionError("--kind progress draws the search in --run; leave the losses out")
    if kind != "progress" and not losses:
        raise OptionError("there is no loss to draw; give a name or a formula (symloss zoo lists names)")
    path = out or Path("loss.png")
    eps_value = None if eps is None else number(eps, "--eps")
    resolved = resolve_losses(
        losses,
        labels=labels,
        input_kind=input_kind,
        eps=eps_value,
        protect=protect,
        scale=optional_number(scale, "--scale"),
        params=one_value_each(params, losses),
    )
    labels = str(resolved[0].domain.labels) if resolved else labels or "binary"
    from symloss.plot.save import check_path, save
    from symloss.plot.style import style_context

    # Errors that cost nothing to find come before minutes of training.
    check_path(path)
    with style_context(style):
        pass
    drawn, facts = _draw(resolved, kind, size, style, normalise, run_folder, labels, seed, parameters)
    save(drawn, path, dpi=dpi, style=style)
    if as_json:
        width, height = (float(side) for side in drawn.get_size_inches())
        formulas = [loss.formula for loss in resolved]
        print_json({"file": str(path), "kind": kind, "losses": formulas, "inches": [width, height], **facts})
    else:
        standard_output().print(f"wrote {path}", highlight=False)


def _draw(
    losses: list[Loss],
    kind: str,
    size: str | None,
    style: str | None,
    normalise: str,
    run_folder: Path | None,
    labels: str,
    seed: int,
    parameters: dict[str, Any],
) -> tuple[Figure, dict[str, Any]]:
    """Return the figure and what --json says about it."""
    if kind in ("reliability", "landscape"):
        from .plot_training import draw_trained

        return draw_trained(losses, kind, size, style, labels, seed, parameters)
    if kind == "progress":
        from symloss.plot.training_figure import progress_figure

        assert run_folder is not None
        history, meaning = read_history(run_folder)
        title = f"Search in {run_folder.name}"
        drawn = progress_figure(history, title=title, size=size, style=style, **meaning)
        return drawn, {"loops": len(history)}
    from symloss.plot.figure import figure

    return figure(losses, kind=kind, size=size, style=style, normalise=normalise), {}


def read_history(folder: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the loops of a search as `symloss.plot.progress` takes them, and what its numbers mean."""
    from symloss.search.archive.run import Run

    with Run.open(folder) as run:
        options = run.options()
        metric = options.training.validation_metric
        better = max if metric.higher_is_better else min
        tried: dict[int, list[float]] = {}
        for row in run.archive.trainings():
            if row["metric"] is not None:
                tried.setdefault(row["loop"], []).append(row["metric"])
        history = [
            {
                **row["counts"],
                "loop": row["loop"],
                "seconds": row["seconds"],
                "metric": row["metric"],
                # The archive holds the number of the loss whose copy took the recommender's place.
                "adopted": row["adopted"] is not None,
                "tried": better(tried[row["loop"]]) if row["loop"] in tried else None,
            }
            for row in run.archive.history()
        ]
    return history, {
        "name": f"validation {metric.title}",
        "higher_is_better": metric.higher_is_better,
        # A fresh reward trains each loss from scratch and replaces nothing.
        "adopts": options.reward != "fresh",
    }
