"""`--param NAME=VALUE`: values, grids and ranges of named constants, as commands read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from symloss.errors import OptionError

if TYPE_CHECKING:
    from symloss.formula.param_grid import ParamGrid

param_option = click.option(
    "--param",
    "params",
    multiple=True,
    metavar="NAME=VALUE",
    help="Value of a constant that the formula names, such as tau=0.2; once for each.",
)
tuned_option = click.option(
    "--param",
    "params",
    multiple=True,
    metavar="NAME=VALUES",
    help="Value of a constant that a formula names, such as tau=0.2; a grid, gamma=0,1,2, is tuned as eps is. Once for "
    "each constant.",
)
grid_option = click.option(
    "--param",
    "params",
    multiple=True,
    metavar="NAME=VALUES",
    help="Value of a constant that the formula names, such as tau=0.2; several to check each, gamma=0,1,2; a range, "
    "tau=0.05..1, to prove it for all. Once for each constant.",
)


def one_value_each(params: Sequence[str], texts: Sequence[str]) -> ParamGrid:
    """Read constants that have one value each, all of which occur in some formula.

    Raises:
        OptionError: there are several values or a range, a name is in no formula, or a text can't be read.
    """
    from symloss.formula.param_grid import ParamGrid, refuse_unused

    grid = ParamGrid.read(params)
    refuse_unused(grid, texts)
    for name, values in grid.values:
        if len(values) > 1:
            raise OptionError(
                f"--param gives {len(values)} values of {name}; this command takes one: --param {name}=0.5"
            )
    grid.settings()
    return grid
