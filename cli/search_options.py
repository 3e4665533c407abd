"""The options of `symloss search`, and how they become `SearchOptions`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from symloss.deprecated import old_names
from symloss.errors import OptionError
from symloss.options.search import Budget, Candidates, Effectiveness, Rewards, Running
from symloss.options.text import names_of
from symloss.options.training import Problem

from .options import training_settings
from .schema import add_options, allowed_beside_resume, given_beside_resume, values_of

if TYPE_CHECKING:
    from symloss.search.options import SearchOptions

search_options = add_options(Candidates, Rewards, Budget, Effectiveness, Running)
"""Adds the options of a search; `build_options` reads them."""


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
    if parameters["no_proxy_test"] and "check_first" not in given:
        chosen.pop("check_first", None)
    own: dict[str, Any] = {}
    for section in (Problem, Candidates, Rewards, Budget, Effectiveness):
        own |= values_of(section, parameters, given)
    return SearchOptions(
        **{**chosen, **own, "warm_start": _warm_start(parameters)},
        seed=parameters["seed"],
        training=training_settings(parameters, seed=parameters["seed"]),
    )


def resumed_options(before: SearchOptions, parameters: Mapping[str, Any]) -> SearchOptions:
    """Return the options of a run that goes on, with the budgets and threads that were given with --resume.

    Raises:
        OptionError: a value is not allowed.
    """
    budget = {
        name: value for name, value in values_of(Budget, parameters, parameters).items() if value is not None
    }
    training = before.training
    if parameters["threads"] is not None:
        training = replace(training, threads=parameters["threads"])
    return replace(before, training=training, **budget)


def check_resume_alone(context: click.Context) -> None:
    """Refuse options that a run has already.

    Raises:
        OptionError: one was given.
    """
    given = given_beside_resume(context)
    if given:
        raise OptionError(
            f"{', '.join(given)} can't be given with --resume: a run keeps its options. With it go "
            f"{allowed_beside_resume(context.command)}"
        )


def _warm_start(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    from symloss.search.warm_start import best_of_run, formula_of

    # The run folder need not be there when the search is resumed: its formula is kept.
    given = tuple(formula_of(text) for text in names_of(parameters["warm_start"], ";"))
    folder = parameters["warm_start_run"]
    return given if folder is None else (*given, *best_of_run(folder, LOSSES_OF_A_RUN))


LOSSES_OF_A_RUN = 20
"""So many losses of --warm-start-run are taken."""

__getattr__ = old_names(__name__)
