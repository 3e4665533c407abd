"""--out and --resume of `symloss evaluate`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from symloss.errors import OptionError, RunError
from symloss.options.evaluate import EvaluationRun

from .output import standard_error
from .schema import add_options, allowed_beside_resume, given_beside_resume, given_names

WITH_RESUME = ("resume", "threads", "as_json")
"""Parameters that go with --resume."""
NOT_KEPT = ("out", "config", *WITH_RESUME)
"""Parameters that an evaluation's folder does not hold."""
LATER: Mapping[str, Any] = {"metric": None, "params": []}
"""Parameters that folders of older versions do not hold, with what they stood for there."""
GIVEN = "given"
"""Where the folder holds the names of the parameters that the user gave."""


def in_folder(callback: Callable[..., Any]) -> Callable[..., Any]:
    """Add --out and --resume to a command, which gets an `EvaluationFolder` as `folder`."""

    @click.pass_context
    def command(context: click.Context, /, out: Path | None, resume: Path | None, **given: Any) -> None:
        from symloss.search.evaluation_folder import EvaluationFolder

        if resume is None and not given["losses"]:
            raise click.UsageError(
                "Missing argument 'LOSS...'; name at least one loss, or --resume DIR", context
            )
        if resume is None:
            kept = {name: _plain(value) for name, value in given.items() if name not in NOT_KEPT}
            # what was given is done; what was not follows from the data, also when the evaluation goes on
            kept[GIVEN] = sorted(given_names(context).difference(NOT_KEPT))
            folder = EvaluationFolder(out, kept)
        else:
            _check_alone(context)
            folder = EvaluationFolder.resume(resume)
        with folder:
            if resume is not None:
                given |= _restored(context, folder.parameters, resume)
                _mark_given(context, folder.parameters, resume)
                for text in folder.conditions():
                    standard_error().print(f"other than at the start: {text}", highlight=False, markup=False)
            callback(folder=folder, **given)

    # the options of the callback are taken over first, and these added to them
    whole: Callable[..., Any] = add_options(EvaluationRun)(functools.update_wrapper(command, callback))
    return whole


def _check_alone(context: click.Context) -> None:
    given = given_beside_resume(context)
    if given:
        raise OptionError(
            f"{', '.join(given)} can't be given with --resume: an evaluation keeps its losses and options. "
            f"With it go {allowed_beside_resume(context.command)}"
        )


def _restored(context: click.Context, kept: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Read the parameters of a folder as those of the command line are read."""
    found = {}
    for parameter in context.command.params:
        name = parameter.name
        if name is None or name in NOT_KEPT:
            continue
        if name not in kept and name not in LATER:
            raise RunError(f"{folder / 'config.json'} is damaged: it has no {name}; begin a new evaluation")
        try:
            found[name] = parameter.process_value(context, kept.get(name, LATER.get(name)))
        except (click.UsageError, TypeError, ValueError) as error:
            raise RunError(
                f"{folder / 'config.json'} is damaged: its {name} can't be used ({error}); begin a new evaluation"
            ) from error
    return found


def _mark_given(context: click.Context, kept: dict[str, Any], folder: Path) -> None:
    """Have the parameters that were given at the start count as given again."""
    names = kept.get(GIVEN)
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise RunError(f"{folder / 'config.json'} is damaged: it has no {GIVEN}; begin a new evaluation")
    for name in names:
        context.set_parameter_source(name, click.core.ParameterSource.COMMANDLINE)


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value.resolve())
    return list(value) if isinstance(value, tuple) else value
