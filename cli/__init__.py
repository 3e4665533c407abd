"""The `symloss` command: one command a file, loaded when it is called."""

from __future__ import annotations

import click

from .group import LazyGroup

COMMANDS = {
    "check": "Check that a loss can work: direction of its gradient, with proof or witness.",
    "compare": "Tell which losses are the same to gradient descent.",
    "search": "Search a loss for a model and a data set.",
    "evaluate": "Train a model with each loss to convergence and test it.",
    "report": "Write what a search found as one HTML file.",
    "plot": "Draw surfaces, curves and gradients of losses.",
    "export": "Write a loss as code, LaTeX or data.",
    "data": "List the data sets, fetch one, or look at one.",
    "ops": "List the operators that searched losses are built from.",
    "zoo": "List the named losses.",
}


@click.group(
    cls=LazyGroup, commands_by_name=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="symloss", message="symloss %(version)s")
def main() -> None:
    """Training losses as mathematics: check, compare, search and plot them.

    LOSS is a name (symloss zoo lists them) or a formula in yhat, y and eps,
    such as "(yhat - y)**2".
    """
