"""How commands are found, loaded and fail: lazily, and without a traceback."""

from __future__ import annotations

import errno
import importlib
import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import click

from symloss.errors import SymlossError, nearest

from .schema import SchemaCommand

OUTPUT_FAILED = 2
"""Exit code where the output could not be written."""


class Failure(click.ClickException):
    """An error of symloss, as click shows it: its message, and its exit code."""

    def __init__(self, error: SymlossError) -> None:
        """Take both from the error."""
        super().__init__(str(error))
        self.exit_code = error.exit_code  # type: ignore[misc]


class LazyGroup(click.Group):
    """A group whose commands are modules of this package, imported when needed."""

    def __init__(self, *args: Any, commands_by_name: Mapping[str, str], **kwargs: Any) -> None:
        """Take the names of the commands and their one-line help."""
        super().__init__(*args, **kwargs)
        self._help_by_name = dict(commands_by_name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the design, not of the alphabet."""
        return list(self._help_by_name)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module; unknown names give None."""
        if cmd_name not in self._help_by_name:
            return None
        command: click.Command = importlib.import_module(f".{cmd_name}", __package__).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; suggest the nearest name where there is none."""
        name = args[0]
        if name not in self._help_by_name and not name.startswith("-"):
            guess = nearest(name, self._help_by_name)
            hint = f"did you mean {guess!r}?" if guess else f"allowed are {', '.join(self._help_by_name)}"
            ctx.fail(f"unknown command {name!r}; {hint} (symloss --help lists all)")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from their one-line help, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._help_by_name.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an error of symloss becomes its message and exit code."""
        try:
            return super().invoke(ctx)
        except SymlossError as error:
            raise Failure(error) from error

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line; output that can't be written ends it with a message.

        click ends quietly where the reader of a pipe has gone. Anything else, such as a full disk, is said: the
        output is not whole. The last of it is written here, not when Python ends, where nobody would be told.
        """
        if not kwargs.get("standalone_mode", True):
            return super().main(*args, **kwargs)
        code: Any = 0
        try:
            try:
                super().main(*args, **kwargs)
            except SystemExit as end:
                code = end.code
            sys.stdout.flush()
        except OSError as error:
            if error.errno != errno.EPIPE:
                reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
                code = OUTPUT_FAILED
                with suppress(OSError):
                    click.echo(
                        f"Error: can't write the output: {reason}; what is written is not whole", err=True
                    )
            _forget_output()
        sys.exit(code)


def _forget_output() -> None:
    """Let nothing more be written to standard output: Python would try once more at its end, and fail loudly."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class LossCommand(click.Command):
    """A command that takes losses: a formula may begin with a minus sign."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep formulas such as "-log(yhat)" from being read as options."""
        known = {
            option for parameter in self.params for option in (*parameter.opts, *parameter.secondary_opts)
        }

        def is_formula(argument: str) -> bool:
            named = re.search(r"\b(yhat|pos|neg)\b", argument)
            return argument.startswith("-") and named is not None and argument.partition("=")[0] not in known

        return super().parse_args(
            ctx, [f" {argument}" if is_formula(argument) else argument for argument in args]
        )


class GroupedLossCommand(LossCommand, SchemaCommand):
    """A command that takes losses and so many options that `--help` groups them."""
