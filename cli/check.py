"""`symloss check`: whether a loss can work, with proof or witness."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from symloss.errors import OptionError, SymlossError

from .counter import Counter
from .group import LossCommand
from .options import (
    eps_option,
    input_option,
    json_option,
    loss_labels_option,
    negatives_option,
    negatives_value,
    number,
    optional_number,
    positive_seconds,
    protect_option,
    resolve_loss,
    scale_option,
    seed_option,
    time_limit_option,
)
from .output import indented, json_text, print_json, standard_error, standard_output
from .params import grid_option

if TYPE_CHECKING:
    from symloss.formula.param_grid import ParamGrid
    from symloss.loss import Loss
    from symloss.symbolic.direction.report import CheckReport
    from symloss.symbolic.param_range import RangeVerdict

LARGEST_FILE = 20_000_000
MOST_QUIET = 3
"""Up to so many losses, no progress is shown."""

STYLES = {"valid": "bold green", "invalid": "bold red", "undecided": "bold yellow"}
STYLES |= {"proved": "green", "refuted": "red"}


@dataclass(frozen=True)
class Request:
    """A formula to check.

    Attributes:
        text: as it was given.
        loss: what it stands for, or None.
        error: what is wrong with it, or None.
        line: where it was, in a file.
        ends: where it is one of the single values that a range is looked at: the constant and the ends of the range.
        value: which of them it is.
    """

    text: str
    loss: Loss | None
    error: SymlossError | None
    line: int | None
    ends: tuple[str, float, float] | None = None
    value: float = 0.0


@click.command("check", cls=LossCommand)
@click.argument("losses", nargs=-1, metavar="LOSS...")
@click.option("--file", "path", type=click.Path(path_type=Path), help="Read losses from a file, one a line.")
@time_limit_option
@eps_option
@scale_option
@grid_option
@loss_labels_option
@input_option
@negatives_option
@protect_option
@seed_option
@json_option
def command(
    losses: tuple[str, ...],
    path: Path | None,
    time_limit: str,
    eps: str | None,
    scale: str | None,
    params: tuple[str, ...],
    labels: str | None,
    input_kind: str | None,
    negatives: str | None,
    protect: bool,
    seed: int,
    as_json: bool,
) -> None:
    """Check each LOSS: does its gradient push the prediction towards the label?

    A formula in pos and neg, the scores of a positive and of a negative item, is checked to raise the first and to
    lower the second.

    Exit code 0: all are valid. 1: one is invalid. 3: one is undecided and none
    invalid. 2: a formula or option can't be read.
    """
    if not losses and path is None:
        raise OptionError("nothing to check; give a formula, a name (symloss zoo lists them) or --file FILE")
    seconds = positive_seconds(time_limit)
    eps_value = None if eps is None else number(eps, "--eps")
    settings: dict[str, Any] = {
        "labels": labels,
        "input_kind": input_kind,
        "eps": eps_value,
        "protect": protect,
        "scale": optional_number(scale, "--scale"),
        "negatives": negatives_value(negatives),
    }
    from symloss.formula.param_grid import ParamGrid, refuse_unused
    from symloss.symbolic.check import prepare_workers

    texts: list[tuple[int | None, str]] = [(None, text) for text in losses]
    if path is not None:
        texts += _lines(path)
    grid = ParamGrid.read(params)
    refuse_unused(grid, [text for _, text in texts])
    requests = [one for line, text in texts for one in _requests(text, line, settings, grid)]
    several = len(requests) > 1 or path is not None
    prepare_workers()
    if not as_json:
        # while a worker thinks, this process gets ready to print
        threading.Thread(target=_load_printing, daemon=True).start()
    printer = (Documents if as_json else Pages)(several)
    codes: set[int] = set()
    with printer, Counter("checked", len(requests), shown=len(requests) > MOST_QUIET) as counter:
        looked_at: list[tuple[Request, CheckReport | None]] = []
        for request in requests:
            if request.error is not None and not several:
                raise request.error
            report = None if request.loss is None else request.loss.check(time_limit=seconds, seed=seed)
            printer.show(request, report)
            codes.add(2 if report is None else report.exit_code)
            counter.step()
            if request.ends is None:
                continue
            looked_at.append((request, report))
            if request.value == request.ends[2]:
                verdict = _range_verdict(looked_at, seconds)
                looked_at = []
                if verdict is not None:
                    printer.show_range(verdict)
                    codes.add(verdict.exit_code)
    # an error counts most, then what is wrong, then what is open
    raise SystemExit(next((code for code in (2, 1, 3) if code in codes), 0))


def _requests(text: str, line: int | None, settings: dict[str, Any], grid: ParamGrid) -> list[Request]:
    """Return a request for each combination of the constants that a formula names."""
    own = grid.used_by(text)
    if len(own.ranges) > 1:
        names = " and ".join(name for name, _ in own.ranges)
        raise OptionError(f"--param gives ranges of {names}; one range at a time, values for the others")
    requests = []
    for params in own.settings(ends=True):
        loss, problem = None, None
        try:
            loss = resolve_loss(text, **settings, params=params)
        except SymlossError as error:
            problem = error
        request = Request(text.strip(), loss, problem, line)
        for name, ends in own.ranges:
            request = replace(request, ends=(name, *ends), value=params[name])
        requests.append(request)
    return requests


def _range_verdict(
    looked_at: list[tuple[Request, CheckReport | None]], seconds: float
) -> RangeVerdict | None:
    """Return what is known of a range from its single values, None where the formula can be read at none of them."""
    from symloss.symbolic.param_range import check_range

    loss = next((request.loss for request, _ in looked_at if request.loss is not None), None)
    ends = looked_at[0][0].ends
    if loss is None or ends is None:
        return None
    reports = [report for _, report in looked_at if report is not None]
    missing = [request.value for request, report in looked_at if report is None]
    return check_range(loss, *ends, reports, seconds, missing=missing)


def _lines(path: Path) -> list[tuple[int, str]]:
    """Return the losses of a file with their line numbers; blank lines and lines that begin with # are skipped."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise OptionError(f"{path} is larger than {LARGEST_FILE // 10**6} MB; split it")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise OptionError(
            f"can't read {path}: {error.strerror}; --file takes a text file, one loss a line"
        ) from None
    except UnicodeDecodeError:
        raise OptionError(f"{path} is not UTF-8 text; --file takes a text file, one loss a line") from None
    found = [(number, line) for number, line in enumerate(text.splitlines(), start=1)]
    found = [(number, line) for number, line in found if line.strip() and not line.lstrip().startswith("#")]
    if not found:
        raise OptionError(f"{path} holds no loss; write one a line")
    return found


