"""The options of `symloss search`, and how they become `SearchOptions`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from symloss.errors import OptionError

from .options import grid, number, training_settings

if TYPE_CHECKING:
    from symloss.search.options import SearchOptions

Function = TypeVar("Function", bound=Callable[..., Any])

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

WITH_RESUME = (
    "resume",
    "time_text",
    "loops",
    "max_trained",
    "evaluation_time",
    "threads",
    "engine",
    "ray_address",
    "as_json",
    "fail_without_gain",
)
"""Parameters that may be given together with --resume; all others are those of the run."""


def search_options(function: Function) -> Function:
    """Add the options of a search; `build_options` reads them."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


_OPTIONS = [
    click.option("--preset", default="best", show_default=True, metavar="best|paper",
                 help="best: genetic search, rewards from short trainings, a scale-fair contest. "
                      "paper: the search of AutoLossGen. Options given one by one win over it."),
    click.option("--strategy", default="reinforce", metavar="NAME",
                 help="What proposes losses: reinforce, risk-seeking, genetic or random. Default: by preset."),
    click.option("--strategy-option", "strategy_options", multiple=True, metavar="NAME=VALUE",
                 help="An argument of the strategy; may be repeated."),
    click.option("--operators", default="paper", show_default=True, metavar="LIST",
                 help="paper, extended, or names by commas."),
    click.option("--variables", default=10, show_default=True, type=int,
                 help="Most variables of a loss, yhat, y and 1 among them."),
    click.option("--max-complexity", default=None, type=int, help="Most operators of a loss."),
    click.option("--warm-start", default=None, metavar="LIST",
                 help="Losses to begin from: names or formulas, separated by semicolons."),
    click.option("--warm-start-run", default=None, type=click.Path(path_type=Path), metavar="RUN",
                 help="Begin from the best losses of another run."),
    click.option("--time", "time_text", default=None, metavar="10m",
                 help="Longest phase I: 90s, 10m, 2h. Default: 10m."),
    click.option("--loops", default=None, type=int, help="Most loops of phase I."),
    click.option("--max-trained", default=None, type=int, help="Phase I ends when so many losses were trained."),
    click.option("--batch", default=100, show_default=True, type=int, help="Losses a loop."),
    click.option("--reward", default="epoch", metavar="epoch|fresh",
                 help="One epoch on the current recommender, or a short training from scratch. Default: by preset."),
    click.option("--reward-epochs", default=25, type=int, help="Epochs of a fresh reward. Default: by preset, data."),
    click.option("--reward-learning-rate", default=None, type=float,
                 help="Of a fresh reward. Default: by preset and model."),
    click.option("--search-eps", default=None, metavar="GRID",
                 help="Values of eps that phase I tries for each loss. Default: by preset (0.1, or 1e-6)."),
    click.option("--search-scale", default=None, metavar="GRID",
                 help="Factors that phase I tries for each loss. Default: by preset."),
    click.option("--unit-scale/--plain-scale", default=False,
                 help="Whether those factors are relative to a gradient of 1 in the mean. Default: by preset."),
    click.option("--check-first/--train-all", default=False,
                 help="Whether losses whose gradient is seen to point the wrong way are left untrained. "
                      "Default: by preset."),
    click.option("--no-proxy-test", is_flag=True, help="Ablation: train every sampled loss."),
    click.option("--no-reward-filter", is_flag=True,
                 help="Ablation: the best copy of each loop replaces the recommender, however bad."),
    click.option("--duplicates", default=None, metavar="exact|sampled",
                 help="Known gradients: confirmed by the symbolic test, or by sampled points only."),
    click.option("--eta", default=1e-5, show_default=True, type=float, help="A reward below -eta is rejected."),
    click.option("--delta", default=1e-4, show_default=True, type=float,
                 help="Gradients closer than this are the same."),
    click.option("--survivors", default=10, show_default=True, type=int,
                 help="Most losses that go to phase III."),
    click.option("--effectiveness", default="paper", metavar="contest|paper",
                 help="Phase III: all losses at the same scales with a paired test at the end, or each at its eps "
                      "grid with one seed. Default: by preset."),
    click.option("--finalists", default=3, show_default=True, type=int,
                 help="Losses that a contest trains to convergence."),
    click.option("--final-seeds", default=8, show_default=True, type=int,
                 help="Seeds of the last comparison; 8 is the least with which it can reach p < 0.01."),
    click.option("--coefficients", default=0, show_default=True, type=int, metavar="N",
                 help="Fit numbers inside the N best losses before the contest."),
    click.option("--screen-epochs", default=None, type=int,
                 help="Find the survivors by training more losses for so many epochs. "
                      "Default: by reward, as in the paper."),
    click.option("--screen", default=60, show_default=True, type=int, help="How many losses that is, at most."),
    click.option("--evaluation-time", default=None, metavar="10m", help="Longest phase III. Default: no limit."),
    click.option("--eps", default=None, metavar="GRID",
                 help="Values of eps in phase III. Default: the paper's seven."),
    click.option("--scale", default=None, metavar="GRID",
                 help="Factors on each loss in phase III. Default: 1; in a contest 1/4 to 4 times a unit gradient."),
    click.option("--engine", default="local", show_default=True, metavar="local|ray",
                 help="Where losses are trained."),
    click.option("--ray-address", default=None, metavar="ADDR", help="Of the Ray cluster. Default: a local one."),
    click.option("--out", default=None, type=click.Path(path_type=Path), metavar="RUN",
                 help="Run folder. Default: runs/DATE-SEED."),
    click.option("--fail-without-gain", is_flag=True,
                 help="Exit with code 4 where no found loss beats the handcrafted ones and the means."),
    click.option("--resume", default=None, type=click.Path(path_type=Path), metavar="RUN",
                 help="Go on with a run; only budgets, --threads and --engine may be given with it."),
]  # fmt: skip


