"""Options that mean the same in every command, and how their text is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from symloss.errors import OptionError, nearest, unknown_name
from symloss.options.data import DataSource
from symloss.options.kinds import Kind, Switch
from symloss.options.text import grid as grid
from symloss.options.text import number as number
from symloss.options.text import optional_number as optional_number
from symloss.options.training import Problem, TrainingOptions

from .schema import SchemaOption, add_options, values_of

if TYPE_CHECKING:
    from symloss.data import Dataset
    from symloss.formula.param_grid import ParamGrid
    from symloss.loss import Loss
    from symloss.training.settings import TrainingSettings

json_option = click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one JSON document instead of tables.",
    cls=SchemaOption,
    section="Run",
    kind=Switch(),
    with_resume=True,
)
labels_option = add_options(DataSource, only=("labels",))
loss_labels_option = click.option(
    "--labels",
    default=None,
    metavar="binary|unit|real",
    help="What the label y can be. Default: that of the data for a run, else binary.",
    cls=SchemaOption,
    section=DataSource.SECTION,
    kind=Kind(),
)
input_option = click.option(
    "--input",
    "input_kind",
    default=None,
    metavar="probability|score|positive|log",
    help="What yhat is. Named losses know; formulas take a probability, with real labels a score, with positive "
    "ones a positive mean. log: yhat is the logarithm of the mean. For pos and neg, where scores live: score, cosine "
    "or half-cosine.",
)
negatives_option = click.option(
    "--negatives",
    default=None,
    metavar="N",
    help="Largest number of negative items of a row, for ranking losses. Default: any number.",
)
protect_option = click.option(
    "--protect", is_flag=True, help="Read divisions, logarithms and roots as the protected operators."
)
seed_option = add_options(DataSource, only=("seed",))
eps_option = click.option(
    "--eps", default=None, metavar="NUMBER", help="Value of eps. Default: that of a run, else left open."
)
scale_option = click.option(
    "--scale", default=None, metavar="NUMBER", help="Factor on the loss. Default: that of a run, else 1."
)


time_limit_option = click.option(
    "--time-limit", default="2", show_default=True, metavar="SECONDS", help="Longest time for one proof."
)


def negatives_value(text: str | None) -> int | None:
    """Read the value of --negatives.

    Raises:
        OptionError: it is no whole number.
    """
    if text is None:
        return None
    if not text.strip().isdecimal():
        raise OptionError(f"--negatives is {text[:40]!r}; it must be a whole number from 1 on")
    return int(text)


def positive_seconds(text: str) -> float:
    """Read the value of --time-limit.

    Raises:
        OptionError: it is no number above 0.
    """
    seconds = number(text, "--time-limit")
    if seconds <= 0:
        raise OptionError(f"--time-limit is {text}; it must be above 0 seconds")
    return seconds


data_options = add_options(DataSource, without=("labels", "seed"))
"""Adds --dataset, --data-dir and what it takes to read a file; `load_dataset` reads them."""


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
        separator=parameters.get("separator"),
        split=parameters.get("split"),
        validation=parameters.get("validation"),
        test=parameters.get("test"),
    )
    return load(parameters["dataset"], parameters["data_dir"], options)


training_options = add_options(Problem, TrainingOptions)
"""Adds --model, --task and how to train; `training_settings` reads them."""


def training_settings(parameters: Mapping[str, Any], *, seed: int) -> TrainingSettings:
    """Build the settings that the options of `training_options` name.

    Raises:
        OptionError: a value is not allowed.
    """
    from symloss.tasks.kinds import kind
    from symloss.training.settings import TrainingSettings

    metric = parameters.get("metric") or kind(parameters["task"]).metric
    own = values_of(TrainingOptions, parameters, parameters)
    return TrainingSettings(metric=metric, seed=seed, **own)


def resolve_losses(
    texts: Sequence[str],
    *,
    labels: str | None = None,
    input_kind: str | None = None,
    eps: float | None = None,
    protect: bool = False,
    scale: float | None = None,
    params: ParamGrid | None = None,
    negatives: int | None = None,
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
            negatives=negatives,
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
    negatives: int | None = None,
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

    if not text.strip():
        # An empty path would be the working folder.
        raise OptionError(
            "the formula is empty; give a formula in yhat and y, or a name (symloss zoo lists them)"
        )
    if _is_name(text) and zoo.get(text).kind == "ranking":
        named = zoo.get(text)
        if labels is not None:
            raise OptionError(f"{named.name} is a ranking loss, which has no labels; leave --labels out")
        named = named.with_params(**params) if params else named
        named = named if input_kind is None else named.with_domain(input=input_kind)
        return _with_numbers(named if negatives is None else named.with_negatives(negatives), eps, scale)
    if negatives is not None and (_is_name(text) or run_and_rank(text) is not None):
        raise OptionError(f"{text} is no ranking loss, which alone takes --negatives; leave it out")
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
    allowed = [*zoo.names(), *zoo.ranking_names(), *ALL_SYMBOLS]
    if word.isalnum() and not word[0].isdigit() and nearest(stripped, allowed) not in ALL_SYMBOLS:
        # A single word that is neither: a misspelt name, or one that nobody knows.
        hint = "symloss zoo lists all; the folder of a search stands for its best loss"
        raise OptionError(unknown_name("loss", stripped, zoo.names(), hint))
    loss = Loss(
        stripped,
        eps=eps,
        labels=labels,
        input=input_kind,
        protect=protect,
        params=params,
        negatives=negatives,
    )
    return _with_numbers(loss, None, scale)


def _is_name(text: str) -> bool:
    from symloss import zoo

    return zoo.is_name(text)


def _with_numbers(loss: Loss, eps: float | None, scale: float | None) -> Loss:
    loss = loss if eps is None else loss.with_eps(eps)
    return loss if scale is None else loss.with_scale(scale)