def _load_printing() -> None:
    import rich.console
    import rich.padding
    import rich.table  # noqa: F401


class Documents:
    """Prints reports as JSON: one document, or a list to which each is added as it is done."""

    def __init__(self, several: bool) -> None:
        """Print a list where there are several."""
        self.several = several
        self.count = 0

    def __enter__(self) -> Documents:
        """Begin the list."""
        if self.several:
            click.echo("[", nl=False)
        return self

    def show(self, request: Request, report: CheckReport | None) -> None:
        """Print one report, or what is wrong with its formula."""
        document = _document(request, report)
        if not self.several:
            print_json(document)
            return
        click.echo(",\n" if self.count else "\n", nl=False)
        click.echo(indented(json_text(document)), nl=False)
        sys.stdout.flush()
        self.count += 1

    def show_range(self, verdict: RangeVerdict) -> None:
        """Print what is known of a range of a constant, as one more document of the list."""
        click.echo(",\n" + indented(json_text(verdict.to_json())), nl=False)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the list, also where the work was cut short: what was printed is one valid document."""
        if self.several:
            click.echo("\n]" if self.count else "]")


class Pages:
    """Prints reports as pages, and what is wrong with a formula on standard error, in its place."""

    def __init__(self, several: bool) -> None:
        """Take notice of whether there are several."""
        self.several = several

    def __enter__(self) -> Pages:
        """Begin."""
        return self

    def show(self, request: Request, report: CheckReport | None) -> None:
        """Print one report, or what is wrong with its formula."""
        if report is not None:
            _show(report)
        else:
            standard_error().print(_complaint(request), markup=False, highlight=False)
        sys.stdout.flush()

    def show_range(self, verdict: RangeVerdict) -> None:
        """Print what is known of a range of a constant in a sentence."""
        standard_output().print(verdict.sentence, markup=False, highlight=False)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""


def _document(request: Request, report: CheckReport | None) -> dict[str, Any]:
    place = {} if request.line is None else {"line": request.line}
    if report is None:
        return {"formula": request.text, "verdict": "error", "error": str(request.error), **place}
    return {**report.to_json(), **place}


def _complaint(request: Request) -> str:
    where = "" if request.line is None else f"line {request.line}: "
    return f"Error: {where}{request.error}"


def _show(report: CheckReport) -> None:
    """Print one report as a page: sections of aligned rows, the verdict last."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    console = standard_output()
    for title, rows in report.page():
        console.print(Text(title, style="bold"))
        grid = Table.grid(padding=(0, 2))
        for _ in range(max(len(row) for row in rows)):
            grid.add_column(overflow="fold")
        for row in rows:
            grid.add_row(*[Text(cell, style=STYLES.get(cell, "")) for cell in row])
        console.print(Padding(grid, (0, 0, 1, 2)))
