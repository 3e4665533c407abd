"""Options that mean the same in every command, and how their text is read."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from symloss.errors import OptionError, nearest, unknown_name

if TYPE_CHECKING:
    from symloss.data import Dataset
    from symloss.formula.param_grid import ParamGrid
    from symloss.loss import Loss
    from symloss.training.settings import TrainingSettings

Function = TypeVar("Function", bound=Callable[..., Any])

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document instead of tables."
)
labels_option = click.option(
    "--labels",
    default="binary",
    show_default=True,
    metavar="binary|unit|real|positive",
    help="What the label y can be.",
)
loss_labels_option = click.option(
    "--labels",
    default=None,
    metavar="binary|unit|real",
    help="What the label y can be. Default: that of the data for a run, else binary.",
)
input_option = click.option(
    "--input",
    "input_kind",
    default=None,
    metavar="probability|score|positive|log",
    help="What yhat is. Named losses know; formulas take a probability, with real labels a score, with positive "
    "ones a positive mean. log: yhat is the logarithm of the mean.",
)
protect_option = click.option(
    "--protect", is_flag=True, help="Read divisions, logarithms and roots as the protected operators."
)
seed_option = click.option(
    "--seed", default=42, show_default=True, type=int, help="Drives everything random."
)
eps_option = click.option(
    "--eps", default=None, metavar="NUMBER", help="Value of eps. Default: that of a run, else left open."
)
scale_option = click.option(
    "--scale", default=None, metavar="NUMBER", help="Factor on the loss. Default: that of a run, else 1."
)


time_limit_option = click.option(
    "--time-limit", default="2", show_default=True, metavar="SECONDS", help="Longest time for one proof."
)


def positive_seconds(text: str) -> float:
    """Read the value of --time-limit.

    Raises:
        OptionError: it is no number above 0.
    """
    seconds = number(text, "--time-limit")
    if seconds <= 0:
        raise OptionError(f"--time-limit is {text}; it must be above 0 seconds")
    return seconds


def data_options(function: Function) -> Function:
    """Add --dataset, --data-dir and what it takes to read a file; `load_dataset` reads them."""
    options = [
        click.option(
            "--dataset", metavar="NAME", help="A known data set; symloss data lists them. Default: ml-100k."
        ),
        click.option(
            "--data-dir",
            type=click.Path(path_type=Path),
            help="A presplit folder, a folder with u.data, or a ratings file; instead of --dataset.",
        ),
        click.option(
            "--user-column", metavar="COLUMN", help="Name or number of the column of a ratings file."
        ),
        click.option("--item-column", metavar="COLUMN", help="Likewise."),
        click.option("--rating-column", metavar="COLUMN", help="Likewise."),
        click.option(
            "--label-column", metavar="COLUMN", help="Likewise, where the file holds labels, not ratings."
        ),
        click.option("--time-column", metavar="COLUMN", help="Likewise."),
        click.option(
            "--separator",
            metavar="TEXT",
            help="What separates the columns: tab, comma, semicolon, bar, blank, '::' or a character. Default: found.",
        ),
        click.option(
            "--split",
            metavar="time|random|by-user|leave-one-out",
            help="What of a ratings file is held out. Default: by time.",
        ),
        click.option(
            "--validation", type=float, help="Share of the rows, of --split random or by-user. Default: 0.1."
        ),
        click.option("--test", type=float, help="Likewise."),
        click.option(
            "--threshold", type=float, default=3.0, show_default=True, help="Ratings above it are positive."
        ),
        click.option(
            "--ties", metavar="stable|published", help="Order of equal times in ml-100k. Default: stable."
        ),
        click.option("--users", type=int, help="Size of --dataset synthetic."),
        click.option("--items", type=int, help="Likewise."),
        click.option("--interactions", type=int, help="Likewise."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def load_dataset(parameters: Mapping[str, Any], *, seed: int, labels: str = "binary") -> Dataset:
    """Load the data set that the options of `data_options` name.

    Raises:
        DataError, OptionError: it can't be found, read or used.
    """
    from symloss.data import Columns, LoadOptions, SyntheticOptions, load

    sizes = {
        name: parameters[name] for name in ("users", "items", "interactions") if parameters[name] is not None
    }
    columns = {role: parameters[f"{role}_column"] for role in ("user", "item", "rating", "label", "time")}
    if sizes and parameters["dataset"] != "synthetic":
        raise OptionError("--users, --items and --interactions go with --dataset synthetic only")
    options = LoadOptions(
        columns=Columns(**columns),
        threshold=parameters["threshold"],
        labels=labels,
        ties=parameters["ties"],
        seed=seed,
        synthetic=SyntheticOptions(seed=seed, **sizes) if sizes else None,
        **{name: parameters.get(name) for name in ("separator", "split", "validation", "test")},
    )
    return load(parameters["dataset"], parameters["data_dir"], options)


def training_options(function: Function) -> Function:
    """Add --model and how to train it; `training_settings` reads them."""
    options = [
        click.option("--model", default="mf", show_default=True, metavar="mf|mlp", help="The recommender."),
        click.option(
            "--task",
            default="classification",
            show_default=True,
            metavar="classification|regression",
            help="What validation measures: AUC, or RMSE.",
        ),
        click.option(
            "--max-epochs",
            default=3000,
            type=int,
            help="Longest training. Default: by rate x L2 x steps, which is 3000 on ml-100k.",
        ),
        click.option(
            "--patience",
            default=100,
            type=int,
            help="Epochs without a better validation metric. Default: likewise, 100 on ml-100k.",
        ),
        click.option(
            "--learning-rate",
            default=0.01,
            type=float,
            help="Default: 0.01, on smaller data as much more as it has fewer steps an epoch, at most 0.3.",
        ),
        click.option(
            "--optimizer", default="sgd", show_default=True, metavar="sgd|adam", help="How steps are made."
        ),
        click.option("--l2", default=3e-4, show_default=True, type=float, help="Decay of every parameter."),
        click.option("--batch-size", default=128, show_default=True, type=int, help="Interactions a step."),
        click.option("--threads", default=None, type=int, help="Processor cores to use. Default: all."),
        click.option(
            "--device",
            default="cpu",
            show_default=True,
            help="Where to train: cpu, cuda, or torch-cpu (the code for cuda on the CPU).",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def training_settings(parameters: Mapping[str, Any], *, seed: int) -> TrainingSettings:
    """Build the settings that the options of `training_options` name.

    Raises:
        OptionError: a value is not allowed.
    """
    from symloss.search.options import METRICS
    from symloss.training.settings import TrainingSettings

    task = parameters["task"]
    if task not in METRICS:
        raise OptionError(unknown_name("task", task, METRICS, "--task takes one of these"))
    names = ("max_epochs", "patience", "learning_rate", "optimizer", "l2", "batch_size", "threads", "device")
    return TrainingSettings(metric=METRICS[task], seed=seed, **{name: parameters[name] for name in names})


def number(text: str, name: str) -> float:
    """Read one finite number.

    Raises:
        OptionError: it is none.
    """
    try:
        value = float(text)
    except ValueError:
        raise OptionError(f"{name} is {text!r}; it must be a number, such as 0.1") from None
    if not math.isfinite(value):
        raise OptionError(f"{name} is {text!r}; it must be a finite number")
    return value


def grid(text: str | None, name: str) -> tuple[float, ...] | None:
    """Read a comma-separated list of positive numbers, or None.

    Raises:
        OptionError: an entry is no positive number.
    """
    if text is None:
        return None
    values = tuple(number(entry, name) for entry in text.split(",") if entry.strip())
    if not values or min(values) <= 0:
        raise OptionError(
            f"{name} is {text!r}; it takes positive numbers separated by commas, such as 1,0.1,0.01"
        )
    return tuple(dict.fromkeys(values))


def optional_number(text: str | None, name: str) -> float | None:
    """Read the value of an option that may be left out.

    Raises:
        OptionError: it is given and no finite number.
    """
    return None if text is None else number(text, name)


def resolve_losses(
    texts: Sequence[str],
    *,
    labels: str | None = None,
    input_kind: str | None = None,
    eps: float | None = None,
    protect: bool = False,
    scale: float | None = None,
    params: ParamGrid | None = None,
) -> list[Loss]:
    """Return the losses of several LOSS arguments, all on the same labels: those of the first run among them.

    Each formula takes those of `params` that it names, one value each.

    Raises:
        FormulaError, OptionError, RunError: as for `resolve_loss`.
    """
    from symloss.search.run_argument import run_and_rank

    if labels is None:
        runs = [text for text in texts if not _is_name(text) and run_and_rank(text) is not None]
        labels = str(resolve_loss(runs[0]).domain.labels) if runs else None
    return [
        resolve_loss(
            text,
            labels=labels,
            input_kind=input_kind,
            eps=eps,
            protect=protect,
            scale=scale,
            params=None if params is None else params.used_by(text).settings()[0],
        )
        for text in texts
    ]


def resolve_loss(
    text: str,
    *,
    labels: str | None = None,
    input_kind: str | None = None,
    eps: float | None = None,
    protect: bool = False,
    scale: float | None = None,
    params: Mapping[str, float] | None = None,
) -> Loss:
    """Return the loss that a LOSS argument means: a zoo name, a formula, or RUN or RUN:3, a loss that a search found.

    A loss of a run has the eps, the scale and the labels it was found with, where none are given.

    Raises:
        FormulaError, OptionError: it is none of these, or an option is not allowed.
        RunError: the run can't be read.
    """
    from symloss import zoo
    from symloss.loss import Loss
    from symloss.search.run_argument import run_and_rank
    from symloss.signature import ALL_SYMBOLS, Domain, Labels

    if params and (_is_name(text) or run_and_rank(text) is not None):
        raise OptionError(
            f"{text} has no constants that --param could set; give its formula with names in it, such as "
            "(1 - yhat)**gamma"
        )
    if _is_name(text):
        named = zoo.get(text)
        labels = labels or "binary"
        own = labels in (Labels.BINARY, Labels.UNIT)
        kind = input_kind or (named.domain.input if own else Domain.of(labels).input)
        return _with_numbers(named.with_domain(labels, kind), eps, scale)
    run = run_and_rank(text)
    if run is not None:
        from symloss.search.found_losses import loss_of

        loss = loss_of(*run)
        if labels is not None and labels != loss.domain.labels:
            own = labels in (Labels.BINARY, Labels.UNIT)
            loss = loss.with_domain(labels, input_kind or (None if own else Domain.of(labels).input))
        elif input_kind is not None:
            loss = loss.with_domain(input=input_kind)
        return _with_numbers(loss, eps, scale)
    stripped = text.strip()
    word = stripped.replace("-", "").replace("_", "")
    allowed = [*zoo.names(), *ALL_SYMBOLS]
    if word.isalnum() and not word[0].isdigit() and nearest(stripped, allowed) not in ALL_SYMBOLS:
        # A single word that is neither: a misspelt name, or one that nobody knows.
        hint = "symloss zoo lists all; the folder of a search stands for its best loss"
        raise OptionError(unknown_name("loss", stripped, zoo.names(), hint))
    loss = Loss(stripped, eps=eps, labels=labels, input=input_kind, protect=protect, params=params)
    return _with_numbers(loss, None, scale)


def _is_name(text: str) -> bool:
    from symloss import zoo

    return zoo.is_name(text)


def _with_numbers(loss: Loss, eps: float | None, scale: float | None) -> Loss:
    loss = loss if eps is None else loss.with_eps(eps)
    return loss if scale is None else loss.with_scale(scale)