def build_options(parameters: Mapping[str, Any], given: Collection[str]) -> SearchOptions:
    """Return the options of a new search.

    Args:
        parameters: of the command.
        given: names of those that the user gave; the preset decides about the others.

    Raises:
        OptionError, RunError: a value is not allowed.
    """
    from symloss.search.options import SearchOptions
    from symloss.search.presets import preset

    chosen = preset(parameters["preset"], parameters["model"])
    grids = {
        "eps_grid": grid(parameters["eps"], "--eps"),
        "scale_grid": grid(parameters["scale"], "--scale"),
        "search_eps": grid(parameters["search_eps"], "--search-eps"),
        "search_scale": grid(parameters["search_scale"], "--search-scale"),
        "duplicates": parameters["duplicates"],
    }
    if parameters["no_proxy_test"] and "check_first" not in given:
        chosen.pop("check_first", None)
    names = ("task", "model", "strategy", "batch", "delta", "eta", "loops", "max_trained", "check_first", "survivors",
             "screen", "screen_epochs", "reward", "reward_epochs", "reward_learning_rate", "max_complexity",
             "unit_scale", "effectiveness", "finalists", "final_seeds", "coefficients", "seed")  # fmt: skip
    plain = {
        name: chosen.get(name, parameters[name]) if name not in given else parameters[name] for name in names
    }
    chosen_grids = {name: chosen[name] for name in grids if name in chosen}
    chosen_grids |= {name: value for name, value in grids.items() if value is not None}
    further = {name: value for name, value in chosen.items() if name not in (*names, *grids)}
    return SearchOptions(
        operators=names_of(parameters["operators"], ","),
        n_variables=parameters["variables"],
        time_limit=duration(parameters["time_text"], "--time"),
        evaluation_time=duration(parameters["evaluation_time"], "--evaluation-time"),
        proxy_test=not parameters["no_proxy_test"],
        reward_filter=not parameters["no_reward_filter"],
        strategy_options=_strategy_options(parameters["strategy_options"]),
        warm_start=_warm_start(parameters),
        training=training_settings(parameters, seed=parameters["seed"]),
        **plain,
        **further,
        **chosen_grids,
    )


def resumed_options(before: SearchOptions, parameters: Mapping[str, Any]) -> SearchOptions:
    """Return the options of a run that goes on, with the budgets and threads that were given with --resume.

    Raises:
        OptionError: a value is not allowed.
    """
    from dataclasses import replace

    budgets = {
        "loops": parameters["loops"],
        "time_limit": duration(parameters["time_text"], "--time"),
        "max_trained": parameters["max_trained"],
        "evaluation_time": duration(parameters["evaluation_time"], "--evaluation-time"),
    }
    training = before.training
    if parameters["threads"] is not None:
        training = replace(training, threads=parameters["threads"])
    given = {name: value for name, value in budgets.items() if value is not None}
    return replace(before, training=training, **given)


def given_names(context: click.Context) -> set[str]:
    """Return the names of the parameters that the user gave."""
    return {
        parameter.name
        for parameter in context.command.params
        if parameter.name is not None
        and context.get_parameter_source(parameter.name) is click.core.ParameterSource.COMMANDLINE
    }


def check_resume_alone(context: click.Context) -> None:
    """Refuse options that a run has already.

    Raises:
        OptionError: one was given.
    """
    names = given_names(context)
    given = [
        parameter.opts[0]
        for parameter in context.command.params
        if parameter.name in names and parameter.name not in WITH_RESUME
    ]
    if given:
        raise OptionError(
            f"{', '.join(given)} can't be given with --resume: a run keeps its options. With it go --time, --loops, "
            f"--max-trained, --evaluation-time, --threads, --engine, --ray-address, --fail-without-gain and --json"
        )


def names_of(text: str | None, separator: str) -> tuple[str, ...]:
    """Split a list."""
    return tuple(part.strip() for part in (text or "").split(separator) if part.strip())


def duration(text: str | None, name: str) -> float | None:
    """Read a duration such as 90s, 10m or 2h (a bare number is seconds), or None.

    Raises:
        OptionError: it is none, or not above 0.
    """
    if text is None:
        return None
    stripped = text.strip().lower()
    unit = UNITS.get(stripped[-1:])
    try:
        seconds = number(stripped[:-1] if unit else stripped, name) * (unit or 1.0)
    except OptionError:
        raise OptionError(f"{name} is {text!r}; write a duration such as 90s, 10m or 2h") from None
    if seconds <= 0:
        raise OptionError(f"{name} is {text!r}; it must be above 0")
    return seconds


def _warm_start(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    from symloss.search.warm_start import best_of_run, formula_of

    # The run folder need not be there when the search is resumed: its formula is kept.
    given = tuple(formula_of(text) for text in names_of(parameters["warm_start"], ";"))
    folder = parameters["warm_start_run"]
    return given if folder is None else (*given, *best_of_run(folder, LOSSES_OF_A_RUN))


LOSSES_OF_A_RUN = 20
"""So many losses of --warm-start-run are taken."""


def _strategy_options(texts: tuple[str, ...]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator or not name.strip():
            raise OptionError(f"--strategy-option is {text!r}; write NAME=VALUE, such as population=100")
        options[name.strip().replace("-", "_")] = _value(value.strip())
    return options


def _value(text: str) -> Any:
    """Read a whole number, a number or a truth value; anything else is text."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False, "none": None}.get(text.lower(), text)
